"""What GitHub is to hold people and workflows to, and what it is to tell the workflows: `make configure` sets it."""

from dataclasses import dataclass
from typing import Any

# GitHub Actions, by GitHub's own number: no other application can say that the checks were green.
CHECKS = {"context": "checks", "integration_id": 15368}


def ruleset(name: str, target: str, references: list[str], *rules: dict[str, Any]) -> dict[str, Any]:
    """A ruleset as GitHub's interface takes it; nobody gets past it."""
    return {
        "name": name,
        "target": target,
        "enforcement": "active",
        "conditions": {"ref_name": {"include": references, "exclude": []}},
        "bypass_actors": [],
        "rules": list(rules),
    }


def pull_request(approvals: int) -> dict[str, Any]:
    """Changes come by pull request alone; where somebody must approve, owners do of what they own."""
    parameters = {
        "required_approving_review_count": approvals,
        "require_code_owner_review": approvals > 0,
        "dismiss_stale_reviews_on_push": True,
        "require_last_push_approval": False,
        "required_review_thread_resolution": False,
    }
    return {"type": "pull_request", "parameters": parameters}


CHECKED = {
    "type": "required_status_checks",
    "parameters": {"required_status_checks": [CHECKS], "strict_required_status_checks_policy": False},
}
FIXED = ({"type": "deletion"}, {"type": "non_fast_forward"})

RULESETS = (
    ruleset("main", "branch", ["refs/heads/main"], *FIXED, CHECKED, pull_request(approvals=1)),
    ruleset("develop", "branch", ["refs/heads/develop"], *FIXED, CHECKED, pull_request(approvals=0)),
    ruleset("models", "tag", ["refs/tags/model@*", "refs/tags/model#*"], {"type": "deletion"}, {"type": "update"}),
)


@dataclass(frozen=True)
class Environment:
    """An environment of GitHub.

    Attributes:
        name: as the workflows call it.
        branches: whose workflows may deploy to it.
        reviewed: whether the owners of `/.github/` approve each deployment, where the plan has that.
    """

    name: str
    branches: tuple[str, ...]
    reviewed: bool = False


ENVIRONMENTS = (
    # A rollback is started on main.
    Environment("test", ("develop", "main")),
    Environment("staging", ("main",)),
    Environment("production", ("main",), reviewed=True),
)


@dataclass(frozen=True)
class Setting:
    """A variable or a secret of GitHub.

    Attributes:
        name: of it.
        about: what it is.
        secret: whether it is a secret.
        everywhere: whether all environments have the same.
    """

    name: str
    about: str
    secret: bool = False
    everywhere: bool = True


SETTINGS = (
    Setting("IMAGE_REPOSITORY", "where images are kept: ghcr.io/owner/name, say"),
    Setting("REGISTRY_USER", "who logs in there, if it is not the one who starts the workflow"),
    Setting("REGISTRY_TOKEN", "the password there; ghcr.io, ECR and Artifact Registry need none", secret=True),
<% if cookiecutter.deploy_target == "docker" %>
    Setting("DEPLOY_HOST", "user@host, a machine with Docker", everywhere=False),
    Setting("DEPLOY_KNOWN_HOSTS", "what `ssh-keyscan` of the host prints", everywhere=False),
    Setting("DEPLOY_KEY", "a private SSH key for that user alone", secret=True, everywhere=False),
    Setting("SERVICE_SETTINGS", "lines NAME=value for the service, PREDICTION_LOG say", secret=True, everywhere=False),
<% else %>
    Setting("DEPLOY_CONTEXT", "a context of kubectl", everywhere=False),
    Setting("DEPLOY_KUBECONFIG", "a configuration of kubectl with that context", secret=True, everywhere=False),
<% endif %>
<% if cookiecutter.cloud == "aws" %>
    Setting("AWS_ROLE", "the ARN of the role that the workflows take"),
    Setting("AWS_REGION", "its region"),
<% elif cookiecutter.cloud == "gcp" %>
    Setting("GCP_WORKLOAD_IDENTITY_PROVIDER", "the provider that trusts this repository"),
    Setting("GCP_SERVICE_ACCOUNT", "the service account that the workflows use"),
<% endif %>
    Setting("PREDICTION_LOG", "URL of production's prediction log, as GitHub's runners reach it", secret=True),
    Setting("SERVICE_URL", "URL of production's service, as GitHub's runners reach it"),
)

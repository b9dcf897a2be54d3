"""What GitHub is to hold people and workflows to: `make configure` sets it."""

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


def rulesets(*, alone: bool = False) -> tuple[dict[str, Any], ...]:
    """The rules of branches and tags.

    Args:
        alone: whether the team is one person, whose pull requests nobody else could approve.
    """
    return (
        ruleset("main", "branch", ["refs/heads/main"], *FIXED, CHECKED, pull_request(approvals=0 if alone else 1)),
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
    Environment("automation", ("main",)),
    Environment("dependencies", ("main",)),
    Environment("staging", ("main",)),
    Environment("production", ("main",), reviewed=True),
)

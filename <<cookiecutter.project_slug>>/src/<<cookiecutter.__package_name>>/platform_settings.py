"""What the CI system is to tell its jobs, as variables and secrets of these names."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """A variable or a secret of the CI system.

    Attributes:
        name: of it.
        about: what it is.
        secret: whether it is a secret.
        everywhere: whether all environments share it.
    """

    name: str
    about: str
    secret: bool = False
    everywhere: bool = True


SETTINGS = (
    Setting("IMAGE_REPOSITORY", "where images are kept: ghcr.io/owner/name, say"),
    Setting("REGISTRY_USER", "who logs in there, if it is not the one who starts the job"),
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
    Setting("AWS_ROLE", "the ARN of the role that CI takes"),
    Setting("AWS_REGION", "its region"),
<% elif cookiecutter.cloud == "gcp" %>
    Setting("GCP_WORKLOAD_IDENTITY_PROVIDER", "the provider that trusts this repository"),
    Setting("GCP_SERVICE_ACCOUNT", "the service account that CI uses"),
<% endif %>
    Setting("PREDICTION_LOG", "URL of production's prediction log, as CI reaches it", secret=True),
    Setting("SERVICE_URL", "URL of production's service, as CI reaches it"),
)

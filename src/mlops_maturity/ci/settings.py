"""What the CI system is to tell its jobs, as variables and secrets of these names."""

from dataclasses import dataclass

from mlops_maturity.project.answers import Answers


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


IMAGES = (
    Setting("IMAGE_REPOSITORY", "where images are kept: ghcr.io/owner/name, say"),
    Setting("REGISTRY_USER", "who logs in there, if it is not the one who starts the job"),
    Setting("REGISTRY_TOKEN", "the password there; ghcr.io, ECR and Artifact Registry need none", secret=True),
)
# By the target of deployments.
DEPLOYMENT = {
    "docker": (
        Setting("DEPLOY_HOST", "user@host, a machine with Docker", everywhere=False),
        Setting("DEPLOY_KNOWN_HOSTS", "what `ssh-keyscan` of the host prints", everywhere=False),
        Setting("DEPLOY_KEY", "a private SSH key for that user alone", secret=True, everywhere=False),
        Setting(
            "SERVICE_SETTINGS", "lines NAME=value for the service, PREDICTION_LOG say", secret=True, everywhere=False
        ),
    ),
    "kubernetes": (
        Setting("DEPLOY_CONTEXT", "a context of kubectl", everywhere=False),
        Setting("DEPLOY_KUBECONFIG", "a configuration of kubectl with that context", secret=True, everywhere=False),
    ),
}
# By the cloud that keeps the data.
CLOUD: dict[str, tuple[Setting, ...]] = {
    "none": (),
    "aws": (
        Setting("AWS_ROLE", "the ARN of the role that CI takes"),
        Setting("AWS_REGION", "its region"),
    ),
    "gcp": (
        Setting("GCP_WORKLOAD_IDENTITY_PROVIDER", "the provider that trusts this repository"),
        Setting("GCP_SERVICE_ACCOUNT", "the service account that CI uses"),
    ),
}
PRODUCTION = (
    Setting("PREDICTION_LOG", "URL of production's prediction log, as CI reaches it", secret=True),
    Setting("SERVICE_URL", "URL of production's service, as CI reaches it"),
)


def settings_of(answers: Answers) -> tuple[Setting, ...]:
    """The variables and secrets that a project needs, by its answers."""
    return (*IMAGES, *DEPLOYMENT[answers.deploy_target], *CLOUD[answers.cloud], *PRODUCTION)

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
        environments: each has one of its own; none for one that all jobs share.
        made: that a command makes it, and asks nobody.
    """

    name: str
    about: str
    secret: bool = False
    environments: tuple[str, ...] = ()
    made: bool = False


# Where releases are deployed to.
DEPLOYED = ("test", "staging", "production")
# Where jobs of main run that nobody starts: training, releases, monitoring.
AUTOMATION = "automation"
# Where packages run that nobody has read yet: it has no secret, and reaches the data.
DEPENDENCIES = "dependencies"
# Where jobs reach the cloud.
CLOUDED = (AUTOMATION, DEPENDENCIES, *DEPLOYED)
# Where only reviewed code comes to: what these note is believed.
REVIEWED = (AUTOMATION, "staging", "production")
IMAGES = (
    Setting("IMAGE_REPOSITORY", "where images are kept: ghcr.io/owner/name, say"),
    Setting("IMAGE_REPOSITORY", "the same for what develop builds, where that is to lie apart", environments=("test",)),
    Setting("REGISTRY_USER", "who logs in there, if it is not the one who starts the job"),
    Setting(
        "REGISTRY_TOKEN",
        "the password there; ghcr.io, ECR and Artifact Registry need none",
        secret=True,
        environments=(AUTOMATION, *DEPLOYED),
    ),
)
SIGNATURE = Setting(
    "SIGNING_KEY",
    "signs what CI notes in git; deploy/signers has the public key",
    secret=True,
    environments=REVIEWED,
    made=True,
)
# By the target of deployments.
DEPLOYMENT = {
    "docker": (
        Setting("DEPLOY_HOST", "user@host, a machine with Docker", environments=DEPLOYED),
        Setting("DEPLOY_KNOWN_HOSTS", "what `ssh-keyscan` of the host prints", environments=DEPLOYED),
        Setting("DEPLOY_KEY", "a private SSH key for that user alone", secret=True, environments=DEPLOYED),
        Setting(
            "SERVICE_SETTINGS",
            "lines NAME=value for the service, PREDICTION_LOG say",
            secret=True,
            environments=DEPLOYED,
        ),
    ),
    "kubernetes": (
        Setting("DEPLOY_CONTEXT", "a context of kubectl", environments=DEPLOYED),
        Setting(
            "DEPLOY_KUBECONFIG", "a configuration of kubectl with that context", secret=True, environments=DEPLOYED
        ),
    ),
}
# By the cloud that keeps the data.
CLOUD: dict[str, tuple[Setting, ...]] = {
    "none": (),
    "aws": (
        Setting("AWS_ROLE", "the ARN of the role that CI takes there", environments=CLOUDED),
        Setting("AWS_REGION", "its region"),
    ),
    "gcp": (
        Setting("GCP_WORKLOAD_IDENTITY_PROVIDER", "the provider that trusts this repository"),
        Setting(
            "GCP_SERVICE_ACCOUNT",
            "the service account that CI uses there",
            environments=CLOUDED,
        ),
    ),
}
PRODUCTION = (
    Setting(
        "PREDICTION_LOG",
        "URL of production's prediction log, as CI reaches it",
        secret=True,
        environments=(AUTOMATION,),
    ),
    Setting("SERVICE_URL", "URL of production's service, as CI reaches it"),
)


def settings_of(answers: Answers) -> tuple[Setting, ...]:
    """The variables and secrets that a project needs, by its answers."""
    return (SIGNATURE, *IMAGES, *DEPLOYMENT[answers.deploy_target], *CLOUD[answers.cloud], *PRODUCTION)

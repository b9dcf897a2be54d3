"""What the project was generated with: the answers that .template.json keeps."""

from dataclasses import dataclass
from pathlib import Path

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.foreign import parsed

RECORD = Path(".template.json")


@dataclass(frozen=True)
class Answers:
    """The answers that the library depends on.

    Attributes:
        slug: the name of the project's folder, and of its distribution.
        level: the maturity level, 0, 1 or 2.
        ci_provider: github, gitlab or jenkins.
        cloud: none, aws or gcp.
        deploy_target: docker or kubernetes.
    """

    slug: str
    level: int
    ci_provider: str
    cloud: str
    deploy_target: str

    @property
    def package(self) -> str:
        """The name of the project's package in src/."""
        return self.slug.replace("-", "_")


def load(path: Path = RECORD) -> Answers:
    """Read the answers of the project in the current folder.

    Raises:
        ProjectError: .template.json is missing or damaged.
    """
    try:
        found = parsed(path.read_bytes())["answers"]
        return Answers(
            slug=found["project_slug"],
            level=int(found["maturity_level"]),
            ci_provider=found["ci_provider"],
            cloud=found["cloud"],
            deploy_target=found["deploy_target"],
        )
    except FileNotFoundError:
        raise ProjectError(
            f"{path} is missing: run this from the project's root folder, or restore the file with `git restore {path}`"
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise ProjectError(f"{path} is damaged ({error!r}); restore it with `git restore {path}`") from None


def level_at_hand() -> int:
    """The level of the project at hand; outside of a project, the highest, so that help names every command."""
    try:
        return load().level
    except ProjectError:
        return 2

"""What the project asks of the CI system that runs its jobs: GitHub, GitLab or Jenkins."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from mlops_maturity.project import answers
from mlops_maturity.project.errors import ProjectError

NAMES = {"github": "GitHub", "gitlab": "GitLab", "jenkins": "Jenkins"}


class Platform(Protocol):
    """What each CI system's module has."""

    def open_pull_request(self, branch: str) -> None:
        """Ask people to merge a branch."""

    def start_training(self, event: str, why: str) -> None:
        """Start a training."""

    def tell_people(self, title: str, names: Sequence[str], text: Path) -> str:
        """Open an issue, and return where it is."""


def of_project() -> Platform:
    """The CI system that the project was generated for.

    Raises:
        ProjectError: .template.json is missing or damaged.
    """
    module: object = import_module(f"mlops_maturity.ci.{answers.load().ci_provider}.platform")
    return cast(Platform, module)


def open_pull_request(branch: str) -> None:
    """Ask people to merge a branch."""
    of_project().open_pull_request(branch)


def start_training(event: str, why: str) -> None:
    """Start a training."""
    of_project().start_training(event, why)


def tell_people(title: str, names: Sequence[str], text: Path) -> str:
    """Open an issue, and return where it is."""
    return of_project().tell_people(title, names, text)


def configure(show: bool = False) -> None:
    """Set up the CI system as docs/ says: rules, environments, permissions; ask for variables and secrets.

    Args:
        show: only print what would be done.

    Raises:
        ProjectError: the CI system refuses something, or has nothing that a command could set up.
    """
    provider = answers.load().ci_provider
    if provider == "jenkins":
        raise ProjectError("Jenkins is set up by its own files in jenkins/: see docs/jenkins.md")
    import_module(f"mlops_maturity.ci.{provider}.configure").run(show)

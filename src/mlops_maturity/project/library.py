"""This library, as a project has it: a wheel in vendor/, or source in the project's own src/."""

import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mlops_maturity.project import closure
from mlops_maturity.project.files import write_text

NAME = "mlops-maturity"
LOCK = Path("vendor/requirements.lock")
ENTRY = re.compile(
    r"^vendor/mlops_maturity-(?P<version>[^-\s]+)-py3-none-any\.whl --hash=sha256:(?P<sha256>\w+)$", re.M
)
# `mlops-maturity vendor` writes this file: source that lies in a project has no distribution to say what it is.
VENDORED = Path(__file__).parents[1] / "VERSION"
STEPS = Path("vendor/steps.yaml")


@dataclass(frozen=True)
class Wheel:
    """The library's wheel.

    Attributes:
        version: of the library.
        sha256: of the file.
    """

    version: str
    sha256: str


def version() -> str:
    """The version of this library; of vendored source, the one that was vendored."""
    return VENDORED.read_text(encoding="utf-8").strip() if VENDORED.exists() else metadata.version(NAME)


def wheel() -> Wheel | None:
    """The wheel that vendor/requirements.lock names; None where the project has the source."""
    found = LOCK.exists() and ENTRY.search(LOCK.read_text(encoding="utf-8"))
    return Wheel(**found.groupdict()) if found else None


def steps_are_current() -> bool:
    """Whether vendor/steps.yaml is of this code. A wheel brings its own; vendored source is edited by its team."""
    return not (VENDORED.exists() and STEPS.exists()) or STEPS.read_text(encoding="utf-8") == _steps()


def write_steps() -> None:
    """Let the pipeline see what a team has changed in vendored source."""
    if not steps_are_current():
        write_text(STEPS, _steps())


def _steps() -> str:
    return closure.written(VENDORED.parent)

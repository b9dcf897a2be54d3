"""What people should know of the difference between two renderings: targets, settings, steps that run again."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

TARGET = re.compile(r"^([a-z-]+):.*?## (.*)$", re.MULTILINE)
STEP = re.compile(r"^([a-z-]+): (.+)$", re.MULTILINE)
PAGES = "docs/*.md"
HEADING = ["what", "where"]


@dataclass(frozen=True)
class News:
    """What is new.

    Attributes:
        targets: of make, with what each is for.
        settings: what a person has to set, with where.
        steps: of the pipeline whose code in the library has changed.
    """

    targets: Mapping[str, str]
    settings: Mapping[str, str]
    steps: tuple[str, ...]

    @classmethod
    def between(cls, before: Path, after: Path) -> "News":
        """Compare two renderings."""
        targets, settings, steps = dict(_targets(before)), dict(_settings(before)), dict(_steps(before))
        return cls(
            {name: purpose.split(": make ")[0] for name, purpose in _targets(after) if name not in targets},
            {what: where for what, where in _settings(after) if settings.get(what) != where},
            tuple(step for step, code in _steps(after) if step in steps and steps[step] != code),
        )


def _targets(project: Path) -> list[tuple[str, str]]:
    return TARGET.findall((project / "Makefile").read_text(encoding="utf-8"))


def _settings(project: Path) -> Iterator[tuple[str, str]]:
    """The tables of the pages about setting up."""
    for page in sorted(project.glob(PAGES)):
        heading: list[str] = []
        for line in page.read_text(encoding="utf-8").splitlines():
            cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("| ") else []
            if heading[:2] == HEADING and cells and not cells[0].startswith("---"):
                yield cells[0].removesuffix(" *"), cells[1]
            heading = (heading or cells) if cells else []


def _steps(project: Path) -> list[tuple[str, str]]:
    file = project / "vendor" / "steps.yaml"
    return STEP.findall(file.read_text(encoding="utf-8")) if file.exists() else []

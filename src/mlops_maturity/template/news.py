"""What a project has after its level was raised, or the template's fixes were taken over, that it had not before."""

import re
from collections.abc import Iterator
from pathlib import Path

VERB = re.compile(r"^([a-z-]+):.*?## (.*)$", re.MULTILINE)
PAGES = "docs/*.md"
HEADING = ["what", "where"]


def verbs(before: Path, after: Path) -> dict[str, str]:
    """The verbs of make that are new, and what each is for."""
    known = dict(_verbs(before))
    return {name: purpose.split(": make ")[0] for name, purpose in _verbs(after) if name not in known}


def settings(before: Path, after: Path) -> dict[str, str]:
    """What a person has to set that needed no setting before, and where: the tables of the pages on setting up."""
    known = dict(_settings(before))
    return {what: where for what, where in _settings(after) if known.get(what) != where}


def _verbs(project: Path) -> list[tuple[str, str]]:
    return VERB.findall((project / "Makefile").read_text(encoding="utf-8"))


def _settings(project: Path) -> Iterator[tuple[str, str]]:
    for page in sorted(project.glob(PAGES)):
        heading: list[str] = []
        for line in page.read_text(encoding="utf-8").splitlines():
            cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("| ") else []
            if heading[:2] == HEADING and cells and not cells[0].startswith("---"):
                yield cells[0].removesuffix(" *"), cells[1]
            heading = (heading or cells) if cells else []

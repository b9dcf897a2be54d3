"""The lock of a project: of the packages that projects have, those that its level and its cloud require.

In the template, a comment above an entry names who has it: `# 1-aws 2-aws`. An entry without one is in every project.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

LOCK = "requirements.lock"
ENTRY = re.compile(r"(?:# (?P<who>.+)\n)?(?P<entry>[^\s#].*\n(?:    --hash=.+\n)+)")


def keep_only(project: Path, answers: Mapping[str, str]) -> None:
    """Leave in a project's lock what these answers require."""
    lock = project / LOCK
    lock.write_text(selected(lock.read_text(encoding="utf-8"), answers), encoding="utf-8")


def selected(lock: str, answers: Mapping[str, str]) -> str:
    """The entries that a project of these answers has."""
    asked = who(answers["maturity_level"], answers["cloud"])
    return "".join(
        found["entry"] for found in ENTRY.finditer(lock) if not found["who"] or asked in found["who"].split()
    )


def who(level: str, cloud: str) -> str:
    """How the template's lock names the projects of a level and a cloud."""
    return f"{level}-{cloud}"


def entry(text: str, projects: Iterable[str]) -> str:
    """An entry that only these projects have."""
    return f"# {' '.join(projects)}\n{text}"

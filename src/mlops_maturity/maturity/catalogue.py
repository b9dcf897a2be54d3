"""What a project is judged by: the requirements of its level, and the 28 tests of the ML Test Score, both as data."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_maturity.project.answers import RECORD
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.foreign import parsed

HERE = Path(__file__).parent
ROWS, SCORES = HERE / "rows.toml", HERE / "scores.toml"
LEVELS = (0, 1, 2)
# What a test of the score gives at most, by level. At level 0 a person starts the tests: half of what the same test
# gives where it runs by itself.
MOST = (0.5, 1.0, 1.0)
# What the library provides and the project has never used gives so much less: half a point instead of one, and nothing
# instead of a half, which is for what is done by hand.
UNUSED = 0.5
Answers = Mapping[str, str]


@dataclass(frozen=True)
class Scope:
    """Which projects something applies to.

    Attributes:
        since: the first level.
        until: the last level.
        when: answers that it depends on, each with the values that it applies to.
    """

    since: int
    until: int
    when: Mapping[str, tuple[str, ...]]

    def covers(self, answers: Answers, level: int) -> bool:
        """Whether it applies to a project with these answers, at a level."""
        return self.since <= level <= self.until and all(answers.get(name) in some for name, some in self.when.items())


@dataclass(frozen=True)
class Proof:
    """Something that shows that a requirement is met.

    Attributes:
        kind: of record, as evidence.py names it; empty for tests of the project that carry the id.
        scope: the projects that owe it.
        provided: by which command the library does it, for a kind of record.
    """

    kind: str
    scope: Scope
    provided: str = ""


@dataclass(frozen=True)
class Entry:
    """A requirement, or a test of the ML Test Score.

    Attributes:
        id: `0-SPLIT` or `Data 1`.
        title: what is asked, in a sentence.
        scope: the projects that it is asked of.
        proofs: what shows that it is met; all of them are needed.
        points: that it can give to the score.
        why: it can give no full point.
    """

    id: str
    title: str
    scope: Scope
    proofs: tuple[Proof, ...]
    points: float
    why: str

    @property
    def section(self) -> str:
        """The part of the ML Test Score that it belongs to."""
        return self.id.partition(" ")[0]

    def owed(self, answers: Answers, level: int) -> list[Proof]:
        """What shows that a project with these answers meets it, at a level."""
        return [proof for proof in self.proofs if proof.scope.covers(answers, level)]

    def usual(self, answers: Answers, level: int) -> float:
        """The points of a new project: its tests pass, and it has done nothing yet."""
        proofs = self.owed(answers, level)
        if not proofs:
            return 0.0
        unused = any(proof.kind for proof in proofs)
        return min(max(self.points - UNUSED, 0.0) if unused else self.points, MOST[level])


def rows() -> list[Entry]:
    """The requirements of all levels."""
    return [_entry(name, row) for name, row in _table(ROWS).items()]


def scores() -> list[Entry]:
    """The tests of the ML Test Score."""
    return [_entry(name, row) for name, row in _table(SCORES).items()]


def answers_of(project: Path) -> dict[str, str]:
    """The answers that a project was generated with, its level among them.

    Raises:
        ProjectError: .template.json is missing, or does not say the level.
    """
    try:
        found: dict[str, str] = parsed((project / RECORD).read_bytes())["answers"]
        if int(found["maturity_level"]) in LEVELS:
            return found
    except FileNotFoundError:
        raise ProjectError(f"{RECORD} is missing: restore it with `git restore {RECORD}`") from None
    except (ValueError, KeyError, TypeError):
        pass
    raise ProjectError(f"{RECORD} does not say the project's level: restore it with `git restore {RECORD}`")


def _table(path: Path) -> dict[str, dict[str, Any]]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _entry(name: str, row: Mapping[str, Any]) -> Entry:
    scope = _scope(row, Scope(LEVELS[0], LEVELS[-1], {}))
    return Entry(name, row["title"], scope, tuple(_proofs(row, scope)), row.get("points", 0.0), row.get("why", ""))


def _proofs(row: Mapping[str, Any], scope: Scope) -> Iterator[Proof]:
    """`tests` is true, or a table that narrows the scope; `evidence` is a list of tables."""
    if tests := row.get("tests"):
        yield Proof("", scope if tests is True else _scope(tests, scope))
    for each in row.get("evidence", []):
        yield Proof(each["record"], _scope(each, scope), each["by"])


def _scope(row: Mapping[str, Any], within: Scope) -> Scope:
    when = {name: tuple(values) for name, values in row.get("when", {}).items()}
    return Scope(row.get("since", within.since), row.get("until", within.until), {**within.when, **when})

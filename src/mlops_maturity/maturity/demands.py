"""What is asked of a project: the requirements of its level, and the 28 tests of the ML Test Score, both as data."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_maturity.project.errors import ProjectError

HERE = Path(__file__).parent
RECORD = Path(".template.json")
LEVELS = (0, 1, 2)
Answers = Mapping[str, str]


@dataclass(frozen=True)
class Scope:
    """Which projects something is asked of.

    Attributes:
        since: the first level.
        until: the last level.
        when: answers it depends on, each with the values that ask for it.
    """

    since: int
    until: int
    when: Mapping[str, tuple[str, ...]]

    def covers(self, answers: Answers, level: int) -> bool:
        """Whether a project with these answers is asked, at a level."""
        return self.since <= level <= self.until and all(answers.get(name) in some for name, some in self.when.items())


@dataclass(frozen=True)
class Suite:
    """A file of tests that stand for a demand; `<ci_provider>` in its name stands for that answer."""

    name: str
    scope: Scope

    def path(self, answers: Answers) -> Path:
        """Where it is in a project with these answers."""
        return Path(re.sub("<(.+?)>", lambda found: answers[found[1]], self.name))


@dataclass(frozen=True)
class Demand:
    """A requirement, or a test of the ML Test Score.

    Attributes:
        id: `0-SPLIT` or `Data 1`.
        text: what is asked, in a sentence.
        scope: whom it is asked of.
        suites: what shows that it is met.
        usual: points that a new project gets for it at each level.
        why: it gives no point or a half: what a test cannot show.
    """

    id: str
    text: str
    scope: Scope
    suites: tuple[Suite, ...]
    usual: tuple[float, ...]
    why: str

    @property
    def section(self) -> str:
        """The part of the ML Test Score that it is of."""
        return self.id.partition(" ")[0]

    def files(self, answers: Answers, level: int) -> list[Path]:
        """The suites of a project with these answers, at a level."""
        return [suite.path(answers) for suite in self.suites if suite.scope.covers(answers, level)]


def rows() -> list[Demand]:
    """The requirements of all levels."""
    return [_demand(name, row) for name, row in _table("rows.toml").items()]


def scores() -> list[Demand]:
    """The tests of the ML Test Score."""
    return [_demand(name, row) for name, row in _table("scores.toml").items()]


def answers_of(project: Path) -> dict[str, str]:
    """The answers that a project was made with, its level among them.

    Raises:
        ProjectError: the project does not say, or not in a way that can be read.
    """
    try:
        found: dict[str, str] = json.loads((project / RECORD).read_text(encoding="utf-8"))["answers"]
        if int(found["maturity_level"]) in LEVELS:
            return found
    except FileNotFoundError:
        raise ProjectError(f"{RECORD} is missing; it says which level this is: take it back from git") from None
    except (ValueError, KeyError, TypeError):
        pass
    raise ProjectError(f"{RECORD} does not say which level this is: take it back from git")


def _table(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))


def _demand(name: str, row: Mapping[str, Any]) -> Demand:
    suites = [suite if isinstance(suite, dict) else {"file": suite} for suite in row.get("suites", [])]
    return Demand(
        id=name,
        text=row["text"],
        scope=_scope(row),
        suites=tuple(Suite(suite["file"], _scope(suite)) for suite in suites),
        usual=tuple(row.get("usual", [])),
        why=row.get("why", ""),
    )


def _scope(row: Mapping[str, Any]) -> Scope:
    when = {name: tuple(values) for name, values in row.get("when", {}).items()}
    return Scope(row.get("since", LEVELS[0]), row.get("until", LEVELS[-1]), when)

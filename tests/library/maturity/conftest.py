"""A project that can be judged: its answers, its tests, a report of them, and a git repository for its records."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from mlops_maturity.maturity import catalogue
from mlops_maturity.maturity.catalogue import Entry
from mlops_maturity.project.paths import TESTS
from mlops_maturity.project.repository import git

LEVELS = ("0", "1", "2")
ANSWERS = {"project_slug": "sample", "ci_provider": "github", "cloud": "none", "deploy_target": "docker"}


@dataclass
class Case:
    """A test in a report: what it stands for, and its outcome."""

    requirements: tuple[str, ...] = ()
    scores: dict[str, float] = field(default_factory=dict)
    outcome: str = "passed"
    module: str = "tests.test_one"
    name: str = "test_it"

    def xml(self) -> str:
        marks = [("requirement", each) for each in self.requirements]
        marks += [("ml_test_score", f"{test}: {points}") for test, points in self.scores.items()]
        properties = "".join(f'<property name="{name}" value={quoteattr(value)}/>' for name, value in marks)
        end = "" if self.outcome == "passed" else f'<{self.outcome} message="for a reason"/>'
        return (
            f'<testcase classname="{self.module}" name={quoteattr(self.name)}>'
            f"<properties>{properties}</properties>{end}</testcase>"
        )


def report(cases: Iterable[Case]) -> str:
    """What pytest writes of tests."""
    inside = "".join(case.xml() for case in cases)
    return f'<testsuites><testsuite timestamp="2026-05-04T10:00:00.123" time="7.4">{inside}</testsuite></testsuites>'


def answers(level: str, **more: str) -> dict[str, str]:
    return ANSWERS | {"maturity_level": level} | more


def asked_of(entries: Iterable[Entry], level: str) -> Iterator[Entry]:
    """The entries that tests of the project must show at a level."""
    project, number = answers(level), int(level)
    for entry in entries:
        tests = [proof for proof in entry.owed(project, number) if not proof.kind]
        if tests and entry.scope.covers(project, number):
            yield entry


def all_pass(level: str) -> list[Case]:
    """The tests of a project in which all that tests can show is shown."""
    return [
        *(Case((row.id,)) for row in asked_of(catalogue.rows(), level)),
        *(Case((), {score.id: score.points}) for score in asked_of(catalogue.scores(), level)),
    ]


Project = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Make the current folder a project, with a report of tests, and a file of tests with more marks."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.invalid")
        monkeypatch.setenv(f"GIT_{role}_DATE", "2026-05-04T10:00:00Z")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")

    def made(level: str, cases: Iterable[Case] | None = None, marks: Sequence[str] = ()) -> Path:
        known = list(all_pass(level) if cases is None else cases)
        for name, content in {
            ".template.json": json.dumps({"answers": answers(level)}),
            "tests/test_one.py": "\n".join(f'# "{mark}"' for mark in marks),
            str(TESTS): report(known),
        }.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(content)
        monkeypatch.chdir(tmp_path)
        git("init", "--quiet", "--initial-branch=main")
        git("config", "user.name", "Ada")
        return tmp_path

    return made

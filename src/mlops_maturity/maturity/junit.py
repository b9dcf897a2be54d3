"""What a run of the tests left: pytest's report in the JUnit format, with what each test stands for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from mlops_maturity.project.errors import ProjectError

Outcome = Literal["passed", "failed", "skipped"]
FAILED = ("failure", "error")


@dataclass(frozen=True)
class Result:
    """The result of one test.

    Attributes:
        module: the file that it is in, with dots; its class after it if it is in one.
        name: of the test, with its parameters.
        outcome: an expected failure counts as skipped.
        reason: why it did not pass.
        marks: what it stands for: requirements, and tests of the ML Test Score with their points.
    """

    module: str
    name: str
    outcome: Outcome
    reason: str
    marks: Mapping[str, float]

    @property
    def file(self) -> Path:
        """The file that it is in."""
        parts = self.module.split(".")
        while len(parts) > 1 and parts[-1][:1].isupper():
            parts.pop()
        return Path(*parts).with_suffix(".py")


@dataclass(frozen=True)
class Run:
    """A run of the tests.

    Attributes:
        report: the file that it was read from.
        started: when, as pytest says it.
        seconds: that it took.
        results: of its tests.
    """

    report: Path
    started: str
    seconds: float
    results: tuple[Result, ...]

    def count(self, outcome: Outcome) -> int:
        """How many tests had this outcome."""
        return sum(result.outcome == outcome for result in self.results)


def read(report: Path) -> Run:
    """Read a report that `pytest --junitxml` wrote.

    Raises:
        ProjectError: it is missing, or is not such a report.
    """
    try:
        root = ElementTree.parse(report).getroot()  # noqa: S314 - the project's own run wrote it
    except FileNotFoundError:
        raise ProjectError(f"{report} is missing: run `make test`, and see whether it came to its end") from None
    except (ElementTree.ParseError, OSError, UnicodeError) as error:
        raise ProjectError(f"{report} cannot be read ({error}): run `make test` again") from None
    suites = list(root.iter("testsuite"))
    if not suites:
        raise ProjectError(f"{report} is not a report of tests: run `make test` again")
    return Run(
        report,
        suites[0].get("timestamp", "").partition(".")[0],
        sum(float(suite.get("time", 0)) for suite in suites),
        tuple(_result(case) for case in root.iter("testcase")),
    )


def _result(case: ElementTree.Element) -> Result:
    ends = [part for part in case if part.tag in FAILED] or [part for part in case if part.tag == "skipped"]
    outcome: Outcome = "passed" if not ends else "failed" if ends[0].tag in FAILED else "skipped"
    reason = (ends[0].get("message") or "").strip().splitlines() if ends else []
    marks: dict[str, float] = {}
    for given in case.iter("property"):
        value = given.get("value", "")
        if given.get("name") == "requirement":
            marks.setdefault(value, 0.0)
        elif given.get("name") == "ml_test_score":
            test, _, points = value.rpartition(": ")
            marks[test] = max(float(points), marks.get(test, 0.0))
    return Result(case.get("classname", ""), case.get("name", ""), outcome, reason[0] if reason else "", marks)

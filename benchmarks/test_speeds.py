"""How long do the tests of the template take from a fresh clone, and which of them take longest?

    .venv/bin/python benchmarks/test_speeds.py [test] [test-all] [test-deep] [--options="-k docs"]

Downloaded packages are at hand; the environments are made again. Without an argument, `make test` and `make test-all`
are measured. Those that need system tools are run by `.ci/run`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from reporting import TEMPLATE, publish

COMMANDS = {"test": ["make", "test"], "test-all": [".ci/run", "test-all"], "test-deep": [".ci/run", "test-deep"]}
GOALS = {"test": 5, "test-all": 25}
SLOWEST = 20


@dataclass(frozen=True)
class Test:
    """A test that was run.

    Attributes:
        name: its file, its own name and its parameters.
        seconds: with what was set up for it.
        skipped: if it did not run.
    """

    name: str
    seconds: float
    skipped: bool


@dataclass(frozen=True)
class Measured:
    """What a command took.

    Attributes:
        target: of the Makefile.
        seconds: from the clone to the end, set-up and style included.
        code: that it ended with.
        tests: that it ran, the longest first.
    """

    target: str
    seconds: float
    code: int
    tests: list[Test]

    @property
    def slowest(self) -> str:
        """A table of the tests that took longest."""
        rows = "\n".join(f"| {test.name.replace('|', '/')} | {test.seconds:.1f} |" for test in self.tests[:SLOWEST])
        return f"## The slowest of `make {self.target}`\n\n| test | seconds |\n| --- | ---: |\n{rows}"


def environment(report: Path, options: str) -> Mapping[str, str]:
    """This one's, without what belongs to the environment that measures."""
    kept = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH", "CI")}
    return kept | {"PYTEST_ADDOPTS": f"--junitxml={report} {options}".strip()}


def tests_of(report: Path) -> list[Test]:
    """What the report tells of each test, the longest first."""
    cases = ElementTree.parse(report).iter("testcase") if report.exists() else ()  # noqa: S314
    found = [
        Test(
            f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}",
            float(case.get("time", 0)),
            case.find("skipped") is not None,
        )
        for case in cases
    ]
    return sorted(found, key=lambda test: -test.seconds)


def measure(target: str, options: str) -> Measured:
    """Run a command in a fresh clone, and show what it prints."""
    with tempfile.TemporaryDirectory() as name:
        clone, report = Path(name) / "clone", Path(name) / "report.xml"
        subprocess.run(["git", "clone", "--quiet", str(TEMPLATE), str(clone)], check=True)
        began = time.perf_counter()
        done = subprocess.run(COMMANDS[target], cwd=clone, env=environment(report, options), check=False)
        return Measured(target, time.perf_counter() - began, done.returncode, tests_of(report))


def line(done: Measured) -> list[str]:
    """A row of the table."""
    ended = "green" if done.code == 0 else f"red, {done.code}"
    goal = str(GOALS.get(done.target, ""))
    skipped = sum(test.skipped for test in done.tests)
    return [f"`make {done.target}`", f"{done.seconds / 60:.1f}", goal, f"{len(done.tests):,}", f"{skipped}", ended]


def main() -> int:
    """Measure the commands one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[*COMMANDS, []], help="to measure: test and test-all if none")
    parser.add_argument("--options", default="", help="more options of pytest, to try this out on a few tests")
    asked = parser.parse_args()
    codes = []
    for target in asked.targets or GOALS:
        done = measure(target, asked.options)
        publish(
            target,
            ["command, from a fresh clone", "minutes", "at most", "tests", "skipped", "ended"],
            [line(done)],
            "Packages were downloaded before; set-up, style and types are included.",
            *([f"Only a selection: `{asked.options}`."] if asked.options else []),
            done.slowest,
        )
        codes.append(done.code)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())

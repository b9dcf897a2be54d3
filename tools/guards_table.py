"""Make docs/guards.md: which test, at which speed, shows the planted defect of each row of the requirements."""

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent.parent
PAGE = TEMPLATE / "docs" / "guards.md"
REQUIREMENTS = TEMPLATE / "tests" / "requirements.toml"
# As tests/speeds.py has them, from the one that is run most often.
COMMANDS = {"test": "make test", "all": "make test-all", "deep": "make test-deep"}

BEGINNING = """# What guards each requirement

A check counts only if it turns red for the defect that it is there for. For each row of the requirements this page
names the fastest tests that plant its defect, or that fail if the row does not hold, the command that runs them, and
how many more there are. `make docs` writes it from the markers of the tests.

| row | what is owed | command | tests | more |
| --- | --- | --- | --- | ---: |
"""


@dataclass(frozen=True, order=True)
class Guard:
    """A test that fails if a row does not hold.

    Attributes:
        row: of the requirements.
        speed: at which the test is run.
        test: its file and name.
        defect: that it plants, if it has a name.
    """

    row: str
    speed: str
    test: str
    defect: str


def collected() -> list[Guard]:
    """What the markers of all tests say."""
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder) / "guards.json"
        command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "-p", "no:cacheprovider", "--guards-to"]
        # Options of a run that this is a part of are not meant for it.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(
            [*command, str(to)], cwd=TEMPLATE, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"the tests could not be collected:\n{done.stdout}{done.stderr}")
        return [Guard(*each) for each in json.loads(to.read_text())]


def rows() -> tuple[dict[str, str], dict[str, str]]:
    """The title of each row, and why some have no guard yet."""
    sections = tomllib.loads(REQUIREMENTS.read_text(encoding="utf-8"))
    pending = sections.pop("pending", {})
    return {row: title for section in sections.values() for row, title in section.items()}, pending


def mistakes(guards: Iterable[Guard]) -> list[str]:
    """What is wrong with how the rows are guarded."""
    titles, pending = rows()
    speeds = defaultdict(set)
    for guard in guards:
        speeds[guard.row].add(guard.speed)
    found = [f"{row}: a test guards it, and there is no such row" for row in sorted(speeds.keys() - titles.keys())]
    for row in titles:
        if row in pending and speeds[row]:
            found.append(f"{row}: it has a guard and is not pending any more")
        elif row not in pending and not speeds[row]:
            found.append(f"{row}: no test shows its planted defect")
        elif speeds[row] == {"deep"}:
            found.append(f"{row}: only tests of `{COMMANDS['deep']}` show its planted defect")
    return found


def page(guards: Iterable[Guard]) -> str:
    """The text of the page."""
    titles, pending = rows()
    of: dict[str, list[Guard]] = defaultdict(list)
    for guard in sorted(set(guards)):
        of[guard.row].append(guard)
    return BEGINNING + "".join(_line(row, title, of[row], pending.get(row, "")) for row, title in titles.items())


def _line(row: str, title: str, guards: list[Guard], pending: str) -> str:
    """A row of the table, with the fastest of its guards."""
    if not guards:
        return f"| {row} | {title} | | none yet: {pending} | |\n"
    fastest = min((guard.speed for guard in guards), key=list(COMMANDS).index)
    shown: dict[str, list[str]] = defaultdict(list)
    for guard in guards:
        if guard.speed == fastest:
            shown[guard.test].append(guard.defect)
    tests = "; ".join(f"`{test}`{_named(defects)}" for test, defects in shown.items())
    more = len(guards) - sum(guard.speed == fastest for guard in guards)
    return f"| {row} | {title} | `{COMMANDS[fastest]}` | {tests} | {more or ''} |\n"


def _named(defects: list[str]) -> str:
    """The defects that a test plants, for a person."""
    names = ", ".join(defect.replace("|", "\\|") for defect in defects if defect)
    return f" ({names})" if names else ""


if __name__ == "__main__":
    PAGE.write_text(page(collected()), encoding="utf-8")

"""Planting defects in generated projects, to see which of their own checks turn red."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import pytest
from _pytest.mark import ParameterSet
from conftest import Project

Plant = Callable[[Project], None]


@dataclass(frozen=True)
class Defect:
    """A mutation, and what must come of it.

    Attributes:
        name: what is wrong.
        plant: puts it into a project.
        red: the requirements whose tests must fail, and no others.
        says: a part of what the failing tests print.
        suite: the tests that are run, as pytest's command line says it.
        answers: of the project, beside the default ones.
    """

    name: str
    plant: Plant
    red: frozenset[str]
    says: str
    suite: str = "tests"
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def breadth(self) -> int:
        """How much is run to see it: a test by its name, a file, a folder, or all suites."""
        if " -k " in self.suite:
            return 0
        return 1 if ".py" in self.suite else 2 + (self.suite == "tests")


def defect(name: str, plant: Plant, *red: str, says: str, suite: str = "tests", **answers: str) -> Defect:
    return Defect(name, plant, frozenset(red), says, suite, answers)


def parameters(defects: Sequence[Defect], *, again: bool = False) -> list[ParameterSet]:
    """Defects as parameters of a test: each guards its rows, at the speed that it is worth.

    Of each row the defect that is seen by running least is of the folder's speed. So are the others, unless they are in
    the package of a project and not in what its team owns: those are of speed `deep`.

    Args:
        defects: in the order in which they are planted.
        again: whether they are those of another provider of CI over again; then more than one for a row is `deep`.
    """
    rows = {row for planted in defects for row in planted.red}
    cheapest = [min((each for each in defects if row in each.red), key=lambda each: each.breadth) for row in rows]

    def marks(planted: Defect) -> list[pytest.MarkDecorator]:
        guards = [pytest.mark.guards(*sorted(planted.red))]
        owned = not (isinstance(planted.plant, Replacement) and planted.plant.in_package)
        return guards if planted in cheapest or (owned and not again) else [*guards, pytest.mark.speed("deep")]

    return [pytest.param(planted, id=planted.name, marks=marks(planted)) for planted in defects]


@dataclass(frozen=True)
class Replacement:
    """Puts one text for another in a file of the project or, with `src:`, of its package."""

    path: str
    old: str
    new: str

    @property
    def in_package(self) -> bool:
        return self.path.startswith("src:")

    def __call__(self, project: Project) -> None:
        file = project.path / self.path.replace("src:", f"src/{project.package}/")
        text = file.read_text()
        assert self.old in text, f"{self.path} has changed: the defect cannot be planted"
        file.write_text(text.replace(self.old, self.new))


def replace(path: str, old: str, new: str) -> Replacement:
    return Replacement(path, old, new)


def write(path: str, text: str) -> Plant:
    def plant(project: Project) -> None:
        (project.path / path).write_text(text)

    return plant


def hold_to(planted: Defect, project: Project, python: Path) -> None:
    """Plant a defect, run its suite, and require that its checks turn red, no others, and say why."""
    planted.plant(project)
    red, said = red_requirements(project, python, planted.suite)
    assert red == planted.red, said
    assert planted.says in said, said


def red_requirements(project: Project, python: Path, suite: str) -> tuple[set[str], str]:
    """The requirements with a failing test, and all that was printed."""
    report = project.path / "report.xml"
    done = project.python(python, "-m", "pytest", *shlex.split(suite), f"--junit-xml={report}", check=False)
    assert report.exists(), done.stdout + done.stderr
    cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314
    assert cases, f"{suite}: there is no such test"
    failing = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    rows = {value.get("value", "") for case in failing for value in case.iterfind(".//property[@name='requirement']")}
    assert bool(done.returncode) == bool(failing), done.stdout
    return rows, done.stdout

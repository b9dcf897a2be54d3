"""The tests of a generated project carry the marks that `make maturity` asks for, in every combination."""

import re
from collections.abc import Mapping

import pytest
from rendering import combinations, rendered

from mlops_maturity.maturity import catalogue
from mlops_maturity.project.answers import Answers
from mlops_maturity.testing.repository.check import CHECKS

REQUIREMENT = re.compile(r'mark\.requirement\("(.+?)"\)')
SCORE = re.compile(r'mark\.ml_test_score\("(.+?)", ([\d.]+)\)')


def marks(asked: Mapping[str, str]) -> tuple[set[str], dict[str, float]]:
    """The requirements that a project has tests for, and the points that its tests give."""
    text = "\n".join(content for path, content in rendered(asked).items() if path.startswith("tests/"))
    known = Answers(
        slug="penguin-species",
        level=int(asked["maturity_level"]),
        ci_provider=asked["ci_provider"],
        cloud=asked["cloud"],
        deploy_target=asked["deploy_target"],
    )
    checks = [check for check in CHECKS if check.concerns(known)]
    requirements = {*REQUIREMENT.findall(text), *(each for check in checks for each in check.requirements)}
    given = [(test, float(points)) for test, points in SCORE.findall(text)]
    given += [score for check in checks for score in check.scores]
    return requirements, {test: max(points for name, points in given if name == test) for test, _ in given}


@pytest.mark.guards("T-12")
@pytest.mark.parametrize("asked", list(combinations()), ids=lambda asked: "-".join(asked.values()))
def test_project_has_tests_for_what_maturity_asks_tests_for(asked: dict[str, str]) -> None:
    requirements, points = marks(asked)
    level = int(asked["maturity_level"])
    by_tests = {
        entry.id: entry
        for entry in (*catalogue.rows(), *catalogue.scores())
        if entry.scope.covers(asked, level) and any(not proof.kind for proof in entry.owed(asked, level))
    }
    assert requirements == {name for name in by_tests if " " not in name}
    most = catalogue.MOST[level]
    wanted = {name: min(entry.points, most) for name, entry in by_tests.items() if " " in name}
    assert {name: min(given, most) for name, given in points.items()} == wanted

"""Checks of a repository: what a team can break in workflows, deploy files, documents, locks and the pipeline.

A project runs them by one test:

    @pytest.mark.parametrize("check", repository.checks())
    def test_repository_keeps_the_promises_of_its_level(check: repository.Check) -> None:
        check(repository.here())
"""

from collections.abc import Mapping
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from mlops_maturity.testing.repository import (  # noqa: F401 - each registers its checks
    alerts,
    cloud,
    deployment,
    documents,
    github,
    gitlab,
    jenkins,
    level,
    locks,
    pipeline,
    suites,
)
from mlops_maturity.testing.repository.check import CHECKS, Check, Repository

__all__ = ["Check", "Repository", "checks", "here"]


def here() -> Repository:
    """The project in the current folder."""
    return Repository.at(Path())


def checks(left_out: Mapping[str, str] | None = None) -> list[ParameterSet]:
    """The checks of the project in the current folder, as parameters of a test.

    Args:
        left_out: names of checks that the team has decided against, each with the reason; they are reported as skipped.

    Raises:
        ValueError: there is no check of that name.
    """
    known = here().answers
    found = [check for check in CHECKS if check.concerns(known)]
    reasons = dict(left_out or {})
    if unknown := reasons.keys() - {check.name for check in found}:
        raise ValueError(f"tests/test_repository.py leaves out {', '.join(sorted(unknown))}: there is no such check")
    return [pytest.param(check, id=check.name, marks=_marks(check, reasons.get(check.name))) for check in found]


def _marks(check: Check, reason: str | None) -> list[pytest.MarkDecorator]:
    marks = [pytest.mark.requirement(requirement) for requirement in check.requirements]
    marks += [pytest.mark.ml_test_score(test, points) for test, points in check.scores]
    return [*marks, pytest.mark.skip(f"left out: {reason}")] if reason else marks

"""What a project last said of its own maturity."""

import json
from typing import Any

from conftest import Project

from tools import maturity

DEMANDS: Any = maturity.emitted("demands")


def facts(project: Project) -> dict[str, Any]:
    """All of it."""
    content: dict[str, Any] = json.loads(project.text("reports/maturity.json"))
    return content


def states(project: Project) -> dict[str, str]:
    """Of each row of its level, whether it holds, fails, or is not exercised."""
    return {row["id"]: row["state"] for row in facts(project)["rows"]}


def points(project: Project) -> dict[str, float]:
    """Of each test of the ML Test Score, what it gives."""
    return {score["id"]: score["points"] for score in facts(project)["ml_test_score"]["tests"]}

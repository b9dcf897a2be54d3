"""CI of the template runs each speed, with all that it needs."""

import re

import needs
import pytest
import speeds
import yaml
from conftest import TEMPLATE

RUN = (TEMPLATE / ".ci" / "run").read_text()
MAKEFILE = (TEMPLATE / "Makefile").read_text()
WORKFLOW = (TEMPLATE / ".github" / "workflows" / "ci.yml").read_text()


def test_tools_that_are_asked_for_are_installed_by_ci() -> None:
    words = set(re.split(r"[\s()]+", RUN))
    assert set(needs.PACKAGES.values()) <= words


@pytest.mark.parametrize("name", speeds.SPEEDS)
def test_speed_has_a_target_and_a_job(name: str) -> None:
    target = speeds.SPEEDS[name].command.removeprefix("make ")
    assert f"\n{target}: " in MAKEFILE
    assert f"--speed={name}" in MAKEFILE
    job = yaml.safe_load(WORKFLOW)["jobs"][target]
    assert job["timeout-minutes"] > 0


def test_every_folder_of_tests_has_a_speed() -> None:
    folders = {path.parent.name for path in (TEMPLATE / "tests").glob("*/test_*.py")}
    assert folders <= set(speeds.FOLDERS)
    assert set(speeds.FOLDERS.values()) <= set(speeds.SPEEDS)

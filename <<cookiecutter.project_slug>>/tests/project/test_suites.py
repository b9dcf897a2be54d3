"""One verb runs every suite, by hand as in CI, and nothing leaves some of them out."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
<% if cookiecutter.maturity_level == "0" %>
SUITES = ("data", "model", "project", "serving", "steps", "training", "unit")
<% elif cookiecutter.maturity_level == "1" %>
SUITES = ("data", "delivery", "model", "monitoring", "pipeline", "project", "serving", "steps", "training", "unit")
<% else %>
SUITES = (
    *("checks", "data", "delivery", "model", "monitoring", "pipeline", "project", "serving", "steps", "training"),
    "unit",
)
<% endif %>
FEWER = re.compile(r"(?<!\S)(-k|-m(?! pytest\b)|--ignore\S*|--deselect\S*|--collect-only|--co|tests/\S+)(?!\S)")

pytestmark = pytest.mark.requirement("0-TEST")


def test_one_verb_runs_all_suites() -> None:
    verb = re.search(r"^test:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert verb, "there is no verb `test`"
    assert "-m pytest" in verb[1], "`make test` runs no suite"
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert settings["testpaths"] == ["tests"], "pytest looks elsewhere"
    left_out = FEWER.findall(verb[1]) + FEWER.findall(" ".join(settings["addopts"]))
    assert not left_out, f"some suites are left out: {left_out}"


@pytest.mark.parametrize("name", SUITES)
def test_suite_has_tests(name: str) -> None:
    found = [path for path in (ROOT / "tests" / name).glob("test_*.py") if "def test_" in path.read_text()]
    assert found, f"the suite tests/{name} is gone"


def test_no_suite_is_skipped_as_a_whole() -> None:
    for path in sorted((ROOT / "tests").rglob("*.py")):
        asked = re.findall(r"^(?:pytestmark = .*mark\.(?:skip|xfail)|collect_ignore)", path.read_text(), re.MULTILINE)
        assert not asked, f"{path.relative_to(ROOT)} skips all of its tests"

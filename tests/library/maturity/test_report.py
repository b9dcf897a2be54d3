"""A project is judged by the tests that passed and by what it has done, and by nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from library.maturity.conftest import ANSWERS, Case, Project, all_pass
from mlops_maturity.maturity import badge, catalogue, history
from mlops_maturity.maturity import report as command
from mlops_maturity.maturity.history import History
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import TESTS
from mlops_maturity.registry.versions import Version

pytestmark = pytest.mark.guards("T-12")

TEMPLATE = Path(__file__).resolve().parents[3]
VERSIONS = tuple(Version(number, "c", "2026-05-04", "Ada", "m") for number in (1, 2))
ROLLED_BACK = History(versions=VERSIONS, production=(VERSIONS[0], VERSIONS[1], VERSIONS[0]))


def states() -> dict[str, str]:
    return {row["id"]: row["state"] for row in facts()["rows"]}


def points() -> dict[str, float]:
    return {score["id"]: score["points"] for score in facts()["ml_test_score"]["tests"]}


def facts() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(command.FACTS.read_text())
    return content


def ended(mark: str, outcome: str) -> list[Case]:
    """All tests of level 0 pass, but for those that stand for this."""
    cases = all_pass("0")
    for case in cases:
        if mark in (*case.requirements, *case.scores):
            case.outcome = outcome
    return cases


def test_level_0_holds_if_all_tests_pass(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project("0")
    command.run()
    assert set(states().values()) == {"holds"}
    assert points() == {score.id: score.usual(ANSWERS, 0) for score in catalogue.scores()}
    printed = capsys.readouterr().out
    assert printed.startswith(f"level 0: of {len(states())} requirements {len(states())} hold, 0 are provided")
    assert "reports/tests.xml: " in printed
    assert "in 7 s, begun 2026-05-04T10:00:00" in printed
    assert "LEVEL 1 WOULD ADD" in printed
    assert "by hand, so half a point" in printed
    assert "from level 1 on" in printed


@pytest.mark.parametrize("level", ["1", "2"])
def test_what_was_never_used_is_provided_and_not_exercised(
    level: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project(level)
    command.run()
    assert set(states().values()) == {"holds", "provided, not exercised"}
    assert states()["1-REG"] == "provided, not exercised"
    assert states()["CI-01"] == "holds"
    assert points() == {score.id: score.usual(ANSWERS, int(level)) for score in catalogue.scores()}
    assert (points()["Infra 7"], points()["Model 1"]) == (0.5, 0.0)
    printed = capsys.readouterr().out
    assert "! mlops-maturity register: no model has a version yet: make register" in printed
    assert ("LEVEL 2 WOULD ADD" in printed) == (level == "1")
    assert ("gives a new project no more points until it is used" in printed) == (level == "1")


def test_records_of_what_was_done_make_rows_hold_and_give_full_points(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project("1")
    monkeypatch.setattr(history, "read", lambda: ROLLED_BACK)
    command.run()
    assert states()["1-REG"] == states()["META"] == states()["1-GATE"] == "holds"
    assert states()["1-TRIG"] == "provided, not exercised"
    assert points()["Infra 7"] == points()["Infra 4"] == 1.0
    assert points()["Model 1"] == 0.5


@pytest.mark.parametrize(("outcome", "state"), [("failure", "fails"), ("error", "fails"), ("skipped", "not exercised")])
def test_test_that_did_not_pass_takes_rows_and_points(
    outcome: str, state: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project("0", [*ended("CI-04", outcome), Case(("CI-04",), name="test_more", outcome=outcome), Case(("CI-04",))])
    if state == "fails":
        with pytest.raises(ProjectError, match="level 0 does not hold: CI-04; the reasons are under FAILS above"):
            command.run()
    else:
        command.run()
    assert states()["CI-04"] == state
    printed = capsys.readouterr().out
    assert f"{state.upper()} (1)" in printed
    assert "for a reason" in printed
    # A failure weighs more than any record.
    project("0", ended("Monitor 5", outcome))
    command.run()
    assert points()["Monitor 5"] == 0.0


def test_failed_test_outweighs_what_was_done(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = all_pass("1")
    project("1", [*cases, Case(("1-REG",), {"Infra 7": 1.0}, outcome="failure")])
    monkeypatch.setattr(history, "read", lambda: ROLLED_BACK)
    with pytest.raises(ProjectError, match="1-REG"):
        command.run()
    assert points()["Infra 7"] == 0.0


def test_tests_that_were_not_run_differ_from_tests_that_are_gone(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    left = [case for case in all_pass("0") if "0-SPLIT" not in case.requirements]
    folder = project("0", left, marks=["0-SPLIT"])
    command.run()
    assert states()["0-SPLIT"] == "not exercised"
    assert "tests/test_one.py: none of its tests for this was run" in capsys.readouterr().out
    project("0", left)
    (folder / "tests/test_two.py").write_text("# Its tests come from a list.\n")
    os.utime(TESTS)
    command.run()
    assert states()["0-SPLIT"] == "not exercised"
    assert "tests/test_two.py: it was not run" in capsys.readouterr().out
    (folder / "tests/test_two.py").unlink()
    with pytest.raises(ProjectError, match="0-SPLIT"):
        command.run()
    assert "no test is marked with 0-SPLIT any more" in capsys.readouterr().out
    assert "1 fails" in command.BADGE.read_text()


def test_tests_of_a_team_give_their_points(project: Project) -> None:
    project("2", [*all_pass("2"), Case((), {"Data 6": 0.5, "Infra 7": 1.0})])
    command.run()
    assert points()["Data 6"] == 0.5
    # What was never rolled back stays at half a point, whatever is tested.
    assert points()["Infra 7"] == 0.5


def test_result_of_a_class_is_of_its_file(project: Project) -> None:
    project("0", [*all_pass("0"), Case(("CI-04",), module="tests.unit.test_more.TestNumbers")])
    command.run()
    (row,) = (row for row in facts()["rows"] if row["id"] == "CI-04")
    assert [finding["where"] for finding in row["findings"]] == ["tests/test_one.py", "tests/unit/test_more.py"]


def test_page_facts_and_badge_are_the_same_for_the_same_project(project: Project) -> None:
    project("1")
    command.run()
    before = [file.read_bytes() for file in (command.PAGE, command.FACTS, command.BADGE)]
    command.run()
    assert [file.read_bytes() for file in (command.PAGE, command.FACTS, command.BADGE)] == before


def test_page_is_the_summary_of_the_job_and_has_no_markup_of_others(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project("0", [*all_pass("0"), Case(("CI-01",), name="test_it[<a>|`b`]", outcome="skipped")])
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    command.run()
    page = command.PAGE.read_text()
    assert (tmp_path / "summary.md").read_text().strip() == page.strip()
    assert "| CI-01 | Feature engineering has unit tests. | tests/test_one.py: test_it[&lt;a>\\|'b'] skipped" in page
    assert "### Level 1 would add" in page


def test_badge_tells_how_many_rows_hold(project: Project) -> None:
    project("0")
    command.run()
    rows = len(states())
    picture = command.BADGE.read_text()
    assert f"level 0: {rows} of {rows} rows hold | ML Test Score 1.5" in picture
    assert badge.GREEN in picture
    project("2")
    command.run()
    assert badge.AMBER in command.BADGE.read_text()
    assert badge.RED in badge.badge(level=1, score=0.0, rows=9, holding=7, failing=2)
    ElementTree.fromstring(picture)  # noqa: S314 - made here


def test_badge_of_a_new_project_says_that_nothing_was_measured() -> None:
    emitted = TEMPLATE / "<<cookiecutter.project_slug>>" / "docs" / "maturity.svg"
    assert emitted.read_text() == badge.picture()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("no.xml", None, "no.xml is missing: run `make test`"),
        ("odd.xml", "<html></html>", "odd.xml is not a report of tests"),
        ("half.xml", "<testsuites>", "half.xml cannot be read"),
    ],
)
def test_report_that_cannot_be_read_is_refused(name: str, content: str | None, says: str, project: Project) -> None:
    project("0")
    if content is not None:
        Path(name).write_text(content)
    with pytest.raises(ProjectError, match=says):
        command.run(report=Path(name))


def test_report_that_is_older_than_the_project_is_refused(project: Project) -> None:
    project("0")
    os.utime("tests/test_one.py", (2e9, 2e9))
    with pytest.raises(ProjectError, match=r"reports/tests\.xml is older than tests/test_one\.py: run"):
        command.run()


def test_project_is_named_by_its_path(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project("0")
    outside = tmp_path.parent
    monkeypatch.chdir(outside)
    command.run(Path(os.path.relpath(folder, outside)))
    assert (folder / command.PAGE).exists()
    assert Path.cwd() == outside
    command.run(folder, folder / TESTS)


def test_folder_that_is_no_project_is_refused_without_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProjectError, match=r"\.template\.json is missing"):
        command.run()


def test_gains_are_those_of_a_new_project_of_the_next_level(project: Project) -> None:
    project("0")
    command.run()
    gains = facts()["next_level"]["points"]
    assert gains["Data 1"] == 0.5
    assert gains["Infra 7"] == 0.5
    assert "Data 6" not in gains


def test_command_line_reports_in_one_line_what_is_wrong(project: Project) -> None:
    folder = project("0")
    TESTS.unlink()
    done = subprocess.run(
        [sys.executable, "-m", "mlops_maturity", "maturity"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert (
        done.stderr == "maturity: reports/tests.xml is missing: run `make test`, and see whether it came to its end\n"
    )

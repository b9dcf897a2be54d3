"""Each step leaves what it declares, in the shape it declares, and says what is missing when it comes too early."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from << cookiecutter.__package_name >>.__main__ import main
from << cookiecutter.__package_name >>.params import Params
from << cookiecutter.__package_name >>.paths import (
    DATA_FACTS,
    DATA_SHEET,
    HISTORY,
    METRICS,
    MODEL_CARD,
    REPORT,
    TEST,
    TRAIN,
    VALIDATION,
)
from << cookiecutter.__package_name >>.steps import STEPS, Step

pytestmark = pytest.mark.requirement("CI-05")


@pytest.mark.requirement("0-PROC")
@pytest.mark.parametrize("step", STEPS.values(), ids=list(STEPS))
def test_step_leaves_what_it_declares(step: Step, workspace: Path) -> None:
    for path in step.leaves:
        assert (workspace / path).stat().st_size > 0, f"{path} is empty"


@pytest.mark.requirement("0-PROC")
@pytest.mark.parametrize("name", STEPS)
def test_step_that_comes_too_early_says_what_to_do(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([name]) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"{name}: ")
    assert len(message.splitlines()) == 1
    assert "run" in message


@pytest.mark.parametrize(
    ("name", "package"), [("ingest", "pandas"), *((name, "sklearn") for name in STEPS if name != "train")]
)
def test_step_does_not_wait_for_a_package_that_it_does_not_use(name: str, package: str) -> None:
    module = f"<< cookiecutter.__package_name >>{STEPS[name].module}"
    code = f"import sys, {module}; sys.exit({package!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0, f"{module} imports {package}"


@pytest.mark.requirement("0-DATA")
@pytest.mark.usefixtures("in_workspace")
def test_data_that_dvc_does_not_know_are_refused(params: Params, capsys: pytest.CaptureFixture[str]) -> None:
    pointer = params.data.raw.with_name(f"{params.data.raw.name}.dvc")
    pointer.write_text("outs:\n- md5: 00000000000000000000000000000000\n")
    assert main(["ingest"]) == 1
    pointer.unlink()
    assert f"{params.data.raw} is not what {pointer} says" in capsys.readouterr().err


def test_sets_have_the_columns_of_the_table(workspace: Path, params: Params, rows: pd.DataFrame) -> None:
    sets = [pd.read_parquet(workspace / path) for path in (TRAIN, VALIDATION, TEST)]
    assert sum(map(len, sets)) == len(rows)
    for part in sets:
        assert list(part) == list(rows)
        assert part[params.data.target].notna().all()


def test_facts_count_the_rows(workspace: Path, rows: pd.DataFrame) -> None:
    facts = json.loads((workspace / DATA_FACTS).read_text())
    assert sum(facts["rows"].values()) == len(rows)


def test_history_has_a_loss_for_each_iteration(workspace: Path) -> None:
    history = json.loads((workspace / HISTORY).read_text())
    assert len(history) > 1
    assert all(set(entry) == {"iteration", "train", "validation"} for entry in history)


def test_metrics_tell_of_model_and_baselines(workspace: Path) -> None:
    metrics = json.loads((workspace / METRICS).read_text())
    assert {"train", "validation", "test", "trivial model, test", "simple model, test"} == set(metrics["scores"])
    assert {gate["name"] for gate in metrics["gates"]} == {"beats_trivial", "beats_simple"}


def test_report_shows_its_pictures(workspace: Path) -> None:
    page = (workspace / REPORT).read_text()
    assert page.count("data:image/png;base64,") == 4
    assert "Permutation importance" in page


@pytest.mark.requirement("DOC-01")
@pytest.mark.parametrize(
    ("path", "written", "filled"),
    [(MODEL_CARD, "## Limits", "### Scores"), (DATA_SHEET, "## Where the data come from", "MD5")],
)
def test_card_is_filled_and_keeps_what_people_wrote(path: Path, written: str, filled: str, workspace: Path) -> None:
    text = (workspace / path).read_text()
    assert written in text
    assert filled in text

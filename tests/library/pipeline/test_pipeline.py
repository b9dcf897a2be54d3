"""The steps one after the other: what does not fit stops them, and the same inputs give the same model."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from library.in_process import command
from library.sandbox import RAW, Repository
from mlops_maturity.pipeline.steps import STEPS
from mlops_maturity.project.paths import ARTEFACT, METRICS, MODEL, SIMPLE, TEST
from mlops_maturity.project.repository import git
from mlops_maturity.project.storage import dvc

SKEWS: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "missing": (lambda table: table.drop(columns="island"), "island: the column is missing"),
    "unexpected": (lambda table: table.assign(unexpected=1), "unexpected: the column is not in the schema"),
    "out of domain": (lambda table: table.assign(year=1907), "year: "),
}


@pytest.mark.guards("CI-05", "0-PROC")
@pytest.mark.parametrize("name", STEPS)
def test_step_leaves_what_it_declares(name: str, trained_workspace: Path) -> None:
    for path in STEPS[name].leaves:
        found = trained_workspace / path
        files = list(found.iterdir()) if found.is_dir() else [found]
        assert files, f"{path} is empty"
        for file in files:
            assert file.stat().st_size > 0, f"{file.name} is empty"
            if file.suffix == ".parquet":
                assert len(pd.read_parquet(file)) > 0
            if file.suffix == ".json":
                json.loads(file.read_text())


def test_step_needs_what_an_earlier_one_leaves_or_the_team_owns() -> None:
    left: set[Path] = set()
    for step in STEPS.values():
        assert {path for path in step.needs if path not in left} <= {Path("params.yaml"), Path("data/schema.yaml")}
        left.update(step.leaves)


@pytest.mark.guards("1-REPRO", "0-SPLIT", "0-HAND")
@pytest.mark.speed("all")
def test_training_in_another_folder_gives_the_same_bytes(
    fresh: Repository, trained_workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fresh.path)
    command(*STEPS)
    for path in (TEST, MODEL, SIMPLE, METRICS, ARTEFACT):
        assert path.read_bytes() == (trained_workspace / path).read_bytes(), f"{path} is another one"


@pytest.mark.guards("1-SKEW")
@pytest.mark.parametrize("how", SKEWS)
def test_data_that_do_not_fit_the_schema_stop_before_training(
    how: str, repository: Repository, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    skew, says = SKEWS[how]
    monkeypatch.chdir(repository.path)
    raw = RAW
    raw.unlink()
    skew(table).to_csv(raw, index=False)
    dvc("add", "--quiet", str(raw))
    model = ARTEFACT.read_bytes()
    printed = command(*STEPS, check=False)
    assert says in printed
    assert printed.splitlines()[-1].startswith("validate-data: ")
    assert "trained" not in printed
    assert ARTEFACT.read_bytes() == model


@pytest.mark.guards("1-GATE", "0-BASE")
def test_gate_raised_after_the_evaluation_leaves_nothing_packaged(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.path)
    ARTEFACT.unlink()
    repository.set("gates.targets", {"accuracy": 1.01})
    assert "gate failed: target_accuracy" in command("validate-model", check=False)
    assert "gate failed: target_accuracy" in command("package", check=False)
    assert not ARTEFACT.exists()
    assert "dvc.lock" not in git("status", "--porcelain")

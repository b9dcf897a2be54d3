"""A model is not deployed that misses its targets, is worse than the one in production, or is not the one scored."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from library import in_process
from library.sandbox import Repository
from mlops_maturity.delivery.checks import model as check
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import ARTEFACT, PRODUCTION, TEST
from mlops_maturity.registry import versions as registry
from mlops_maturity.registry.versions import Version
from mlops_maturity.training import comparison
from mlops_maturity.training.gates import Gate

pytestmark = [pytest.mark.guards("CD-05"), pytest.mark.usefixtures("in_workspace")]

NO_GATE = {"gates.beats_baseline": -1e9, "gates.beats_simple": -1e9, "gates.targets": {}}


def asking(monkeypatch: pytest.MonkeyPatch, params: Params, **gates: object) -> None:
    """Let params.yaml ask for these gates only."""
    asked = params.changed(**NO_GATE | gates)
    monkeypatch.setattr(settings, "load", lambda: asked)


def test_check_model_that_reaches_its_targets_passes(
    params: Params, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asking(monkeypatch, params, **{"gates.targets": {"accuracy": 0.5}})
    check.run(ARTEFACT)
    printed = capsys.readouterr().out
    assert "PASS accuracy, scored again: " in printed
    assert "PASS target_accuracy: " in printed
    assert "not compared: none is in production yet" in printed


def test_check_model_that_misses_a_target_fails(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    asking(monkeypatch, params, **{"gates.targets": {"accuracy": 1.01}})
    with pytest.raises(
        ProjectError, match=r"is not fit to be deployed: target_accuracy: .* \(required: at least 1\.01\)"
    ):
        check.run(ARTEFACT)


def test_check_model_on_other_rows_than_it_was_scored_on_fails(
    predictor: Predictor, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another test set, or code that computes other features, shows as another score."""
    asking(monkeypatch, params)
    rows, target = pd.read_parquet(TEST), predictor.target.name
    other = rows.assign(**{target: rows[target].array[::-1]})
    broken = [str(found) for found in check.judged(predictor, other, settings.load()) if not found.holds]
    assert broken
    assert all("scored again: " in text and "as when it was trained" in text for text in broken)


def test_check_model_that_is_worse_than_the_one_in_production_fails(
    predictor: Predictor, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking(monkeypatch, params)

    @contextmanager
    def at_hand(*_: object) -> Iterator[Path]:
        yield Path.cwd()

    closed = Gate("not_worse", "it loses {}", 0.5, 0.02, at_most=True)
    monkeypatch.setattr(registry, "in_production", lambda: Version(1, "", "", "", "another"))
    monkeypatch.setattr(registry, "fetch", lambda: None)
    monkeypatch.setattr(registry, "checkout", at_hand)
    monkeypatch.setattr(check, "PRODUCTION", ARTEFACT)
    monkeypatch.setattr(comparison, "judge", lambda models, *_: [closed] if list(models) == ["v1", "new"] else [])
    with pytest.raises(ProjectError, match=rf"{predictor.version} is not fit .*: not_worse: it loses 50 %"):
        check.run(ARTEFACT)


def test_check_model_without_a_model_checks_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "candidate", lambda: None)
    check.run()
    assert "NOT CHECKED: no model is trained yet" in capsys.readouterr().out


def test_check_model_of_a_version_uses_the_test_set_of_that_version(
    in_production: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the clone is by now."""
    in_process.use(monkeypatch)
    monkeypatch.chdir(in_production.path)
    TEST.unlink()
    printed = in_process.command("check-model")
    assert f"{PRODUCTION}, model " in printed
    assert "not compared: it is v1, in production" in printed
    assert not TEST.exists()


def test_check_model_without_its_test_set_fails(
    params: Params, trained_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking(monkeypatch, params)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProjectError, match=f"{TEST} is missing; run `make run` first"):
        check.run(trained_workspace / ARTEFACT)


def test_check_model_of_a_clone_without_data_pulls_the_test_set(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_process.use(monkeypatch)
    monkeypatch.chdir(repository.path)
    shutil.rmtree(TEST.parent)
    check.run(ARTEFACT)
    assert TEST.exists()
    assert "FAIL" not in capsys.readouterr().out

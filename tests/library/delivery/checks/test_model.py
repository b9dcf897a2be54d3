"""A model goes nowhere that misses its targets, is worse than the one in production, or is not the one scored."""

from pathlib import Path

import pandas as pd
import pytest
from sandbox import Repository

from mlops_maturity.delivery.checks import model as check
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import ARTEFACT, TEST
from mlops_maturity.registry import versions as registry
from mlops_maturity.registry.versions import Version
from mlops_maturity.training import comparison
from mlops_maturity.training.gates import Gate

pytestmark = pytest.mark.requirement("CD-05")

NO_GATE = {"gates.beats_trivial": -1e9, "gates.beats_simple": -1e9, "gates.targets": {}}
READABLE = {"classification": "accuracy", "regression": "r2"}


def asking(monkeypatch: pytest.MonkeyPatch, params: Params, **gates: object) -> None:
    asked = params.changed(**NO_GATE | gates)
    monkeypatch.setattr(settings, "load", lambda: asked)


@pytest.mark.usefixtures("in_workspace")
def test_model_that_reaches_its_targets_holds(
    params: Params, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    score = READABLE[params.task]
    asking(monkeypatch, params, **{"gates.targets": {score: -1}})
    check.run(ARTEFACT)
    said = capsys.readouterr().out
    assert f"holds  {score}, scored again: " in said
    assert f"holds  target_{score}: " in said
    assert "not compared: none is in production yet" in said


@pytest.mark.usefixtures("in_workspace")
@pytest.mark.ml_test_score("Infra 4", 1.0)
def test_model_that_misses_a_target_is_refused(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    score = READABLE[params.task]
    asking(monkeypatch, params, **{"gates.targets": {score: 1.01}})
    with pytest.raises(ProjectError, match=rf"is not fit to be deployed: target_{score}: .* wanted at least 1\.01"):
        check.run(ARTEFACT)


@pytest.mark.usefixtures("in_workspace")
def test_model_that_is_not_the_one_scored_is_refused(
    predictor: Predictor, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another test set, or code that computes other features, shows as another score."""
    asking(monkeypatch, params)
    rows, target = pd.read_parquet(TEST), predictor.target.name
    other = rows.assign(**{target: rows[target].array[::-1]})
    told = list(check.judged(predictor, other, settings.load()))
    broken = [str(comparison) for comparison in told if not comparison.holds]
    assert broken
    assert all("scored again: " in text and "as when it was trained" in text for text in broken)


@pytest.mark.usefixtures("in_workspace")
def test_model_that_is_worse_than_the_one_in_production_is_refused(
    predictor: Predictor, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking(monkeypatch, params)
    closed = Gate("not_worse", "what it loses", 0.5, 0.02, at_most=True)
    monkeypatch.setattr(registry, "in_production", lambda: Version(1, "", "", "", "another"))
    monkeypatch.setattr(registry, "fetch", lambda: None)
    monkeypatch.setattr(check, "PRODUCTION", ARTEFACT)
    monkeypatch.setattr(comparison, "judge", lambda models, *_: [closed] if list(models) == ["v1", "new"] else [])
    with pytest.raises(ProjectError, match=rf"{predictor.version} is not fit .*: not_worse: what it loses: \+50\.0%"):
        check.run(ARTEFACT)


@pytest.mark.usefixtures("in_workspace")
def test_no_model_is_no_pass(capsys: pytest.CaptureFixture[str]) -> None:
    check.run()
    assert "NOT CHECKED: no model is trained yet" in capsys.readouterr().out


def test_candidate_is_checked_on_its_own_test_set(in_production: Repository) -> None:
    """The test set is that of the model's version, wherever the clone is by now."""
    (in_production.path / TEST).unlink()
    said = in_production.project("check-model")
    assert "models/production.zip, model " in said
    assert "not compared: it is v1, in production" in said
    assert not (in_production.path / TEST).exists()
    score = Predictor.load(in_production.path / ARTEFACT).task
    in_production.set("gates.targets", {READABLE[score]: 1.01})
    assert "is not fit to be deployed: target_" in in_production.project("check-model", check=False)


def test_missing_test_set_is_said(tmp_path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("params.yaml",):
        (tmp_path / name).write_bytes((workspace / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProjectError, match=f"{TEST} is missing; run `make run` first"):
        check.run(workspace / ARTEFACT)

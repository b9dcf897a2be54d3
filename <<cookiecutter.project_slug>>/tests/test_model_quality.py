"""The model is good enough on rows it never saw, and behaves as params.yaml declares."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlops_maturity.data.conversion import replaced
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.files import read_json
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import METRICS, MODEL_CARD
from mlops_maturity.testing.quality import harmful_columns
from mlops_maturity.training.gates import judge, require_passed


@pytest.mark.requirement("0-BASE")
@pytest.mark.ml_test_score("Model 5", 1.0)
@pytest.mark.ml_test_score("Infra 4", 1.0)
@pytest.mark.usefixtures("held_out")
def test_model_passes_its_gates(workspace: Path, params: Params) -> None:
    require_passed(judge(read_json(workspace / METRICS, "make evaluate"), params.gates))


@pytest.mark.requirement("0-BASE")
@pytest.mark.ml_test_score("Model 5", 1.0)
def test_gates_refuse_a_model_that_is_worse_than_the_baseline(params: Params) -> None:
    assert (params.gates.beats_baseline or 0) >= 0, "gates.beats_baseline: a model worse than the baseline would pass"
    assert (params.gates.beats_simple or 0) > -1, "gates.beats_simple: it lets any model pass"
    if (params.gates.beats_simple or 0) < 0:
        pytest.skip("not exercised: gates.beats_simple is below zero, so a simpler model may be better")


<% if cookiecutter.maturity_level != "0" %>
@pytest.mark.requirement("1-GATE")
@pytest.mark.ml_test_score("Infra 4", 1.0)
def test_gate_before_production_can_close(params: Params) -> None:
    for name, bound in params.gates.production:
        assert bound < 1, f"gates.production.{name}: any model may take the place of the one in production"


@pytest.mark.requirement("1-GATE")
def test_model_has_targets(params: Params) -> None:
    if not params.gates.targets:
        pytest.skip("not exercised: params.yaml declares no gates.targets")


<% endif %>
@pytest.fixture
def slices(params: Params) -> list[str]:
    if not params.slices:
        pytest.skip("not exercised: params.yaml declares no slices")
    return params.slices


<% if cookiecutter.maturity_level != "0" %>
@pytest.mark.requirement("1-GATE")
<% endif %>
@pytest.mark.ml_test_score("Model 6", 1.0)
@pytest.mark.usefixtures("held_out")
def test_every_slice_is_scored(workspace: Path, slices: list[str]) -> None:
    scored = read_json(workspace / METRICS, "make evaluate")["slices"]
    assert not [name for name in slices if len(scored.get(name, {})) < 2], "a slice has too few rows to be scored"


@pytest.mark.ml_test_score("Model 7", 0.5)
@pytest.mark.usefixtures("held_out")
def test_model_card_shows_each_slice(workspace: Path, slices: list[str]) -> None:
    card = (workspace / MODEL_CARD).read_text(encoding="utf-8")
    assert card.count("### Slices by ") == len(slices)


@pytest.mark.requirement("CI-08")
@pytest.mark.ml_test_score("Data 2", 0.5)
def test_no_column_does_harm(predictor: Predictor, held_out: pd.DataFrame, params: Params) -> None:
    """A column does harm if the model does better without what it says."""
    harmful = harmful_columns(predictor, held_out, params.split.seed)
    assert not harmful, f"put these columns under data.ignore in params.yaml, or look at them: {harmful}"


@pytest.mark.requirement("CI-08")
def test_answers_do_not_depend_on_the_other_rows(predictor: Predictor, held_out: pd.DataFrame) -> None:
    some = held_out.head(20)
    answers = predictor.of_frame(some)
    alone = np.concatenate([predictor.of_frame(some.iloc[[row]]) for row in range(len(some))])
    rounding = 1e-5 * np.abs(answers).max()  # of float32, in which rows are multiplied in another order
    np.testing.assert_allclose(alone, answers, atol=rounding)
    np.testing.assert_allclose(predictor.of_frame(some.iloc[::-1])[::-1], answers, atol=rounding)


@pytest.mark.requirement("CI-08")
@pytest.mark.ml_test_score("Data 4", 1.0)
def test_answers_do_not_depend_on_the_target(predictor: Predictor, held_out: pd.DataFrame, params: Params) -> None:
    other = replaced(held_out, {params.data.target: held_out[params.data.target].array[::-1]})
    np.testing.assert_array_equal(predictor.of_frame(other), predictor.of_frame(held_out))


@pytest.mark.requirement("CI-08")
@pytest.mark.usefixtures("held_out")
def test_records_that_any_model_gets_right(predictor: Predictor, params: Params) -> None:
    if not params.behaviour.minimum:
        pytest.skip("not exercised: params.yaml declares no behaviour.minimum")
    for case in params.behaviour.minimum:
        answer = predictor.answers(predictor.of_records([case.record]))[0]["prediction"]
        assert case.is_met_by(answer), f"{case.why}: {answer} is predicted"


@pytest.mark.requirement("CI-08")
def test_changes_move_the_prediction_the_declared_way(
    predictor: Predictor, held_out: pd.DataFrame, params: Params
) -> None:
    if not params.behaviour.direction:
        pytest.skip("not exercised: params.yaml declares no behaviour.direction")
    for rule in params.behaviour.direction:
        changed = replaced(held_out, {rule.feature: held_out[rule.feature] + rule.add})
        moved = predictor.of_frame(changed) - predictor.of_frame(held_out)
        if rule.outcome is not None:
            moved = moved[:, predictor.target.classes.index(rule.outcome)]
        mean = float(moved.mean())
        assert mean > 0 if rule.effect == "up" else mean < 0, f"{rule.why}: the prediction moves by {mean:.3g}"

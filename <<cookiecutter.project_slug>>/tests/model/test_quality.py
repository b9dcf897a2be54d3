"""The model is good enough on rows it never saw, and behaves as it must."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from << cookiecutter.__package_name >>.files import read_json
from << cookiecutter.__package_name >>.params import Params
from << cookiecutter.__package_name >>.paths import METRICS, MODEL_CARD, TEST
from << cookiecutter.__package_name >>.serving.predictor import Predictor
from << cookiecutter.__package_name >>.training.gates import judge, require_open
from << cookiecutter.__package_name >>.training.importance import permutation_importance
from << cookiecutter.__package_name >>.training.metrics import loss, trivial

# Shares of the trivial model's loss: what a column may cost by chance, and a gate that lets anything through.
HARM, ANYTHING = 0.05, 1.0


@pytest.fixture(scope="module")
def held_out(workspace: Path, real_rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the test set; they depend on the real rows, so there are none without them."""
    assert len(real_rows)
    return pd.read_parquet(workspace / TEST)


@pytest.mark.requirement("0-BASE")
@pytest.mark.ml_test_score("Model 5", 1.0)
def test_model_beats_the_trivial_and_the_simple_one(workspace: Path, held_out: pd.DataFrame, params: Params) -> None:
    assert len(held_out)
    require_open(judge(read_json(workspace / METRICS, "make evaluate"), params.gates))


@pytest.mark.requirement("0-BASE")
@pytest.mark.ml_test_score("Model 5", 1.0)
def test_gates_refuse_a_model_that_is_worse_than_none(params: Params) -> None:
    trivial, simple = params.gates.beats_trivial, params.gates.beats_simple
    assert trivial is not None
    assert simple is not None
    assert trivial >= 0, "gates.beats_trivial: a model that is worse than the trivial one would pass"
    assert simple > -ANYTHING, "gates.beats_simple: it lets any model pass"
    if simple < 0:
        pytest.skip("not exercised: gates.beats_simple is below zero, so a simpler model may be better")


<% if cookiecutter.maturity_level != "0" %>
@pytest.mark.requirement("1-GATE")
@pytest.mark.ml_test_score("Infra 4", 1.0)
def test_gate_before_production_can_close(params: Params) -> None:
    bounds = params.gates.production
    for name, bound in (("overall", bounds.overall), ("slices", bounds.slices)):
        assert bound < ANYTHING, f"gates.production.{name}: it lets any model take the place of the one in production"


@pytest.mark.requirement("1-GATE")
def test_model_has_targets_and_meets_them(workspace: Path, held_out: pd.DataFrame, params: Params) -> None:
    if not params.gates.targets:
        pytest.skip("not exercised: params.yaml declares no gates.targets")
    assert len(held_out)
    met = {gate.name for gate in judge(read_json(workspace / METRICS, "make evaluate"), params.gates) if gate.is_open}
    assert {f"target_{name}" for name in params.gates.targets} <= met


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
def test_every_slice_is_scored(workspace: Path, held_out: pd.DataFrame, slices: list[str]) -> None:
    assert len(held_out)
    scored = read_json(workspace / METRICS, "make evaluate")["slices"]
    assert not [name for name in slices if len(scored.get(name, {})) < 2], "a slice has too few rows to be scored"


@pytest.mark.ml_test_score("Model 7", 0.5)
def test_model_card_tells_how_each_slice_fares(workspace: Path, held_out: pd.DataFrame, slices: list[str]) -> None:
    assert len(held_out)
    card = (workspace / MODEL_CARD).read_text(encoding="utf-8")
    assert not [name for name in slices if f"### Slices by {name}" not in card], "nobody sees how a slice fares"


@pytest.mark.requirement("CI-08")
@pytest.mark.ml_test_score("Data 2", 0.5)
def test_no_column_does_harm(predictor: Predictor, held_out: pd.DataFrame, params: Params) -> None:
    """A column does harm if the model does better without what it says."""
    target = predictor.target.encode(held_out[predictor.target.name])
    found = permutation_importance(predictor, held_out, target, params.model.seed).set_index("column")["mean"]
    assert set(found.index) == set(predictor.features.columns)
    unit = loss(predictor.task, target, trivial(predictor.task, target, len(target), len(predictor.target.classes)))
    harmful = found[found < -HARM * unit]
    assert harmful.empty, f"put these columns under data.ignore in params.yaml, or look at them: {list(harmful.index)}"


@pytest.mark.requirement("CI-08")
def test_answers_do_not_depend_on_the_order_of_rows(predictor: Predictor, held_out: pd.DataFrame) -> None:
    order = np.random.default_rng(7).permutation(len(held_out))
    np.testing.assert_allclose(
        predictor.of_frame(held_out.iloc[order]), predictor.of_frame(held_out)[order], rtol=1e-6, atol=1e-6
    )


@pytest.mark.requirement("CI-08")
def test_answers_do_not_depend_on_company(predictor: Predictor, held_out: pd.DataFrame) -> None:
    alone = np.concatenate([predictor.of_frame(held_out.iloc[[row]]) for row in range(min(20, len(held_out)))])
    np.testing.assert_allclose(alone, predictor.of_frame(held_out.head(20)), rtol=1e-6, atol=1e-6)


@pytest.mark.requirement("CI-08")
@pytest.mark.ml_test_score("Data 4", 1.0)
def test_answers_do_not_depend_on_what_is_no_feature(
    predictor: Predictor, held_out: pd.DataFrame, params: Params
) -> None:
    other = held_out.assign(**{params.data.target: held_out[params.data.target].array[::-1]})
    np.testing.assert_array_equal(predictor.of_frame(other), predictor.of_frame(held_out))


@pytest.mark.requirement("CI-08")
def test_records_that_any_model_gets_right(predictor: Predictor, held_out: pd.DataFrame, params: Params) -> None:
    if not params.behaviour.minimum:
        pytest.skip("not exercised: params.yaml declares no behaviour.minimum")
    assert len(held_out)
    for case in params.behaviour.minimum:
        answer = predictor.answers(predictor.of_records([case.record]))[0]["prediction"]
        assert answer == case.expect, f"{case.why}: {answer} is predicted"


@pytest.mark.requirement("CI-08")
def test_changes_move_the_prediction_the_declared_way(
    predictor: Predictor, held_out: pd.DataFrame, params: Params
) -> None:
    if not params.behaviour.direction:
        pytest.skip("not exercised: params.yaml declares no behaviour.direction")
    for rule in params.behaviour.direction:
        changed = held_out.assign(**{rule.feature: held_out[rule.feature] + rule.add})
        moved = predictor.of_frame(changed) - predictor.of_frame(held_out)
        if rule.outcome is not None:
            moved = moved[:, predictor.target.classes.index(rule.outcome)]
        mean = float(moved.mean())
        assert mean > 0 if rule.effect == "up" else mean < 0, f"{rule.why}: the prediction moves by {mean:.3g}"

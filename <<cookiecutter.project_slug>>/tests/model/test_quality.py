"""The model is good enough on rows it never saw, and behaves as it must."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from << cookiecutter.__package_name >>.files import read_json
from << cookiecutter.__package_name >>.params import Params
from << cookiecutter.__package_name >>.paths import METRICS, TEST
from << cookiecutter.__package_name >>.serving.predictor import Predictor
from << cookiecutter.__package_name >>.training.gates import judge, require_open


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

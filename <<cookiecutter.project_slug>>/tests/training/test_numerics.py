"""Training gives numbers, whatever the columns hold."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from << cookiecutter.__package_name >>.data.schema import Column, Schema
from << cookiecutter.__package_name >>.features import Features
from << cookiecutter.__package_name >>.params import ModelKind, Params
from << cookiecutter.__package_name >>.serving.predictor import Predictor
from << cookiecutter.__package_name >>.training import models

pytestmark = [pytest.mark.requirement("CI-04"), pytest.mark.ml_test_score("Monitor 5", 1.0)]

ROWS = 120

SCHEMA = Schema(
    columns={
        "odd": Column(type="number", missing=1.0),
        "plain": Column(type="number", missing=1.0),
        "word": Column(type="category", categories=["a", "b", "never seen"], missing=1.0),
        "target": Column(type="number", missing=0.0),
    }
)

ODD: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "zero variance": lambda _: np.full(ROWS, 3.0),
    "tiny values": lambda generator: generator.normal(size=ROWS) * 1e-40,
    "huge values": lambda generator: generator.normal(size=ROWS) * 1e200,
    "infinite values": lambda generator: np.where(generator.random(ROWS) < 0.5, np.inf, -np.inf),
    "all missing": lambda _: np.full(ROWS, np.nan),
    "one known": lambda _: np.where(np.arange(ROWS) == 0, 1.0, np.nan),
}


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("kind", ["gradient_boosting", "linear"])
@pytest.mark.parametrize("odd", ODD)
def test_training_and_prediction_are_finite(odd: str, kind: ModelKind, task: str, params: Params) -> None:
    generator = np.random.default_rng(params.model.seed)
    frame = pd.DataFrame(
        {
            "odd": ODD[odd](generator),
            "plain": generator.normal(size=ROWS),
            "word": pd.Series(generator.choice(["a", "b"], ROWS)).mask(generator.random(ROWS) < 0.3),
        }
    )
    settings = params.changed(**{"data.task": task, "data.target": "target", "data.ignore": {}, "features.derived": []})
    features = Features.of(SCHEMA, settings)
    matrix = features.of_frame(frame)
    signal = frame["plain"].to_numpy() + generator.normal(size=ROWS) / 10
    target = (signal > 0).astype(int) if task == "classification" else signal
    fitted = models.fit(
        models.build(kind, settings.task, features, settings.model), settings.task, (matrix, target), (matrix, target)
    )
    assert np.isfinite(fitted.train_loss).all(), f"{odd}: the loss is not finite"
    predicted = models.predict(fitted.estimator, settings.task, matrix)
    assert np.isfinite(predicted).all(), f"{odd}: a prediction is not finite"


def test_training_on_the_data_is_finite(predictor: Predictor, rows: pd.DataFrame) -> None:
    assert np.isfinite(predictor.of_frame(rows)).all()

"""What is said of a model while it learns, and which parameters it takes, is true of any estimator."""

from typing import Any

import numpy as np
import pytest
from catboost import CatBoostClassifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from xgboost import XGBClassifier

from mlops_maturity.model.estimator import predict
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Task
from mlops_maturity.training import models
from mlops_maturity.training.losses import loss

MATRIX = np.random.default_rng(7).normal(size=(120, 3)).astype(np.float32)
TARGETS: dict[Task, np.ndarray] = {"classification": (MATRIX[:, 0] > 0).astype(int), "regression": np.exp(MATRIX[:, 0])}


def fitted(estimator: Any) -> tuple[models.Fitted, Task]:
    task: Task = "classification" if hasattr(estimator, "predict_proba") else "regression"
    return models.fit(estimator, task, (MATRIX, TARGETS[task]), (MATRIX, TARGETS[task])), task


@pytest.mark.parametrize("kind", [HistGradientBoostingClassifier, HistGradientBoostingRegressor])
def test_history_of_boosted_trees_ends_with_the_loss_of_the_model(kind: Any) -> None:
    found, task = fitted(kind(max_iter=5, early_stopping=True, scoring="loss"))
    assert found.iterations == [0, 1, 2, 3, 4, 5]
    expected = loss(task, TARGETS[task], predict(found.estimator, task, MATRIX))
    assert found.train_loss[-1] == pytest.approx(expected, rel=1e-5)
    assert found.validation_loss[-1] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "quantile", "quantile": 0.9},
        {"loss": "poisson"},
        {"loss": "absolute_error"},
        {"scoring": "neg_mean_absolute_error"},
        {"early_stopping": False},
    ],
    ids=str,
)
def test_history_of_boosted_trees_with_another_loss_is_empty(settings: dict[str, Any]) -> None:
    found, _ = fitted(HistGradientBoostingRegressor(**{"max_iter": 5, "early_stopping": True} | settings))
    assert (found.iterations, found.train_loss, found.validation_loss) == ([], [], [])


@pytest.mark.parametrize(
    "estimator",
    [
        HistGradientBoostingRegressor(max_iter=2),
        TransformedTargetRegressor(HistGradientBoostingRegressor(max_iter=2), func=np.log1p, inverse_func=np.expm1),
        CalibratedClassifierCV(make_pipeline(HistGradientBoostingClassifier(max_iter=2)), cv=2),
    ],
    ids=["alone", "of a transformed target", "calibrated"],
)
def test_boosted_trees_take_a_column_that_is_empty_wherever_they_are(estimator: Any) -> None:
    task: Task = "classification" if hasattr(estimator, "predict_proba") else "regression"
    empty = np.hstack([MATRIX, np.full((len(MATRIX), 1), np.nan, dtype=np.float32)])
    found = models.fit(estimator, task, (empty, TARGETS[task]), (empty, TARGETS[task]))
    assert np.isfinite(predict(found.estimator, task, empty)).all()


@pytest.mark.parametrize("estimator", [CatBoostClassifier(iterations=3), XGBClassifier(n_estimators=3)])
def test_parameter_that_the_constructor_alone_tells_of_is_known(estimator: Any) -> None:
    models.require_parameter(estimator, "learning_rate", "tune.space")


def test_parameter_of_catboost_that_is_misspelt_is_named() -> None:
    with pytest.raises(ProjectError, match=r"'dept' is no parameter of the CatBoostClassifier.*did you mean depth"):
        models.require_parameter(CatBoostClassifier(), "dept", "model.parameters")

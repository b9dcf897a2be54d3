"""Training learns: the loss falls, and a few records can be learned by heart."""

import numpy as np
import pandas as pd
import pytest

from << cookiecutter.__package_name >>.data.schema import Schema
from << cookiecutter.__package_name >>.features import Features
from << cookiecutter.__package_name >>.params import Params
from << cookiecutter.__package_name >>.training import models
from << cookiecutter.__package_name >>.training.metrics import loss
from << cookiecutter.__package_name >>.training.targets import Target

FEW = 40
# Iterations that are averaged at each end: single ones may rise.
ENDS = 3


@pytest.fixture(scope="module")
def data(rows: pd.DataFrame, params: Params, schema: Schema) -> tuple[Features, Target, np.ndarray, np.ndarray]:
    features = Features.of(schema, params)
    target = Target.of(rows[params.data.target], schema, params)
    return features, target, features.of_frame(rows), target.encode(rows[params.data.target])


@pytest.mark.requirement("CI-03a")
@pytest.mark.ml_test_score("Infra 2", 1.0)
def test_loss_falls(data: tuple[Features, Target, np.ndarray, np.ndarray], params: Params) -> None:
    features, _, matrix, target = data
    assert params.model.kind is not None
    untrained = models.build(params.model.kind, params.task, features, params.model)
    losses = models.fit(untrained, params.task, (matrix, target), (matrix, target)).train_loss
    first, last = np.mean(losses[:ENDS]), np.mean(losses[-ENDS:])
    assert last < 0.99 * first, f"the loss went from {first:.4g} to {last:.4g}: training does not converge"


@pytest.mark.requirement("CI-03b")
@pytest.mark.ml_test_score("Infra 2", 1.0)
def test_few_records_are_learned_by_heart(
    data: tuple[Features, Target, np.ndarray, np.ndarray], params: Params
) -> None:
    features, _, matrix, target = data
    some = np.random.default_rng(params.model.seed).permutation(len(target))[:FEW]
    few = features.of_frame, matrix[some], target[some]
    if params.task == "classification":
        few = few[0], few[1], np.unique(few[2], return_inverse=True)[1]
    settings = params.changed(
        **{
            "model.gradient_boosting.min_samples_leaf": 1,
            "model.gradient_boosting.l2_regularization": 0.0,
            "model.gradient_boosting.learning_rate": 0.3,
            "model.linear.penalty": 1e-3,
        }
    ).model
    # A linear model cannot learn everything by heart, so the boosted trees are asked, whatever the project trains.
    fitted = models.fit(
        models.build("gradient_boosting", params.task, features, settings), params.task, few[1:], few[1:]
    )
    trivial = models.fit(models.build("trivial", params.task, features, settings), params.task, few[1:], few[1:])
    found, guessed = (
        loss(params.task, few[2], models.predict(model.estimator, params.task, few[1])) for model in (fitted, trivial)
    )
    assert found < 0.2 * guessed, f"{FEW} records leave a loss of {found:.4g}, guessing has {guessed:.4g}"

"""Training learns: the loss falls, and the model overfits a small batch."""

import numpy as np
import pandas as pd
import pytest
from mlops_maturity.data.schema import Schema
from mlops_maturity.project.params import Params
from mlops_maturity.testing import learning

pytestmark = pytest.mark.ml_test_score("Infra 2", 1.0)

# Iterations that are averaged at the end: single ones may rise.
END = 3
# Settings under which nothing keeps the model from overfitting. With a model of your own, put its settings here.
FREE = {
    "model.gradient_boosting.min_samples_leaf": 1,
    "model.gradient_boosting.l2_regularization": 0.0,
    "model.gradient_boosting.learning_rate": 0.3,
    "model.linear.penalty": 1e-6,
}


@pytest.mark.requirement("CI-03a")
def test_loss_falls(rows: pd.DataFrame, schema: Schema, params: Params) -> None:
    losses = learning.losses(rows, schema, params)
    first, last = losses[0], np.mean(losses[-END:])
    assert last < 0.99 * first, f"the loss went from {first:.4g} to {last:.4g}: training does not converge"


@pytest.mark.requirement("CI-03b")
def test_model_overfits_a_small_batch(rows: pd.DataFrame, schema: Schema, params: Params) -> None:
    is_linear = params.model["kind"] == "linear"
    found = learning.overfit(rows, schema, params.changed(**FREE), size=6 if is_linear else 40, independent=is_linear)
    assert found.share > 0.8, found

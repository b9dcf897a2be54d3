"""Training gives no NaN and no infinity, whatever the columns hold."""

import numpy as np
import pandas as pd
import pytest
from mlops_maturity.data.schema import Schema
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.params import Params
from mlops_maturity.testing import learning

pytestmark = [pytest.mark.requirement("CI-04"), pytest.mark.ml_test_score("Monitor 5", 1.0)]


@pytest.mark.parametrize("settings", learning.variants())
@pytest.mark.parametrize("odd", learning.ODD_COLUMNS)
def test_training_on_odd_columns_is_finite(odd: str, settings: Params, rows: pd.DataFrame, schema: Schema) -> None:
    batch = learning.with_odd_columns(learning.small_batch(rows, settings, 120), schema, settings, odd)
    trained = learning.train(batch, schema, settings)
    assert np.isfinite(trained.fitted.train_loss).all(), "a loss is not finite"
    assert np.isfinite(trained.predicted).all(), "a prediction is not finite"


def test_predictions_of_the_data_are_finite(predictor: Predictor, rows: pd.DataFrame) -> None:
    assert np.isfinite(predictor.of_frame(rows)).all()

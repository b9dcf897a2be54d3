"""Training learns: the loss falls, and the model overfits a small batch."""

from collections.abc import Callable

import pandas as pd
import pytest
from mlops_maturity.data.schema import Schema
from mlops_maturity.project.params import Params
from mlops_maturity.testing import learning

pytestmark = pytest.mark.ml_test_score("Infra 2", 1.0)


@pytest.mark.requirement("CI-03a")
def test_loss_falls(rows: pd.DataFrame, schema: Schema, params: Params, remark: Callable[[str], None]) -> None:
    curve = learning.curve(rows, schema, params)
    remark(curve.remark)
    assert curve.fall > 0.01, str(curve)


@pytest.mark.requirement("CI-03b")
def test_model_overfits_a_small_batch(rows: pd.DataFrame, schema: Schema, params: Params) -> None:
    found = learning.overfit(rows, schema, params)
    assert found.share > learning.ENOUGH, str(found)

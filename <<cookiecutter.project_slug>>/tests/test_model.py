"""Unit tests of the model's methods: categories, values that it never saw, missing values."""

import numpy as np
import pandas as pd
import pytest
from mlops_maturity.data.features import Features
from mlops_maturity.data.schema import Schema
from mlops_maturity.project.params import Params
from mlops_maturity.testing import learning

pytestmark = [pytest.mark.requirement("CI-02"), pytest.mark.ml_test_score("Infra 2", 1.0)]


def test_categories_have_a_code_for_each_value_and_for_unknown_and_missing_ones(schema: Schema, params: Params) -> None:
    features = Features.of(schema, params)
    for name, values in features.categories.items():
        records = [{name: value} for value in (None, "never seen", *values)]
        codes = features.of_records(records)[:, features.names.index(name)]
        assert codes.tolist() == list(range(len(records))), name


@pytest.mark.parametrize("settings", learning.variants())
def test_model_answers_for_unknown_and_missing_values(settings: Params, rows: pd.DataFrame, schema: Schema) -> None:
    trained = learning.train(learning.small_batch(rows, settings, 120), schema, settings)
    answers = trained.answer([{}, dict.fromkeys(Features.of(schema, settings).categories, "never seen")])
    assert np.isfinite(answers).all()
    if settings.task == "classification":
        assert answers.shape == (2, trained.predicted.shape[1])
        np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)

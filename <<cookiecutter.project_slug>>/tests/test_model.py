"""Unit tests of the model's methods: categories, values that it never saw, missing values."""

import numpy as np
import pandas as pd
import pytest
from mlops_maturity.data.features import Features
from mlops_maturity.data.schema import Schema
from mlops_maturity.project.params import Params
from mlops_maturity.testing.learning import small_batch
from mlops_maturity.training import Inputs, models

from << cookiecutter.__package_name >>.model import linear

pytestmark = [pytest.mark.requirement("CI-02"), pytest.mark.ml_test_score("Infra 2", 1.0)]


def test_categories_have_a_code_for_each_value_and_for_unknown_and_missing_ones(schema: Schema, params: Params) -> None:
    features = Features.of(schema, params)
    for name, values in features.categories.items():
        records = [{name: value} for value in (None, "never seen", *values)]
        codes = features.of_records(records)[:, features.names.index(name)]
        assert codes.tolist() == list(range(len(records))), name


def test_linear_model_has_a_column_for_each_code() -> None:
    inputs = Inputs(["size", "colour"], numbers=[0], categories=[1], codes=[np.arange(4, dtype=np.float32)])
    model = linear("regression", inputs, penalty=1.0, max_iter=10, seed=7)
    encoded = model[0].fit_transform(np.array([[1, 2], [2, 3], [np.nan, 0], [4, 1]], dtype=np.float32))
    assert encoded.shape == (4, 1 + 4)
    assert encoded[:, 1:].argmax(axis=1).tolist() == [2, 3, 0, 1]


@pytest.mark.parametrize("kind", ["gradient_boosting", "linear"])
def test_model_answers_for_unknown_and_missing_values(
    kind: str, rows: pd.DataFrame, schema: Schema, params: Params
) -> None:
    settings = params.changed(**{"model.kind": kind})
    features = Features.of(schema, settings)
    batch = small_batch(rows, settings, 120)
    target = pd.factorize(batch[params.data.target])[0] if params.task == "classification" else np.arange(len(batch))
    sets = features.of_frame(batch), target.astype("float64")
    model = models.fit(models.build("model", settings, features), params.task, sets, sets).estimator
    odd = features.of_records([{}, dict.fromkeys(features.categories, "never seen")])
    answers = model.predict_proba(odd) if params.task == "classification" else model.predict(odd)
    assert np.isfinite(answers).all()
    if params.task == "classification":
        np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)

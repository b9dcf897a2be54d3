"""Categories become codes: every known value its own, an unknown and a missing one theirs."""

import numpy as np
import pandas as pd
import pytest

from << cookiecutter.__package_name >>.data.schema import Schema
from << cookiecutter.__package_name >>.features import Features
from << cookiecutter.__package_name >>.params import Params
from << cookiecutter.__package_name >>.training import models

pytestmark = [pytest.mark.requirement("CI-02"), pytest.mark.ml_test_score("Infra 2", 1.0)]


@pytest.fixture
def features() -> Features:
    return Features(numbers=("size",), categories={"colour": ("blue", "red")}, times=(), derived=())


def test_known_values_have_codes_of_their_own(features: Features) -> None:
    matrix = features.of_frame(pd.DataFrame({"size": [1.0, 1.0], "colour": ["blue", "red"]}))
    assert matrix[:, 1].tolist() == [2, 3]


def test_unknown_and_missing_values_have_codes_of_their_own(features: Features) -> None:
    matrix = features.of_frame(pd.DataFrame({"size": [1.0, 1.0], "colour": ["green", None]}))
    assert matrix[:, 1].tolist() == [1, 0]


def test_matrix_is_as_wide_as_the_features_are_many(rows: pd.DataFrame, params: Params, schema: Schema) -> None:
    features = Features.of(schema, params)
    matrix = features.of_frame(rows)
    assert matrix.shape == (len(rows), len(features.names))
    assert matrix.dtype == np.float32


def test_one_hot_is_as_wide_as_the_codes_are_many(features: Features, params: Params) -> None:
    matrix = features.of_frame(pd.DataFrame({"size": [1.0, 2.0, 3.0, 4.0], "colour": ["blue", "red", None, "green"]}))
    model = models.build("linear", "regression", features, params.model)
    encoded = model.named_steps["inputs"].fit_transform(matrix)
    assert encoded.shape == (4, 1 + 4)
    assert encoded[:, 1:].argmax(axis=1).tolist() == [2, 3, 0, 1]


def test_every_value_of_the_schema_is_known(params: Params, schema: Schema) -> None:
    for name, values in Features.of(schema, params).categories.items():
        assert list(values) == schema.columns[name].categories

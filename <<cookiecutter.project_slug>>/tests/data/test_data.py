"""The data are what the schema says."""

import pandas as pd
import pytest

from << cookiecutter.__package_name >>.data.schema import Schema
from << cookiecutter.__package_name >>.data.synthesis import synthesise
from << cookiecutter.__package_name >>.params import Params

pytestmark = pytest.mark.requirement("CI-08")


@pytest.mark.ml_test_score("Data 1", 1.0)
def test_values_fit_the_schema(real_rows: pd.DataFrame, schema: Schema) -> None:
    assert schema.problems(real_rows) == []


def test_target_is_known_and_varies(real_rows: pd.DataFrame, params: Params) -> None:
    target = real_rows[params.data.target]
    assert target.notna().all()
    assert target.nunique() > 1


def test_every_feature_says_something(real_rows: pd.DataFrame, schema: Schema, params: Params) -> None:
    features = set(schema.columns) - {params.data.target, *(params.data.ignore or {})}
    silent = [name for name in sorted(features) if real_rows[name].isna().all()]
    assert not silent, f"these features have no value at all; put them under data.ignore in params.yaml: {silent}"


def test_made_up_rows_fit_the_schema(schema: Schema, params: Params) -> None:
    made = synthesise(schema, params.data.target)
    assert list(made) == list(schema.columns)
    assert schema.problems(made) == []

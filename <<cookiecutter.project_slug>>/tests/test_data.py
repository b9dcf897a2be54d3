"""The data are what the schema says, and other data are refused."""

from collections.abc import Callable

import pandas as pd
import pytest
from mlops_maturity.data.conversion import replaced
from mlops_maturity.data.schema import Schema
from mlops_maturity.data.synthesis import synthesise
from mlops_maturity.data.validation import check, problems
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params

pytestmark = pytest.mark.requirement("CI-08")


@pytest.mark.ml_test_score("Data 1", 1.0)
def test_values_fit_the_schema(real_rows: pd.DataFrame, schema: Schema) -> None:
    assert problems(schema, real_rows) == []


def test_target_is_known_and_varies(real_rows: pd.DataFrame, params: Params) -> None:
    target = real_rows[params.data.target]
    assert target.notna().all()
    assert target.nunique() > 1


def test_every_feature_has_values(real_rows: pd.DataFrame, schema: Schema, params: Params) -> None:
    features = set(schema.columns) - {params.data.target, *(params.data.ignore or {})}
    empty = [name for name in sorted(features) if real_rows[name].isna().all()]
    assert not empty, f"these features have no value at all; put them under data.ignore in params.yaml: {empty}"


<% if cookiecutter.maturity_level != "0" %>
@pytest.mark.requirement("1-SKEW")
<% endif %>
@pytest.mark.ml_test_score("Monitor 2", 1.0)
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda frame, name: frame.drop(columns=name), "the column is missing"),
        (lambda frame, _: frame.assign(unexpected=1), "unexpected: the column is not in the schema"),
        (lambda frame, name: replaced(frame, {name: None}), "missing values"),
    ],
    ids=["a missing column", "an unexpected column", "missing values"],
)
def test_data_that_do_not_fit_the_schema_are_refused(
    change: Callable[[pd.DataFrame, str], pd.DataFrame], problem: str, schema: Schema, params: Params
) -> None:
    made = synthesise(schema, params.data.target)
    assert problems(schema, made) == []
    strictest = min(schema.columns, key=lambda name: schema.columns[name].missing)
    with pytest.raises(ProjectError, match=problem):
        check(schema, change(made, strictest))

<% set has_ratio = cookiecutter.dataset == "sample" and cookiecutter.target not in ("bill_length_mm", "bill_depth_mm") %>
"""Unit tests of feature engineering: add one for each feature of features.py."""

import numpy as np
import pandas as pd
import pytest
from mlops_maturity.data.features import Features<< ", columns_of_frame" if has_ratio else "" >>
from mlops_maturity.data.schema import Schema
from mlops_maturity.project.params import Params
from mlops_maturity.training.train import require_row_wise

<% if has_ratio %>
from << cookiecutter.__package_name >>.features import features

<% endif %>
pytestmark = [pytest.mark.requirement("CI-01"), pytest.mark.ml_test_score("Data 7", 1.0)]


<% if has_ratio %>
def test_bill_ratio_is_length_over_depth(rows: pd.DataFrame, schema: Schema, params: Params) -> None:
    birds = rows.head(3).assign(bill_length_mm=[40.0, 39.1, np.nan], bill_depth_mm=[20.0, 18.7, 18.0])
    columns = columns_of_frame(Features.of(schema, params), birds)
    np.testing.assert_allclose(features(columns)["bill_ratio"], [2.0, 39.1 / 18.7, np.nan])


<% endif %>
def test_matrix_has_a_float_for_each_row_and_feature(rows: pd.DataFrame, schema: Schema, params: Params) -> None:
    found = Features.of(schema, params)
    matrix = found.of_frame(rows)
    assert matrix.shape == (len(rows), len(found.names))
    assert matrix.dtype == np.float32
    assert not np.isinf(matrix).any()


@pytest.mark.ml_test_score("Data 4", 1.0)
def test_target_and_ignored_columns_are_no_features(schema: Schema, params: Params) -> None:
    hidden = {params.data.target, *(params.data.ignore or {})}
    assert not hidden & set(Features.of(schema, params).columns)


@pytest.mark.ml_test_score("Monitor 3", 0.5)
def test_features_of_a_row_depend_on_this_row_alone(rows: pd.DataFrame, schema: Schema, params: Params) -> None:
    require_row_wise(Features.of(schema, params), rows)

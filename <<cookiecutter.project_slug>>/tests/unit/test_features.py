"""Features have the values that their definitions say."""

import math
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from << cookiecutter.__package_name >> import features as feature_module
from << cookiecutter.__package_name >>.data.schema import Column, Schema
from << cookiecutter.__package_name >>.features import Features
from << cookiecutter.__package_name >>.params import Derived, Params

pytestmark = [pytest.mark.requirement("CI-01"), pytest.mark.ml_test_score("Data 7", 1.0)]


@pytest.fixture
def features() -> Features:
    return Features(
        numbers=("length", "depth"),
        categories={},
        times=("seen",),
        derived=(Derived(name="shape", operation="ratio", of=["length", "depth"]),),
    )


@pytest.mark.parametrize(
    ("operation", "given", "expected"),
    [
        ("ratio", ([6.0, 1.0, 0.0], [3.0, 0.0, 0.0]), [2.0, np.nan, np.nan]),
        ("difference", ([6.0, 1.0], [3.0, 4.0]), [3.0, -3.0]),
        ("product", ([6.0, -1.0], [3.0, 4.0]), [18.0, -4.0]),
        ("log", ([0.0, math.e - 1, -2.0],), [0.0, 1.0, np.nan]),
    ],
)
def test_operation_follows_its_formula(operation: str, given: tuple[list[float], ...], expected: list[float]) -> None:
    found = feature_module.OPERATIONS[operation](*(np.array(values) for values in given))
    np.testing.assert_allclose(found, expected)


def test_derived_feature_is_computed_from_its_columns(features: Features) -> None:
    matrix = features.of_records([{"length": 6.0, "depth": 3.0, "seen": None}])
    assert matrix[0, features.names.index("shape")] == 2.0


def test_time_is_seen_in_parts(features: Features) -> None:
    matrix = features.of_records([{"seen": datetime(2024, 2, 29, 13, 45)}])
    parts = dict(zip(features.names, matrix[0].tolist(), strict=True))
    assert [parts[f"seen.{part}"] for part in ("year", "month", "day", "day_of_week", "hour")] == [2024, 2, 29, 3, 13]


def test_what_float32_cannot_hold_is_missing_or_the_largest(features: Features) -> None:
    matrix = features.of_records([{"length": np.inf, "depth": 1e300}])
    values = dict(zip(features.names, matrix[0].tolist(), strict=True))
    assert np.isnan(values["length"])
    assert values["depth"] == pytest.approx(feature_module.LARGEST)


@pytest.mark.ml_test_score("Data 4", 1.0)
def test_target_and_ignored_columns_are_no_features(params: Params, schema: Schema) -> None:
    seen = Features.of(schema, params).columns
    assert not {params.data.target, *(params.data.ignore or {})} & set(seen)


@pytest.mark.ml_test_score("Monitor 3", 0.5)
def test_table_and_records_give_the_same_features(rows: pd.DataFrame, params: Params, schema: Schema) -> None:
    features = Features.of(schema, params)
    some = rows.head(50)[list(features.columns)]
    records: Any = some.astype("object").where(some.notna(), None).to_dict("records")
    np.testing.assert_array_equal(features.of_frame(some), features.of_records(records))


def test_constant_schema_gives_constant_names() -> None:
    column = Column(type="number", missing=0.0)
    schema = Schema(columns={"b": column, "a": column, "target": column})
    assert list(schema.columns) == ["b", "a", "target"]
    assert Features(("b", "a"), {}, (), ()).names == ("b", "a")

"""Training and serving see the same: one definition of a feature, two ways to it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from msgspec.structs import astuple

from mlops_maturity.data.conversion import conform
from mlops_maturity.data.features import EPOCH, Columns, Features
from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.project.contract import Own
from mlops_maturity.project.params import Params
from mlops_maturity.serving.fast import reader
from mlops_maturity.serving.service import record_model

pytestmark = pytest.mark.guards("1-PARITY", "CI-01")

SCHEMA = Schema(
    columns={
        "size, é": Column(type="number", missing=0.5),
        "weight": Column(type="number", missing=0.5),
        "rooms": Column(type="integer", missing=0.5),
        "garden": Column(type="boolean", missing=0.5),
        "colour": Column(type="category", categories=["blue", "red"], missing=0.5),
        "shop": Column(type="category", categories=["a", "b c"], open=True, missing=0.5),
        "note": Column(type="text", missing=0.5),
        "built": Column(type="datetime", missing=0.5),
    }
)


def computed(columns: Columns) -> dict[str, np.ndarray]:
    """A features.py that computes with columns of each type."""
    size, weight = columns["size, é"], columns["weight"]
    return {
        "ratio": size / weight,
        "product": size * weight,
        "log": np.log1p(size),
        "large garden": columns["garden"] * columns["rooms"],
        "is red": columns["colour"] == "red",
        "is b c": columns["shop"] == "b c",
        "no colour": np.array([colour is None for colour in columns["colour"]]),
        "words": np.array([len((note or "").split()) for note in columns["note"]]),
        "age": (EPOCH - columns["built"]).astype("timedelta64[us]").astype("float64"),
    }


FEATURES = Features(
    numbers=("size, é", "weight", "rooms", "garden"),
    categories={"colour": ("blue", "red"), "shop": ("a", "b c")},
    times=("built",),
    texts=("note",),
    missing=SCHEMA.reading.missing,
).with_own(Own(computed), SCHEMA)
ORDINARY = {
    "size, é": 12.5,
    "weight": 3.0,
    "rooms": 4,
    "garden": True,
    "colour": "red",
    "shop": "b c",
    "note": "two words",
    "built": "1987-06-05T04:03:02Z",
}
CASES: dict[str, dict[str, Any]] = {
    "ordinary": {},
    "all is missing": dict.fromkeys(SCHEMA.columns),
    "an unknown category": {"shop": "never seen"},
    "blanks around a category": {"shop": "  b c "},
    "an empty category": {"shop": ""},
    "blanks around a text": {"note": " a "},
    "false": {"garden": False},
    "a date": {"built": "1850-01-31"},
    "a sunday": {"built": "2024-03-03"},
    "a time elsewhere": {"built": "2024-02-29T23:30:00-05:00"},
    "the last of all times": {"built": "9999-12-31T23:59:59.999999"},
    "huge numbers": {"size, é": 1e308, "weight": -1e308, "rooms": 2**62},
    "tiny numbers": {"size, é": 5e-324, "weight": -5e-324},
    "division by zero": {"weight": 0.0},
    "logarithm of nothing": {"size, é": -1.0},
    "zero below zero": {"size, é": -0.0, "rooms": 0},
}


def served(features: Features, schema: Schema, records: list[dict[str, Any]]) -> np.ndarray:
    """The features of records that come over HTTP."""
    read = reader(schema, features.columns)
    assert read is not None
    return features.of_rows([astuple(record) for record in read(msgspec.json.encode({"records": records}))])


@pytest.mark.parametrize("case", CASES)
def test_features_of_a_record_are_the_same_in_training_and_serving(case: str) -> None:
    record = ORDINARY | CASES[case]
    trained = FEATURES.of_frame(conform(SCHEMA, pd.DataFrame([record])))
    np.testing.assert_array_equal(served(FEATURES, SCHEMA, [record]), trained)
    validated = record_model(SCHEMA).model_validate(record).model_dump(by_alias=True)
    np.testing.assert_array_equal(FEATURES.of_records([validated]), trained)
    np.testing.assert_array_equal(FEATURES.of_records([record]), trained)


def test_features_of_all_records_at_once_are_those_of_each() -> None:
    records = [ORDINARY | case for case in CASES.values()]
    each = [served(FEATURES, SCHEMA, [record]) for record in records]
    np.testing.assert_array_equal(served(FEATURES, SCHEMA, records), np.concatenate(each))


def test_features_of_the_sample_are_the_same_in_training_and_serving(
    rows: pd.DataFrame, params: Params, schema: Schema, sample_project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sample_project)
    features = Features.of(schema, params)
    assert features.derived
    # The columns that have no gap here may have one in a request.
    loose = Schema(
        columns={
            name: Column(type=column.type, categories=column.categories, open=True, missing=1.0)
            for name, column in schema.only(features.columns).columns.items()
        }
    )
    np.testing.assert_array_equal(served(features, loose, as_sent(rows, loose)), features.of_frame(rows))


def as_sent(frame: pd.DataFrame, schema: Schema) -> list[dict[str, Any]]:
    """The rows as a client writes them."""
    forms: dict[str, Callable[[Any], Any]] = {
        "integer": int,
        "boolean": bool,
        "number": float,
        "datetime": datetime.isoformat,
    }
    columns = {
        name: [None if pd.isna(value) else forms.get(column.type, str)(value) for value in frame[name]]
        for name, column in schema.columns.items()
    }
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]

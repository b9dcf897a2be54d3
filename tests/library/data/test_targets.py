"""What is predicted: classes are numbered in their order and come back as they stand in JSON."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_maturity.data.schema import Column, ColumnType, Schema
from mlops_maturity.data.targets import Target
from mlops_maturity.project.params import Params


def target(params: Params, kind: ColumnType, values: list[Any], task: str = "classification") -> Target:
    schema = Schema(columns={"name": Column(type=kind, missing=0.0)})
    changed = params.changed(**{"data.target": "name", "data.task": task})
    return Target.of(pd.Series(values), schema, changed)


@pytest.mark.parametrize(
    ("kind", "values", "classes"),
    [
        ("category", ["b", "a", "b", None], ("a", "b")),
        ("integer", [3.0, 1.0, 3.0], (1, 3)),
        ("boolean", [1.0, 0.0], (False, True)),
        ("number", [1.5, 0.5], (0.5, 1.5)),
    ],
)
def test_target_classes_are_those_of_json_in_their_order(
    kind: ColumnType, values: list[Any], classes: tuple[Any, ...], params: Params
) -> None:
    found = target(params, kind, values)
    assert found.classes == classes
    assert list(map(type, found.classes)) == list(map(type, classes))


def test_encode_class_that_is_not_known_is_below_zero(params: Params) -> None:
    words = target(params, "category", ["b", "a"])
    assert words.encode(pd.Series(["a", "c", "b"], dtype="category")).tolist() == [0, -1, 1]
    numbers = target(params, "integer", [1.0, 3.0])
    assert numbers.encode(pd.Series([3.0, 2.0, 1.0, 9.0])).tolist() == [1, -1, 0, -1]


def test_decode_is_the_most_probable_class(params: Params) -> None:
    words = target(params, "category", ["b", "a"])
    assert words.decode(np.array([[0.9, 0.1], [0.2, 0.8]])) == ["a", "b"]


def test_values_of_a_regression_stay_as_they_are(params: Params) -> None:
    numbers = target(params, "number", [1.5, 2.5], "regression")
    assert numbers.classes == ()
    assert numbers.encode(pd.Series([1.5, 2.5])).tolist() == [1.5, 2.5]
    assert numbers.decode(np.array([1.5, 2.5], dtype=np.float32)) == [1.5, 2.5]

"""Values get the types of their schema; what is not of its type is named, never guessed."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_maturity.data.conversion import conform, convert
from mlops_maturity.data.schema import Column, ColumnType, Schema
from mlops_maturity.project.errors import ProjectError

NAN = float("nan")
TIME = pd.Timestamp


def column(kind: ColumnType, written: str | None = None) -> Column:
    return Column(type=kind, format=written, missing=1.0)


CONVERTED: dict[str, tuple[Column, list[Any], list[Any]]] = {
    "truth values in words": (column("boolean"), ["true", "False", "TRUE", None], [1.0, 0.0, 1.0, NAN]),
    "truth values": (column("boolean"), [True, False], [1.0, 0.0]),
    "numbers in words": (column("number"), ["1.5", "2e3", "many"], [1.5, 2000.0, NAN]),
    "infinite numbers": (column("number"), [np.inf, -np.inf, 1.0], [NAN, NAN, 1.0]),
    "words with blanks around": (column("category"), [" a", "b ", "a"], ["a", "b", "a"]),
    "whole numbers as words": (column("category"), [1.0, 2.0, None], ["1", "2", NAN]),
    "other numbers as words": (column("category"), [1.5, 2.0], ["1.5", "2.0"]),
    "ISO 8601 times": (
        column("datetime"),
        ["2024-02-29", "2024-02-29T01:00:00+02:00", "soon"],
        [TIME("2024-02-29"), TIME("2024-02-28 23:00"), pd.NaT],
    ),
    "times of a format": (
        column("datetime", "%d.%m.%Y"),
        ["29.02.2024", "2024-02-29", "02/2024"],
        [TIME("2024-02-29")] * 2 + [pd.NaT],
    ),
    "whole numbers as times": (column("datetime", "%Y%m%d"), [20240229], [TIME("2024-02-29")]),
    "times": (column("datetime", "%d.%m.%Y"), [TIME("2024-02-29 13:45")], [TIME("2024-02-29 13:45")]),
}


@pytest.mark.parametrize(("kind", "given", "expected"), CONVERTED.values(), ids=CONVERTED)
def test_convert_values_get_the_type_of_their_column(kind: Column, given: list[Any], expected: list[Any]) -> None:
    found = convert(pd.Series(given), kind)
    pd.testing.assert_series_equal(found.astype("object"), pd.Series(expected, dtype="object"), check_dtype=False)


def test_convert_categories_of_a_table_keep_their_codes() -> None:
    words = pd.Series(pd.Categorical(["b ", None, "a"]))
    found = convert(words, column("category"))
    assert found.astype("object").tolist()[::2] == ["b", "a"]
    assert found.isna().tolist() == [False, True, False]


SCHEMA = Schema(columns={"b": column("number"), "a": column("category"), "when": column("datetime")})


def test_conform_columns_come_in_the_order_of_the_schema() -> None:
    found = conform(SCHEMA, pd.DataFrame({"a": ["x"], "when": ["2024-01-01"], "b": [1]}))
    assert list(found) == ["b", "a", "when"]
    assert [str(kind) for kind in found.dtypes] == ["float64", "category", "datetime64[us]"]


@pytest.mark.guards("1-SKEW")
@pytest.mark.parametrize(
    ("frame", "says"),
    [
        ({"a": ["x"], "b": [1]}, "when: the column is missing"),
        ({"a": ["x"], "b": [1], "when": ["2024-01-01"], "c": [1]}, "c: the column is not in the schema"),
        ({"a": ["x"], "b": ["tall"], "when": ["2024-01-01"]}, "b: 'tall' in row 1 is not a number"),
        (
            {"a": ["x"] * 3, "b": [1] * 3, "when": ["soon", "2024-01-01", "later"]},
            r"when: 'soon' in row 1 \(and 1 more\) is not a datetime",
        ),
    ],
    ids=["missing", "unexpected", "another type", "another format"],
)
def test_conform_table_that_does_not_fit_is_refused_by_column(frame: dict[str, list[Any]], says: str) -> None:
    with pytest.raises(ProjectError, match=f"the data do not fit data/schema.yaml: {says}"):
        conform(SCHEMA, pd.DataFrame(frame))


def test_conform_infinite_number_is_a_missing_one_and_no_fault() -> None:
    found = conform(SCHEMA.only(["b"]), pd.DataFrame({"b": [1.0, np.inf]}))
    assert found["b"].isna().tolist() == [False, True]


def test_conform_many_faults_are_counted() -> None:
    with pytest.raises(ProjectError, match=r"\(and 2 more\)$"):
        conform(SCHEMA, pd.DataFrame({"c": [1], "d": [1]}))

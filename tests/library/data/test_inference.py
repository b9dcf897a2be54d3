"""A first schema is proposed from what the columns hold, the same one for the same data."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from library.tables import CHANCE, COUNT, ROWS
from mlops_maturity.data.inference import infer_schema, unusable
from mlops_maturity.data.schema import Column
from mlops_maturity.data.validation import check
from mlops_maturity.project.errors import ProjectError

DAYS = pd.date_range("2021-01-01", periods=ROWS)
CITIES = [f"city {number % 60}" for number in COUNT]


def inferred(values: Any) -> Column:
    return infer_schema(pd.DataFrame({"name": values})).columns["name"]


INFERRED: dict[str, tuple[Any, Column]] = {
    "whole numbers, with room around": ([2, 4], Column(type="integer", minimum=1, maximum=5, missing=0)),
    "whole numbers, none below zero": ([0, 4], Column(type="integer", minimum=0, maximum=6, missing=0)),
    "other numbers": ([1.5, 2.5], Column(type="number", minimum=1, maximum=3, missing=0)),
    "numbers below zero": ([-1.5, 2.5], Column(type="number", minimum=-3.5, maximum=4.5, missing=0)),
    "huge numbers": ([1e9, 3e9], Column(type="integer", minimum=0, maximum=4e9, missing=0)),
    "numbers with a gap": ([1.0, np.nan], Column(type="integer", minimum=1, maximum=1, missing=0.76)),
    "infinite numbers": ([1.0, np.inf], Column(type="integer", minimum=1, maximum=1, missing=0.76)),
    "no number": ([np.nan, np.nan], Column(type="number", missing=1)),
    "truth values": ([True, False], Column(type="boolean", missing=0)),
    "times": (DAYS, Column(type="datetime", missing=0)),
    "ISO dates in words": (DAYS.strftime("%Y-%m-%d"), Column(type="datetime", format="ISO8601", missing=0)),
    "German dates": (DAYS.strftime("%d.%m.%Y"), Column(type="datetime", format="%d.%m.%Y", missing=0)),
    "American dates": (DAYS.strftime("%m/%d/%Y"), Column(type="datetime", format="%m/%d/%Y", missing=0)),
    "dates that may be either": (["01/02/2024", "03/04/2024"], Column(type="datetime", format="%d/%m/%Y", missing=0)),
    "few words": (["b", "a", None, "a "], Column(type="category", categories=["a", "b"], missing=0.39)),
    "words with digits": (["a1", "a2"], Column(type="category", categories=["a1", "a2"], missing=0)),
    "a name in each row": ([f"Person {number}" for number in COUNT], Column(type="text", missing=0)),
    "long texts": ([f"{number % 60} {'long ' * 10}" for number in COUNT], Column(type="text", missing=0)),
    "many words": (CITIES, Column(type="category", categories=sorted(set(CITIES)), open=True, missing=0)),
}


@pytest.mark.parametrize(("values", "expected"), INFERRED.values(), ids=INFERRED)
def test_infer_schema_finds_what_the_column_holds(values: Any, expected: Column) -> None:
    assert inferred(values) == expected


def test_infer_schema_of_more_words_than_are_kept_keeps_the_frequent_ones() -> None:
    words = [f"word {number:03}" for number in range(300)] * 2 + ["word 299", "word 299"]
    kept = inferred(words).categories
    assert kept is not None
    assert len(kept) == 254
    assert kept[0] == "word 000"
    assert kept[-1] == "word 299"


def test_infer_schema_fits_the_data_it_was_made_from() -> None:
    frame = pd.DataFrame(
        {
            "huge": CHANCE * 1e300,
            "tiny": CHANCE * -1e-300,
            "infinite": np.where(CHANCE < 0.1, np.inf, CHANCE),
            "mixed": ["unknown" if number % 11 == 0 else str(number) for number in COUNT],
            "city": CITIES,
            "when": [None if number % 3 else day for number, day in enumerate(DAYS.strftime("%d.%m.%Y"))],
        }
    )
    assert len(check(infer_schema(frame), frame)) == ROWS


def test_infer_schema_of_no_columns_is_refused() -> None:
    with pytest.raises(ProjectError, match="the table has no columns that can be used"):
        infer_schema(pd.DataFrame(index=[0, 1]))


UNUSABLE: dict[str, tuple[Any, str | None]] = {
    "id": (COUNT + 1000, "an identifier: a value of its own in every row"),
    "customerID": (COUNT * 7, "an identifier: a value of its own in every row"),
    "PassengerId": (COUNT * 7, "an identifier: a value of its own in every row"),
    "orderid": (COUNT * 7, "an identifier: a value of its own in every row"),
    "patient_no": (np.maximum(COUNT, 5) * 7, "an identifier: a value of its own in almost every row"),
    "paid": (COUNT * 7, None),
    "customer_id": (COUNT * 7, "an identifier: a value of its own in every row"),
    "Unnamed: 0": (COUNT * 3, "an identifier: a value of its own in every row"),
    "number": (COUNT, "it counts the rows"),
    "counted from one": (COUNT + 1, "it counts the rows"),
    "constant": (1, "one value only"),
    "word": ("same", "one value only"),
    "empty": (None, "every value is missing"),
    "person": ([f"Person {number}" for number in COUNT], "another value in almost every row"),
    "valid": (CHANCE, None),
    "every other": (COUNT * 2, None),
    "grid": (COUNT % 7, None),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_unusable_columns_are_named_with_their_reason(name: str) -> None:
    values, reason = UNUSABLE[name]
    frame = pd.DataFrame({name: values, "target": CHANCE}, index=COUNT)
    assert unusable(frame, infer_schema(frame), "target") == ({name: reason} if reason else {})


def test_unusable_target_is_not_among_them() -> None:
    frame = pd.DataFrame({"id": COUNT})
    assert unusable(frame, infer_schema(frame), "id") == {}

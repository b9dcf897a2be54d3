"""Data that do not fit the schema are refused, with the column and the value named."""

import pandas as pd
import pytest

from << cookiecutter.__package_name >>.data.schema import Column, Schema
from << cookiecutter.__package_name >>.errors import ProjectError

pytestmark = pytest.mark.requirement("CI-08")

SCHEMA = Schema(
    columns={
        "size": Column(type="number", minimum=0, maximum=10, missing=0.5),
        "count": Column(type="integer", missing=0.0),
        "colour": Column(type="category", categories=["blue", "red"], missing=0.0),
        "seen": Column(type="datetime", format="%d.%m.%Y", missing=0.0),
    }
)


def frame(**changes: list[object]) -> pd.DataFrame:
    good: dict[str, list[object]] = {
        "size": [1.5, None],
        "count": [1, 2],
        "colour": ["blue", "red"],
        "seen": ["31.01.2024", "01.02.2024"],
    }
    return pd.DataFrame(good | changes)


def test_good_data_pass_with_their_types() -> None:
    checked = SCHEMA.check(frame())
    assert checked["seen"].tolist() == [pd.Timestamp("2024-01-31"), pd.Timestamp("2024-02-01")]
    assert checked["count"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": [1.5, 11.0]}, "size: 1 value over the maximum 10, such as 11.0 in row 1"),
        ({"size": [-1.0, -2.0]}, "size: 2 values under the minimum 0"),
        ({"size": [None, None]}, "size: more missing values than the accepted share 0.5"),
        ({"size": ["tall", 1.0]}, "size: 'tall' is not a number"),
        ({"count": [1.5, 2.0]}, "count: 1 value not a whole number"),
        ({"colour": ["blue", "green"]}, "colour: 1 value not one of the categories, such as green"),
        ({"seen": ["31.01.2024", "2024-02-01"]}, "seen: '2024-02-01' is not a datetime"),
        ({"extra": [1, 2]}, "extra: the column is not in the schema"),
    ],
)
@pytest.mark.ml_test_score("Data 1", 1.0)
def test_bad_data_are_refused(changes: dict[str, list[object]], message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        SCHEMA.check(frame(**changes))


def test_missing_column_is_refused() -> None:
    with pytest.raises(ProjectError, match="colour: the column is missing"):
        SCHEMA.check(frame().drop(columns="colour"))

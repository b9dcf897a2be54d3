"""Data that do not fit the schema are refused, with the column, the rule and the value named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mlops_maturity.data import schema as schemas
from mlops_maturity.data import validation
from mlops_maturity.data.changes import changes
from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.data.validation import check, problems
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import DATA_VALIDATION, SCHEMA, TABLE

pytestmark = pytest.mark.guards("1-SKEW", "CI-08")

LIMITS = Schema(
    columns={
        "size": Column(type="number", minimum=0, maximum=10, missing=0.5),
        "count": Column(type="integer", missing=0.0),
        "sold": Column(type="boolean", missing=0.0),
        "colour": Column(type="category", categories=["blue", "red"], missing=0.0),
        "shop": Column(type="category", categories=["a"], open=True, missing=0.0),
        "seen": Column(type="datetime", format="%d.%m.%Y", missing=0.0),
    }
)
GOOD: dict[str, list[Any]] = {
    "size": [1.5, None],
    "count": [1, 2],
    "sold": [True, False],
    "colour": ["blue", "red"],
    "shop": ["a", "never seen"],
    "seen": ["31.01.2024", "01.02.2024"],
}
BAD: dict[str, tuple[dict[str, list[Any]], str]] = {
    "over the maximum": ({"size": [1.5, 11.0]}, "size: 1 value over the maximum 10, such as 11.0 in row 2"),
    "under the minimum": ({"size": [-1.0, -2.0]}, "size: 2 values under the minimum 0, such as -1.0 in row 1"),
    "too many gaps": ({"size": [None, None]}, "size: more missing values than the accepted share 0.5"),
    "a gap": ({"colour": ["blue", None]}, "colour: more missing values than the accepted share 0"),
    "another type": ({"size": ["tall", "1.0"]}, "size: 'tall' in row 1 is not a number"),
    "no whole number": ({"count": [1.5, 2.0]}, "count: 1 value not a whole number, such as 1.5 in row 1"),
    "no truth value": ({"sold": [2, 1]}, "sold: 1 value neither true nor false, such as 2.0 in row 1"),
    "another category": ({"colour": ["blue", "green"]}, "colour: 1 value not one of the categories, such as 'green'"),
    "another case": (
        {"colour": ["blue", "Red"]},
        "colour: 1 value not one of the categories, such as 'Red' in row 2, and",
    ),
    "signs that cannot be seen": (
        {"colour": ["blue", "re\u200bd"]},
        "colour: 1 value not one of the categories, such as 're.u200bd' in row 2, and 'red' is one",
    ),
    "another format": ({"seen": ["31.01.2024", "02/2024"]}, "seen: '02/2024' in row 2 is not a datetime"),
    "unexpected": ({"extra": [1, 2]}, "extra: the column is not in the schema"),
}


def frame(**changes: list[Any]) -> pd.DataFrame:
    return pd.DataFrame(GOOD | changes)


def test_check_good_data_come_with_their_types() -> None:
    checked = check(LIMITS, frame())
    assert checked["seen"].tolist() == [pd.Timestamp("2024-01-31"), pd.Timestamp("2024-02-01")]
    assert checked["count"].tolist() == [1.0, 2.0]
    assert problems(LIMITS, checked) == []


@pytest.mark.parametrize(("changes", "says"), BAD.values(), ids=BAD)
def test_check_bad_data_are_refused_by_column_and_value(changes: dict[str, list[Any]], says: str) -> None:
    with pytest.raises(ProjectError, match=f"the data do not fit data/schema.yaml: {says}"):
        check(LIMITS, frame(**changes))


def test_check_missing_column_is_refused() -> None:
    with pytest.raises(ProjectError, match="colour: the column is missing"):
        check(LIMITS, frame().drop(columns="colour"))


def test_check_all_faults_are_counted() -> None:
    with pytest.raises(ProjectError, match=r"size: .*; count: .*; sold: .* \(and 1 more\)"):
        check(LIMITS, frame(size=[11, 1], count=[1.5, 1], sold=[3, 1], colour=["green", "red"]))


@pytest.fixture
def table(params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Write the table and its schema into a folder, which becomes the current one."""
    monkeypatch.chdir(tmp_path)
    settings = params.changed(**{"data.ignore": {}})
    monkeypatch.setattr("mlops_maturity.data.validation.settings.load", lambda: settings)

    def write(**changes: list[Any]) -> None:
        schemas.save(LIMITS)
        TABLE.parent.mkdir(parents=True, exist_ok=True)
        frame(**changes).to_parquet(TABLE)

    return write


def test_run_good_data_are_on_record(table: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    table()
    validation.run()
    assert json.loads(DATA_VALIDATION.read_text()) == {"columns": list(GOOD), "problems": [], "rows": 2}
    assert f"every value fits {SCHEMA}" in capsys.readouterr().out


@pytest.mark.parametrize(("changes", "says"), BAD.values(), ids=BAD)
def test_run_bad_data_leave_no_record_that_they_fit(
    changes: dict[str, list[Any]], says: str, table: Callable[..., None]
) -> None:
    table()
    validation.run()
    table(**changes)
    with pytest.raises(ProjectError, match=says):
        validation.run()
    assert not DATA_VALIDATION.exists()


def many(**columns: list[Any]) -> tuple[Schema, pd.DataFrame]:
    """A table of many rows, and the schema of what was there before."""
    schema = Schema(
        columns={
            "share": Column(type="number", minimum=0, maximum=150, missing=0.0),
            "shop": Column(type="category", categories=["a"], open=True, missing=0.0),
            "seen": Column(type="datetime", format="%d/%m/%Y", missing=0.0),
            "y": Column(type="category", categories=["no", "yes"], missing=0.0),
        }
    )
    rows = {
        "share": [float(row % 100) for row in range(ROWS)],
        "shop": ["a" if row % 9 == 0 else f"shop {row}" for row in range(ROWS)],
        "seen": [f"{row % 28 + 1:02}/{row % 12 + 1:02}/2024" for row in range(ROWS)],
        "y": ["yes" if row % 2 else "no" for row in range(ROWS)],
    }
    return schema, check(schema, pd.DataFrame(rows | columns))


ROWS = 120
CHANGED: dict[str, tuple[dict[str, list[Any]], str]] = {
    "another unit": (
        {"share": [row % 100 / 100 for row in range(ROWS)]},
        "share: its values, 0 to 0.99, take up less than 1% of what the schema allows, 0 to 150: is it another unit?",
    ),
    "another spelling": (
        {"shop": [f"A{row}" for row in range(ROWS)]},
        "shop: none of its values is one of the categories, such as 'A0': are they written otherwise?",
    ),
    "another order of days": (
        {"seen": [f"{row % 12 + 1:02}/{row % 11 + 1:02}/2024" for row in range(ROWS)]},
        "seen: no day is after the 12th: are the dates still written as %d/%m/%Y?",
    ),
    "a class is gone": ({"y": ["no"] * ROWS}, "y: no row has 'yes', one of its 2 classes"),
}


@pytest.mark.parametrize("case", CHANGED)
def test_changes_name_what_fits_and_may_mean_something_else(case: str) -> None:
    columns, says = CHANGED[case]
    schema, frame = many(**columns)
    assert [*changes(schema, frame, "y")] == [says]


def test_changes_of_the_same_kind_of_rows_or_of_a_few_are_none() -> None:
    schema, frame = many()
    assert [*changes(schema, frame, "y")] == []
    schema, frame = many(**CHANGED["another unit"][0], **CHANGED["another spelling"][0])
    assert [*changes(schema, frame.head(50), "y")] == []

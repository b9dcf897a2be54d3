"""What the model sees follows from the schema and from features.py: numbers, parts of times, codes of categories."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_maturity.data.features import (
    LARGEST,
    PROBES,
    Columns,
    Features,
    bounded,
    columns_of_frame,
    in_utc,
    probe,
    probed,
)
from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.project.contract import Own
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params

PLAIN = Features(numbers=("length", "depth"), categories={"colour": ("blue", "red")}, times=("seen",), texts=("note",))
SCHEMA = Schema(
    columns={
        "length": Column(type="number", minimum=0, maximum=8, missing=0.5),
        "depth": Column(type="integer", minimum=10, maximum=20, missing=0.5),
        "sold": Column(type="boolean", missing=0.5),
        "colour": Column(type="category", categories=["blue", "red"], missing=0.5),
        "note": Column(type="text", missing=0.5),
        "seen": Column(type="datetime", missing=0.5),
        "target": Column(type="number", missing=0.0),
    }
)


def shape(columns: Columns) -> dict[str, np.ndarray]:
    return {"shape": columns["length"] / columns["depth"]}


def with_own(function: Any) -> Features:
    return PLAIN.with_own(Own(function), SCHEMA)


def record_of(features: Features, **record: Any) -> dict[str, float]:
    """What the model sees of a record, by name."""
    return dict(zip(features.names, features.of_records([record])[0].tolist(), strict=True))


@pytest.mark.guards("CI-01")
def test_features_of_a_record_have_the_values_of_features_py() -> None:
    features = with_own(shape)
    assert features.derived == ("shape",)
    seen = record_of(features, length=6.0, depth=3.0)
    assert seen["shape"] == 2.0
    assert (seen["length"], seen["depth"]) == (6.0, 3.0)


SOME = np.datetime64("2024-02-29", "D")


@pytest.mark.guards("CI-01")
def test_features_of_several_functions_keep_to_their_names() -> None:
    def several(columns: Columns) -> dict[str, np.ndarray]:
        words = np.array([len(word or "") for word in columns["note"]])
        return {"words": words, "above": columns["length"] > 5, "day": columns["seen"].astype("datetime64[D]") > SOME}

    features = with_own(several)
    assert features.derived == ("above", "day", "words")
    seen = record_of(features, length=6.0, note="four", seen="2024-03-01", colour="red")
    assert [seen[name] for name in features.derived] == [1, 1, 4]
    assert seen["colour"] == 3


@pytest.mark.guards("CI-01")
def test_features_of_a_time_are_its_parts() -> None:
    seen = record_of(PLAIN, seen=datetime(2024, 2, 29, 13, 45))
    parts = [seen[f"seen.{part}"] for part in ("year", "month", "day", "day_of_week", "hour")]
    assert parts == [2024, 2, 29, 3, 13]


@pytest.mark.guards("CI-01", "CI-04")
def test_features_that_float32_cannot_hold_are_missing_or_the_largest() -> None:
    seen = record_of(with_own(shape), length=np.inf, depth=1e300)
    assert np.isnan(seen["length"])
    assert np.isnan(seen["shape"])
    assert seen["depth"] == pytest.approx(LARGEST)
    assert bounded(np.array([-np.inf, -1e300, 1.0, np.nan])).tolist()[1:3] == [-LARGEST, 1.0]


@pytest.mark.guards("CI-04")
def test_features_that_divide_by_zero_are_missing_and_warn_nobody(recwarn: pytest.WarningsRecorder) -> None:
    assert np.isnan(record_of(with_own(shape), length=6.0, depth=0.0)["shape"])
    assert not recwarn


def test_features_of_large_tables_do_not_depend_on_how_it_holds_its_values() -> None:
    frame = pd.DataFrame(
        {
            "length": pd.array([1, None], "Int64"),
            "depth": [True, False],
            "colour": ["red", None],
            "note": ["a", None],
            "seen": [pd.Timestamp("2024-01-01"), pd.NaT],
        }
    )
    as_categories = frame.astype({"colour": "category", "length": "float64", "note": "category"})
    np.testing.assert_array_equal(PLAIN.of_frame(frame), PLAIN.of_frame(as_categories))


@pytest.fixture
def features_py(monkeypatch: pytest.MonkeyPatch) -> None:
    """A features.py that asks for all columns that it may see."""
    every = Own(lambda columns: {f"missing {name}": pd.isna(columns[name]) for name in columns})
    monkeypatch.setattr("mlops_maturity.data.features.own", lambda _: every)


@pytest.mark.usefixtures("features_py")
def test_features_of_a_project_leave_out_target_and_ignored_columns(params: Params) -> None:
    known = params.changed(**{"data.target": "target", "data.ignore": {"note": "why", "seen": "why"}})
    features = Features.of(SCHEMA, known)
    assert set(features.columns) == {"length", "depth", "sold", "colour"}
    assert set(features.derived) == {f"missing {name}" for name in features.columns}
    assert features.categories == {"colour": ("blue", "red")}


@pytest.mark.usefixtures("features_py")
def test_features_of_a_project_that_ignores_all_columns_are_refused(params: Params) -> None:
    known = params.changed(**{"data.target": "target", "data.ignore": dict.fromkeys(SCHEMA.columns, "why")})
    with pytest.raises(ProjectError, match=r"params\.yaml: data\.ignore leaves no feature; take a column out of it"):
        Features.of(SCHEMA, known)


def test_columns_that_features_py_is_given_cannot_be_changed() -> None:
    frame = pd.DataFrame({"length": [1.0], "depth": [2.0], "colour": ["red"], "note": ["a"], "seen": [pd.NaT]})
    columns = columns_of_frame(PLAIN, frame)
    assert set(columns) == set(PLAIN.columns)
    assert len(columns) == len(PLAIN.columns)
    for name in columns:
        with pytest.raises(ValueError, match="read-only"):
            columns[name][0] = columns[name][0]


def test_columns_that_features_py_is_given_are_made_once() -> None:
    columns = Columns(("a",), lambda _: np.ones(1))
    assert columns["a"] is columns["a"]


def test_probe_fits_the_schema_and_ends_without_a_value() -> None:
    found = probe(SCHEMA)
    assert {len(found[name]) for name in found} == {PROBES}
    assert [str(found[name].dtype) for name in ("length", "sold", "colour", "seen")] == [
        "float64",
        "float64",
        "object",
        "datetime64[us]",
    ]
    assert (found["length"][:-1] >= 0).all()
    assert (found["depth"][:-1] % 1 == 0).all()
    assert set(found["sold"][:-1]) == {0.0, 1.0}
    assert set(found["colour"][:-1]) == {"blue", "red"}
    for name in found:
        assert pd.isna(found[name][-1])


def test_probed_features_are_what_the_function_gives_as_float32() -> None:
    found = probed(with_own(lambda columns: {"third": columns["length"] / 3}), SCHEMA)
    assert list(found) == ["third"]
    assert found["third"][:2] == [0.0, float(np.float32(1 / 3))]
    assert found["third"][-1] is None


def test_features_that_vanish_after_training_are_refused() -> None:
    features = replace(with_own(shape), function=Own(lambda _: {}))
    with pytest.raises(ProjectError, match=r"test_features\.py:\d+: .* does not return 'shape', which the model sees"):
        features.of_records([{"length": 1.0, "depth": 2.0}])


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ([1.0], "returned list; it must return a mapping of names to arrays"),
        ({1: np.ones(PROBES)}, "returned the name 1; names must be str"),
        ({"seen.year": np.ones(PROBES)}, "returned 'seen.year', which is a column already"),
        ({"a": 1.0}, r"returned 'a' of shape \(\); \(8,\) is needed"),
        ({"a": np.array(["x"] * PROBES)}, "returned 'a' of type <U1; numbers are needed"),
    ],
)
def test_features_that_are_none_are_refused(found: Any, says: str) -> None:
    with pytest.raises(ProjectError, match=says):
        with_own(lambda _: found)


def test_features_without_own_are_those_of_the_columns() -> None:
    assert with_own(shape).without_own() == PLAIN


TIMES: dict[str, tuple[Any, datetime]] = {
    "a time": (datetime(2024, 1, 2, 3), datetime(2024, 1, 2, 3)),
    "a time elsewhere": (datetime(2024, 1, 1, 23, tzinfo=timezone(timedelta(hours=-5))), datetime(2024, 1, 2, 4)),
    "a time in UTC": (datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 2)),
    "a date": (date(2024, 1, 2), datetime(2024, 1, 2)),
    "a text": ("2024-01-02t03:00:00z", datetime(2024, 1, 2, 3)),
    "a text with a zone": ("2024-01-01T23:00:00-05:00", datetime(2024, 1, 2, 4)),
}


@pytest.mark.guards("1-PARITY")
@pytest.mark.parametrize(("given", "expected"), TIMES.values(), ids=TIMES)
def test_in_utc_time_of_any_form_is_the_time_in_utc(given: Any, expected: datetime) -> None:
    assert in_utc(given) == expected


def test_in_utc_text_that_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="not a date or time such as 2020-01-31"):
        in_utc("soon")


def categories(**columns: Any) -> np.ndarray:
    frame = pd.DataFrame({"length": 1.0, "depth": 1.0, "note": "", "seen": pd.NaT, **columns})
    return PLAIN.of_frame(frame)[:, PLAIN.names.index("colour")]


@pytest.mark.guards("CI-02")
def test_known_categories_have_codes_of_their_own() -> None:
    assert categories(colour=["blue", "red"]).tolist() == [2, 3]


@pytest.mark.guards("CI-02")
def test_unknown_and_missing_categories_have_codes_of_their_own() -> None:
    assert categories(colour=["green", None, "blue "]).tolist() == [1, 0, 2]
    assert [record_of(PLAIN, colour=word)["colour"] for word in ("green", None, " blue", "")] == [1, 0, 2, 1]


@pytest.mark.guards("CI-02")
def test_widths_count_all_codes_of_a_category() -> None:
    features = replace(PLAIN, categories={"a": (), "b": ("x", "y", "z")})
    assert features.widths == (2, 5)


@pytest.mark.guards("CI-02")
def test_matrix_is_as_wide_as_the_features_are_many() -> None:
    features = with_own(shape)
    matrix = features.of_records([{}] * 3)
    assert matrix.shape == (3, len(features.names)) == (3, 2 + 5 + 1 + 1)
    assert matrix.dtype == np.float32

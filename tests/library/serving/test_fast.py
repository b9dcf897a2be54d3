"""What is read fast is what the framework finds valid: there is one meaning of valid."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple
from pydantic import ValidationError

from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.serving.fast import reader
from mlops_maturity.serving.service import example, record_model

pytestmark = pytest.mark.guards("1-API")

SCHEMA = Schema(
    columns={
        "size, é": Column(type="number", minimum=0, maximum=10, missing=0),
        "free": Column(type="number", missing=0.1),
        "count": Column(type="integer", minimum=-3, maximum=300, missing=0),
        "any count": Column(type="integer", missing=0.1),
        "flag": Column(type="boolean", missing=0.1),
        "colour": Column(type="category", categories=["blue", "dark red"], missing=0),
        "shop": Column(type="category", categories=["a"], open=True, missing=0.1),
        "when": Column(type="datetime", missing=0.1),
    }
)
NAMES = tuple(SCHEMA.columns)
READ = reader(SCHEMA, NAMES)
RECORD = record_model(SCHEMA)

TIMES = st.datetimes(timezones=st.timezones() | st.none()).map(lambda time: time.isoformat())
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-5, 305),
    st.floats(),
    st.floats(-1, 11),
    st.integers(0, 10).map(float),
    st.text(),
    st.sampled_from(["blue", "dark red", " blue", "a", "1", "true", "2020-01-31", "2020-01-31 12:00", "2020-02-30"]),
    st.dates().map(str),
    TIMES,
    st.lists(st.integers(), max_size=1),
)
GOOD = {
    "size, é": st.floats(0, 10) | st.integers(0, 10),
    "free": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "count": st.integers(-3, 300),
    "any count": st.none() | st.integers(),
    "flag": st.none() | st.booleans(),
    "colour": st.sampled_from(["blue", "dark red"]),
    "shop": st.none() | st.text(),
    "when": st.none() | TIMES | st.dates().map(str),
}
# Good records, of which some lose a field, some get one too many, and some have any value in a field.
RECORDS = st.builds(
    lambda good, wrong, lost: {name: value for name, value in (good | wrong).items() if name not in lost},
    st.fixed_dictionaries(GOOD),
    st.dictionaries(st.sampled_from([*NAMES, "unknown"]), VALUES, max_size=2),
    st.sets(st.sampled_from(NAMES), max_size=1),
)


def read_fast(body: bytes) -> list[Any] | None:
    assert READ is not None
    try:
        return [astuple(record) for record in READ(body)]
    except ValueError:
        return None


def read_slowly(record: Any) -> tuple[Any, ...] | None:
    try:
        return tuple(RECORD.model_validate(record).model_dump(by_alias=True).values())
    except ValidationError:
        return None


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(RECORDS, st.booleans())
def test_record_that_is_read_fast_is_valid_and_has_the_same_values(record: dict[str, Any], ascii_only: bool) -> None:
    body = json.dumps({"records": [record]}, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    fast = read_fast(body)
    if fast is not None:
        assert [read_slowly(json.loads(body)["records"][0])] == fast


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.fixed_dictionaries(GOOD))
def test_record_that_is_valid_is_read_fast(record: dict[str, Any]) -> None:
    """Up to a few rare forms, such as an integer beyond 64 bits; else every request would take the slow way."""
    valid = read_slowly(record) is not None
    rare = abs(record["any count"] or 0) >= 2**63 or not str(record["shop"]).isprintable()
    fast = read_fast(json.dumps({"records": [record]}).encode(errors="surrogatepass"))
    assert rare or (fast is not None) == valid


def test_example_is_read_fast() -> None:
    assert read_fast(json.dumps({"records": [example(SCHEMA)]}).encode()) is not None


@pytest.mark.parametrize("name", ['a "quoted" name', "back\\slash", "two\nlines"])
def test_column_whose_name_cannot_be_looked_for_is_left_to_the_framework(name: str) -> None:
    assert reader(Schema(columns={name: Column(type="number", missing=0)}), [name]) is None

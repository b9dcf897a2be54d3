"""One cell of text means one thing, wherever it stands."""

from datetime import datetime

import pytest

from mlops_maturity.data.cells import Reading, canonical_time, number, time, word

GERMAN = Reading(decimal=",", thousands=".")


@pytest.mark.parametrize(
    ("text", "reading", "value"),
    [
        (" 1.5 ", Reading(), 1.5),
        ("-.5e3", Reading(), -500.0),
        ("5.", Reading(), 5.0),
        ("Infinity", Reading(), float("inf")),
        ("1.234.567,8", GERMAN, 1234567.8),
        ("1234,5", GERMAN, 1234.5),
        ("12 345.5", Reading(thousands=" "), 12345.5),
        ("1'000", Reading(thousands="'"), 1000.0),
    ],
)
def test_number_is_read_as_its_file_is_written(text: str, reading: Reading, value: float) -> None:
    assert number(text, reading) == value


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("", Reading()),
        ("1,5", Reading()),
        ("1.5", GERMAN),
        ("12.34", GERMAN),
        ("1_000", Reading()),
        ("0x10", Reading()),
        ("١٢", Reading()),
        ("5 kg", Reading()),
    ],
)
def test_number_that_its_file_does_not_write_so_is_refused(text: str, reading: Reading) -> None:
    with pytest.raises(ValueError, match="not a number"):
        number(text, reading)


@pytest.mark.parametrize(
    ("text", "written", "moment"),
    [
        ("2024-02", None, datetime(2024, 2, 1)),
        (" 2024-02-29 ", None, datetime(2024, 2, 29)),
        ("2024-02-29T12:30", None, datetime(2024, 2, 29, 12, 30)),
        ("2024-02-29 12:30:15,5", None, datetime(2024, 2, 29, 12, 30, 15, 500_000)),
        ("2024-02-29t12:30:15.1234567z", None, datetime(2024, 2, 29, 12, 30, 15, 123_456)),
        ("2024-02-29T00:30+02", None, datetime(2024, 2, 28, 22, 30)),
        ("2024-02-29T00:30 -0130", "ISO8601", datetime(2024, 2, 29, 2, 0)),
        ("29.02.2024", "%d.%m.%Y", datetime(2024, 2, 29)),
        ("2024-02-29", "%d.%m.%Y", datetime(2024, 2, 29)),
    ],
)
def test_time_is_in_utc_without_a_zone(text: str, written: str | None, moment: datetime) -> None:
    assert time(text, written) == moment


@pytest.mark.parametrize(
    ("text", "written", "reason"),
    [
        ("29.02.2024", None, "not a date or time such as"),
        ("2023-02-29", None, "day is out of range"),
        ("2024-13", None, "month must be in"),
        ("30.02", "%d.%m.%Y", "does not match format"),
        ("0001-01-01T00:00+02:00", None, "outside of the years 1 to 9999"),
    ],
)
def test_time_that_is_none_is_refused_with_the_reason(text: str, written: str | None, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        time(text, written)


def test_canonical_time_of_what_is_none_is_the_text() -> None:
    assert canonical_time("soon") == "soon"


@pytest.mark.parametrize(
    ("text", "found"), [(" a b ", "a b"), ("?", None), (" NA ", None), ("", None), (None, None), ("nil", "nil")]
)
def test_word_is_stripped_and_missing_words_are_none(text: str | None, found: str | None) -> None:
    assert word(text, Reading()) == found
    assert Reading().is_missing(text) is (found is None)


def test_word_that_a_schema_declares_missing_is_none() -> None:
    assert word("-", Reading(missing=("-",))) is None
    assert word("NA", Reading(missing=("-",))) == "NA"

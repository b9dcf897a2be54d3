"""The one definition of what the model sees, for training and for prediction alike.

Everything follows from the schema, params.yaml and the project's features.py, and nothing from the rows at hand, so a
row has the same features wherever it is computed. The model sees one float32 number per feature:

- numbers as they are, an infinite or missing one as NaN
- truth values as 0 and 1
- dates and times as year, month, day, day of the week (Monday is 0) and hour
- what features.py computes
- categories as a code: 0 missing, 1 any value that is not in the schema, 2 and up the schema's categories in order
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_maturity.data import cells
from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.project.contract import Own, own
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params

if TYPE_CHECKING:
    import pandas as pd

MISSING_CODE = 0.0
OTHER_CODE = 1.0
FIRST_CODE = 2

# Float32 ends at 3.4e38; a model must be able to add up a million rows of it.
LARGEST = 1e30

DATE_PARTS = ("year", "month", "day", "day_of_week", "hour")
EPOCH = np.datetime64("2020-01-01T12:00", "us")
DAY = np.timedelta64(1, "D")
PROBES = 8


class Columns(Mapping[str, np.ndarray]):
    """The columns that features.py is given: arrays (rows,), each made when it is asked for."""

    def __init__(self, names: Collection[str], make: Callable[[str], np.ndarray]) -> None:
        self._names = names
        self._make = make
        self._made: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._made:
            if name not in self._names:
                raise KeyError(name)
            self._made[name] = self._make(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True)
class Features:
    """What the model sees of a row.

    Attributes:
        numbers: columns that are seen as they are.
        categories: columns that are seen as codes, each with its values in the order of their codes.
        times: columns that are seen in parts.
        missing: words that say that a value is missing.
        offsets: what is subtracted of numbers before the model sees them.
        formats: how times are written, beside ISO 8601.
        texts: columns of free text, which features.py alone sees.
        derived: the names of what features.py computes.
        function: of features.py; None where it computes nothing.
    """

    numbers: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]
    times: tuple[str, ...]
    missing: tuple[str, ...] = ()
    offsets: Mapping[str, float] = field(default_factory=dict)
    formats: Mapping[str, str] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    function: Own | None = None

    @classmethod
    def of(cls, schema: Schema, params: Params) -> "Features":
        """The features of a project.

        Raises:
            ProjectError: none is left, or features.py does not return what it should.
        """
        hidden = {params.data.target, *(params.data.ignore or {})}
        seen = {name: column for name, column in schema.columns.items() if name not in hidden}
        features = cls(
            numbers=tuple(name for name, column in seen.items() if column.type in ("number", "integer", "boolean")),
            categories={
                name: tuple(column.categories or ()) for name, column in seen.items() if column.type == "category"
            },
            times=tuple(name for name, column in seen.items() if column.type == "datetime"),
            missing=schema.reading.missing,
            offsets={name: column.offset for name, column in seen.items() if column.offset is not None},
            formats={name: column.format for name, column in seen.items() if column.format not in (None, "ISO8601")},
            texts=tuple(name for name, column in seen.items() if column.type == "text"),
        ).with_own(own("features"), schema)
        if not features.columns:
            raise ProjectError("params.yaml: data.ignore leaves no feature; take a column out of it")
        return features

    def with_own(self, function: Own, schema: Schema) -> "Features":
        """The same with what a project's features.py computes; it is tried out on made-up rows to learn the names.

        Raises:
            ProjectError: it does not return what it should.
        """
        found = self._computed(function, probe(schema.only(self.columns)), PROBES)
        return replace(self, derived=tuple(sorted(found)), function=function if found else None)

    def without_own(self) -> "Features":
        """The same without what features.py computes: for what needs none of it, such as the simple model."""
        return replace(self, derived=(), function=None)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of the data that are needed."""
        return (*self.numbers, *self.categories, *self.texts, *self.times)

    @cached_property
    def positions(self) -> dict[str, int]:
        """Of each column, its place among them."""
        return {name: position for position, name in enumerate(self.columns)}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the features, in the order of the matrix; categories come last."""
        parts = tuple(f"{name}.{part}" for name in self.times for part in DATE_PARTS)
        return (*self.numbers, *parts, *self.derived, *self.categories)

    @cached_property
    def owners(self) -> tuple[str | None, ...]:
        """The column that each feature of the matrix is made of; None for what features.py computes."""
        parts = tuple(name for name in self.times for _ in DATE_PARTS)
        return (*self.numbers, *parts, *(None for _ in self.derived), *self.categories)

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """The number of codes of each category."""
        return tuple(FIRST_CODE + len(values) for values in self.categories.values())

    @cached_property
    def _codes(self) -> dict[str, dict[str | None, float]]:
        missing: dict[str | None, float] = dict.fromkeys((None, *self.missing), MISSING_CODE)
        return {
            name: missing | {value: float(code) for code, value in enumerate(values, start=FIRST_CODE)}
            for name, values in self.categories.items()
        }

    def of_frame(self, frame: "pd.DataFrame") -> np.ndarray:
        """The features of a table that fits the schema: float32, (rows, features).

        A column at a time: a large table takes no more memory than its features.
        """
        rows = len(frame)
        matrix = np.empty((rows, len(self.names)), dtype=np.float32)
        for position, name in enumerate(self.numbers):
            numbers = frame[name].to_numpy("float64", na_value=np.nan)
            matrix[:, position] = bounded(numbers - self.offsets.get(name, 0.0))
        position = len(self.numbers)
        for name in self.times:
            for part in _parts_of_series(frame[name]):
                matrix[:, position] = part
                position += 1
        for name, values in self.derived_of(columns_of_frame(self, frame), rows).items():
            matrix[:, position + self.derived.index(name)] = values
        for code, (name, table) in enumerate(self._codes.items(), start=position + len(self.derived)):
            words = frame[name].astype("category").cat
            # One look-up for each different value; position -1 (missing) takes the last entry.
            lookup = np.array([*(_code(table, word) for word in words.categories), MISSING_CODE])
            matrix[:, code] = lookup[words.codes.to_numpy()]
        return matrix

    def derived_of(self, columns: Columns, rows: int) -> dict[str, np.ndarray]:
        """What features.py computes, by name (rows,), as numbers that float32 can hold."""
        return {name: bounded(values) for name, values in self._derived_of(columns, rows).items()}

    def _derived_of(self, columns: Columns, rows: int) -> dict[str, np.ndarray]:
        if self.function is None:
            return {}
        found = self._computed(self.function, columns, rows)
        if missing := [name for name in self.derived if name not in found]:
            raise self.function.refuse(f"does not return {missing[0]!r}, which the model sees; it did in training")
        return {name: found[name] for name in self.derived}

    def _computed(self, function: Own, columns: Columns, rows: int) -> dict[str, np.ndarray]:
        with np.errstate(all="ignore"):
            found = function(columns)
        if not isinstance(found, Mapping):
            raise function.refuse(f"returned {type(found).__name__}; it must return a mapping of names to arrays")
        return {name: self._number(function, name, values, rows) for name, values in found.items()}

    def _number(self, function: Own, name: object, values: Any, rows: int) -> np.ndarray:
        if not isinstance(name, str):
            raise function.refuse(f"returned the name {name!r}; names must be str")
        if name in self._taken:
            raise function.refuse(f"returned {name!r}, which is a column already; choose another name")
        array = np.asarray(values)
        if array.shape != (rows,):
            raise function.refuse(
                f"returned {name!r} of shape {array.shape}; {(rows,)} is needed, a number for each row"
            )
        if array.dtype.kind not in "biuf":
            raise function.refuse(f"returned {name!r} of type {array.dtype}; numbers are needed")
        return array.astype("float64", copy=False)

    @cached_property
    def _taken(self) -> frozenset[str]:
        parts = (f"{name}.{part}" for name in self.times for part in DATE_PARTS)
        return frozenset((*self.columns, *parts))

    def of_records(self, records: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """The features of records: float32, (records, features)."""
        return self.of_rows(self.rows_of(records))

    def rows_of(self, records: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """The values of records in the order of `columns`.

        A missing value is None or a key that is not there. A date or time may be written as ISO 8601 says.
        """
        plain = (*self.numbers, *self.categories, *self.texts)
        return [
            [*map(record.get, plain), *(in_utc(record.get(name), self.formats.get(name)) for name in self.times)]
            for record in records
        ]

    def of_rows(self, rows: Sequence[Sequence[Any]]) -> np.ndarray:
        """The features of records whose values are in the order of `columns`: float32, (records, features).

        A missing value is None; a date or time is a `datetime`. All of it is one matrix, since for one record a call of
        NumPy costs more than the arithmetic.
        """
        numbers, words, texts = len(self.numbers), len(self.categories), len(self.texts)
        tables, start = tuple(self._codes.values()), numbers + words + texts
        rest = [None] * len(self.derived)
        matrix = np.array(
            [
                [
                    *row[:numbers],
                    *(part for time in row[start:] for part in _parts_of_value(time)),
                    *rest,
                    *map(_code, tables, row[numbers : numbers + words]),
                ]
                for row in rows
            ],
            dtype="float64",
        )
        if self.derived:
            position = numbers + len(DATE_PARTS) * len(self.times)
            for values in self._derived_of(columns_of_rows(self, matrix, rows), len(rows)).values():
                matrix[:, position] = values
                position += 1
        for name, offset in self.offsets.items():
            matrix[:, self.numbers.index(name)] -= offset
        return bounded(matrix).astype(np.float32)


def columns_of_frame(features: Features, frame: "pd.DataFrame") -> Columns:
    """What features.py is given in training: the columns of a table that fits the schema."""

    def made(name: str) -> np.ndarray:
        if name in features.numbers:
            return _numbers_of(frame[name])
        return _times_of(frame[name]) if name in features.times else _words_of(frame[name])

    return Columns(features.columns, made)


def columns_of_rows(features: Features, matrix: np.ndarray, rows: Sequence[Sequence[Any]]) -> Columns:
    """What features.py is given in the service: the same of records.

    Args:
        features: of the project.
        matrix: the numbers of the records, float64 (records, features).
        rows: the records, their values in the order of `Features.columns`.
    """
    numbers = _read_only(_known(matrix))

    def made(name: str) -> np.ndarray:
        position = features.positions[name]
        if position < len(features.numbers):
            return numbers[:, position]
        return _times_at(rows, position) if name in features.times else _words_at(rows, position, features.missing)

    return Columns(features.positions, made)


def probe(schema: Schema) -> Columns:
    """A few made-up rows that fit a schema: the same ones wherever they are made, the last without any value."""
    return Columns(schema.columns, lambda name: _probed(schema.columns[name]))


def probed(features: Features, schema: Schema) -> dict[str, list[float | None]]:
    """What features.py computes of the made-up rows: a model keeps it, to know its own features again."""
    found = features.derived_of(probe(schema.only(features.columns)), PROBES)
    return {
        name: [None if np.isnan(value) else float(value) for value in values.astype(np.float32)]
        for name, values in found.items()
    }


def _probed(column: Column) -> np.ndarray:
    steps = np.arange(PROBES)
    match column.type:
        case "category" | "text":
            known = column.categories or ["a", "b"]
            return np.array([*(known[step % len(known)] for step in steps[:-1]), None], dtype=object)
        case "datetime":
            return np.where(steps < PROBES - 1, EPOCH + 45 * steps * DAY, np.datetime64("NaT"))
        case "boolean":
            values = steps % 2.0
        case _:
            low = 0.0 if column.minimum is None else column.minimum
            high = low + 1.0 if column.maximum is None else column.maximum
            values = low + (high - low) * steps / PROBES
            if column.type == "integer":
                values = np.round(values)
    return np.where(steps < PROBES - 1, values, np.nan)


def _read_only(values: np.ndarray) -> np.ndarray:
    """What features.py may read and not change: the model sees the same columns."""
    view = values.view()
    view.flags.writeable = False
    return view


def _known(values: np.ndarray) -> np.ndarray:
    """Numbers with NaN in the place of what is infinite, as a schema reads it."""
    return np.where(np.isinf(values), np.nan, values)


def _numbers_of(values: "pd.Series") -> np.ndarray:
    return _read_only(_known(values.to_numpy("float64", na_value=np.nan)))


def _words_of(values: "pd.Series") -> np.ndarray:
    return _read_only(values.astype("object").where(values.notna(), None).to_numpy("object"))


def _times_of(values: "pd.Series") -> np.ndarray:
    return _read_only(values.to_numpy("datetime64[us]"))


def _words_at(rows: Sequence[Sequence[Any]], position: int, missing: tuple[str, ...]) -> np.ndarray:
    words = [_stripped(row[position]) for row in rows]
    return np.array([None if word in missing else word for word in words], dtype=object)


def _times_at(rows: Sequence[Sequence[Any]], position: int) -> np.ndarray:
    return np.array([row[position] for row in rows], dtype="datetime64[us]")


def _stripped(value: str | None) -> str | None:
    return None if value is None else str(value).strip()


def bounded(values: np.ndarray) -> np.ndarray:
    """Numbers that float32 can hold and add up: infinite becomes NaN, the huge become the largest."""
    if np.fmax.reduce(np.abs(values), axis=None, initial=0.0) <= LARGEST:
        return values  # as nearly all are: for one record, each call of NumPy counts
    known = np.where(np.isinf(values), np.nan, values)
    return np.maximum(np.minimum(known, LARGEST), -LARGEST)


def in_utc(time: datetime | date | str | None, written: str | None = None) -> datetime | None:
    """A date or time as training reads it: in UTC, without a zone.

    Args:
        time: text, or what a program made of it.
        written: the format of its column, beside ISO 8601.

    Raises:
        ValueError: the text is no date or time, or lies outside of the years 1 to 9999.
    """
    if time is None:
        return None
    if isinstance(time, str):
        return cells.time(time, written)
    if not isinstance(time, datetime):
        return datetime(time.year, time.month, time.day)
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def _code(table: Mapping[str | None, float], value: str | None) -> float:
    """The code of a category. Blanks around a value do not count: reading a table takes them off."""
    code = table.get(value)
    return table.get(str(value).strip(), OTHER_CODE) if code is None else code


def _parts_of_series(times: "pd.Series") -> list[np.ndarray]:
    return [getattr(times.dt, part).to_numpy("float64", na_value=np.nan) for part in DATE_PARTS]


def _parts_of_value(time: datetime | None) -> tuple[int | None, ...]:
    return (None,) * 5 if time is None else (time.year, time.month, time.day, time.weekday(), time.hour)

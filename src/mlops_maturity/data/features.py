"""The one definition of what the model sees, for training and for prediction alike.

Everything is derived from the schema and params.yaml and nothing from the rows at hand, so a row has the same features
wherever it is computed. The model sees one float32 number per feature:

- numbers as they are, an infinite or missing one as NaN
- truth values as 0 and 1
- categories as a code: 0 missing, 1 any value that is not in the schema, 2 and up the schema's categories in order
- dates and times as year, month, day, day of the week (Monday is 0) and hour
- derived features as params.yaml defines them
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_maturity.data.schema import Schema
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Derived, Params

if TYPE_CHECKING:
    import pandas as pd

MISSING_CODE = 0.0
OTHER_CODE = 1.0
FIRST_CODE = 2

# Float32 ends at 3.4e38; a model must be able to add up a million rows of it.
LARGEST = 1e30

DATE_PARTS = ("year", "month", "day", "day_of_week", "hour")


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """The quotient; NaN where the denominator is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: np.ndarray = np.where(denominator == 0, np.nan, numerator / denominator)
    return quotient


def difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The first minus the second."""
    with np.errstate(over="ignore"):
        found: np.ndarray = np.subtract(first, second)
    return found


def product(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The first times the second."""
    with np.errstate(over="ignore"):
        found: np.ndarray = np.multiply(first, second)
    return found


def log(values: np.ndarray) -> np.ndarray:
    """The natural logarithm of 1 + x; NaN where x is -1 or less."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm: np.ndarray = np.where(values <= -1, np.nan, np.log1p(values))
    return logarithm


OPERATIONS: dict[str, Callable[..., np.ndarray]] = {
    "ratio": ratio,
    "difference": difference,
    "product": product,
    "log": log,
}


@dataclass(frozen=True)
class Features:
    """What the model sees of a row.

    Attributes:
        numbers: columns that are seen as they are.
        categories: columns that are seen as codes, each with its values in the order of their codes.
        times: columns that are seen in parts.
        derived: features computed from numbers.
    """

    numbers: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]
    times: tuple[str, ...]
    derived: tuple[Derived, ...]

    @classmethod
    def of(cls, schema: Schema, params: Params) -> "Features":
        """The features of a project.

        Raises:
            ProjectError: none is left, or a derived feature names a column that is no number.
        """
        hidden = {params.data.target, *(params.data.ignore or {})}
        seen = {name: column for name, column in schema.columns.items() if name not in hidden}
        numbers = tuple(name for name, column in seen.items() if column.type in ("number", "integer", "boolean"))
        for derived in params.features.derived:
            if unknown := [name for name in derived.of if name not in numbers]:
                raise ProjectError(f"params.yaml: features.derived: {derived.name}: {unknown[0]!r} is no number column")
        features = cls(
            numbers=numbers,
            categories={
                name: tuple(column.categories or ()) for name, column in seen.items() if column.type == "category"
            },
            times=tuple(name for name, column in seen.items() if column.type == "datetime"),
            derived=tuple(params.features.derived),
        )
        if not features.names:
            raise ProjectError("params.yaml: data.ignore leaves no feature; take a column out of it")
        return features

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of the data that are needed."""
        return (*self.numbers, *self.categories, *self.times)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the features, in the order of the matrix; categories come last."""
        parts = tuple(f"{name}.{part}" for name in self.times for part in DATE_PARTS)
        return (*self.numbers, *parts, *(derived.name for derived in self.derived), *self.categories)

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """The number of codes of each category."""
        return tuple(FIRST_CODE + len(values) for values in self.categories.values())

    @cached_property
    def _codes(self) -> dict[str, dict[str | None, float]]:
        return {
            name: {None: MISSING_CODE, **{value: float(code) for code, value in enumerate(values, start=FIRST_CODE)}}
            for name, values in self.categories.items()
        }

    @cached_property
    def _formulas(self) -> list[tuple[Callable[..., np.ndarray], list[int]]]:
        """Of each derived feature the operation, and the positions of the numbers that it is made of."""
        return [
            (OPERATIONS[derived.operation], [self.numbers.index(name) for name in derived.of])
            for derived in self.derived
        ]

    def of_frame(self, frame: "pd.DataFrame") -> np.ndarray:
        """The features of a table that fits the schema: float32, (rows, features).

        A column at a time: a large table takes no more memory than its features.
        """
        numbers = [frame[name].to_numpy("float64", na_value=np.nan) for name in self.numbers]
        values = [*numbers, *(part for name in self.times for part in _parts_of_series(frame[name]))]
        values += [operation(*(numbers[position] for position in of)) for operation, of in self._formulas]
        matrix = np.empty((len(frame), len(self.names)), dtype=np.float32)
        for position, column in enumerate(values):
            matrix[:, position] = bounded(column)
        for position, (name, table) in enumerate(self._codes.items(), start=len(values)):
            words = frame[name].astype("category").cat
            # One look-up for each different value; position -1 (missing) takes the last entry.
            lookup = np.array([*(_code(table, word) for word in words.categories), MISSING_CODE])
            matrix[:, position] = lookup[words.codes.to_numpy()]
        return matrix

    def of_records(self, records: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """The features of records: float32, (records, features).

        A missing value is None or a key that is not there. A date or time may be written as ISO 8601 says.
        """
        plain = (*self.numbers, *self.categories)
        return self.of_rows(
            [
                [
                    *map(record.get, plain),
                    *(None if (time := record.get(name)) is None else in_utc(time) for name in self.times),
                ]
                for record in records
            ]
        )

    def of_rows(self, rows: Sequence[Sequence[Any]]) -> np.ndarray:
        """The features of records whose values are in the order of `columns`: float32, (records, features).

        A missing value is None; a date or time is a `datetime`. All of it is one matrix, since for one record a call of
        NumPy costs more than the arithmetic.
        """
        numbers, words = len(self.numbers), len(self.numbers) + len(self.categories)
        tables = tuple(self._codes.values())
        rest = [None] * len(self.derived)
        matrix = np.array(
            [
                [
                    *row[:numbers],
                    *(part for time in row[words:] for part in _parts_of_value(time)),
                    *rest,
                    *map(_code, tables, row[numbers:words]),
                ]
                for row in rows
            ],
            dtype="float64",
        )
        for position, (operation, of) in enumerate(self._formulas, start=numbers + len(DATE_PARTS) * len(self.times)):
            matrix[:, position] = operation(*(matrix[:, number] for number in of))
        return bounded(matrix).astype(np.float32)


def bounded(values: np.ndarray) -> np.ndarray:
    """Numbers that float32 can hold and add up: infinite becomes NaN, the huge become the largest."""
    known = np.where(np.isinf(values), np.nan, values)
    return np.maximum(np.minimum(known, LARGEST), -LARGEST)


def in_utc(time: datetime | date | str) -> datetime:
    """A date or time as training reads it: in UTC, without a zone.

    Raises:
        ValueError: the text is not ISO 8601.
        OverflowError: it lies outside of the years 1 to 9999.
    """
    if isinstance(time, str):
        time = datetime.fromisoformat(time.upper())
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

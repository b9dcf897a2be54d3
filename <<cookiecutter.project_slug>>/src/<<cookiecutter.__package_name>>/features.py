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
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from .data.schema import Schema
from .errors import ProjectError
from .params import Derived, Params

MISSING_CODE = 0.0
OTHER_CODE = 1.0
FIRST_CODE = 2

# Float32 ends at 3.4e38; a model must be able to add up a million rows of it.
LARGEST = 1e30

DATE_PARTS = ("year", "month", "day", "day_of_week", "hour")

Columns = Mapping[str, np.ndarray]


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """The quotient; NaN where the denominator is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: np.ndarray = np.where(denominator == 0, np.nan, numerator / denominator)
    return quotient


def difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The first minus the second."""
    found: np.ndarray = first - second
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
    def _codes(self) -> dict[str, dict[str, int]]:
        return {
            name: {value: code for code, value in enumerate(values, start=FIRST_CODE)}
            for name, values in self.categories.items()
        }

    def of_frame(self, frame: pd.DataFrame) -> np.ndarray:
        """The features of a table that fits the schema: float32, (rows, features)."""
        columns = {name: frame[name].to_numpy("float64", na_value=np.nan) for name in self.numbers}
        codes = {name: self._codes_of_series(name, frame[name]) for name in self.categories}
        times = {name: _parts_of_series(frame[name]) for name in self.times}
        return self._matrix(columns, codes, times, len(frame))

    def of_records(self, records: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """The features of records as they come over HTTP: float32, (records, features).

        A missing value is None or a key that is not there; a date or time is a `datetime`.
        """
        columns = {
            name: np.array([np.nan if (value := record.get(name)) is None else value for record in records], "float64")
            for name in self.numbers
        }
        codes = {
            name: np.array(
                [
                    MISSING_CODE if (value := record.get(name)) is None else table.get(value, OTHER_CODE)
                    for record in records
                ]
            )
            for name, table in self._codes.items()
        }
        times = {name: _parts_of_values([record.get(name) for record in records]) for name in self.times}
        return self._matrix(columns, codes, times, len(records))

    def _matrix(
        self, numbers: Columns, codes: Columns, times: Mapping[str, Sequence[np.ndarray]], rows: int
    ) -> np.ndarray:
        matrix = np.empty((rows, len(self.names)), dtype=np.float32)
        values = [numbers[name] for name in self.numbers]
        values += [part for name in self.times for part in times[name]]
        values += [OPERATIONS[derived.operation](*(numbers[name] for name in derived.of)) for derived in self.derived]
        for position, column in enumerate(values):
            matrix[:, position] = bounded(column)
        for position, name in enumerate(self.categories, start=len(values)):
            matrix[:, position] = codes[name]
        return matrix

    def _codes_of_series(self, name: str, values: pd.Series) -> np.ndarray:
        words = values.astype("category").cat
        table = self._codes[name]
        # One look-up for each different value; position -1 (missing) takes the last entry.
        lookup = np.array([table.get(word, OTHER_CODE) for word in words.categories] + [MISSING_CODE])
        return lookup[words.codes.to_numpy()]


def bounded(values: np.ndarray) -> np.ndarray:
    """Numbers that float32 can hold and add up: infinite becomes NaN, the huge become the largest."""
    return np.clip(np.where(np.isinf(values), np.nan, values), -LARGEST, LARGEST)


def _parts_of_series(times: pd.Series) -> list[np.ndarray]:
    return [getattr(times.dt, part).to_numpy("float64", na_value=np.nan) for part in DATE_PARTS]


def _parts_of_values(times: Sequence[Any]) -> list[np.ndarray]:
    return _parts_of_series(pd.Series(pd.to_datetime(list(times))))

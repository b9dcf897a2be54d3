"""Rows made up from the schema, for the suites to run where the data may not go (a fork, a runner without secrets)."""

import numpy as np
import pandas as pd

from mlops_maturity.data.conversion import conform
from mlops_maturity.data.schema import Column, Schema

EPOCH = np.datetime64("2020-01-01", "us")
HOUR = np.timedelta64(3_600_000_000, "us")


def synthesise(schema: Schema, target: str, rows: int = 300, seed: int = 7) -> pd.DataFrame:
    """Make rows that fit the schema and whose target can be learned from the other columns.

    The columns are independent of each other. The target follows their sum, so that a model has something to find;
    nothing else about the real data, least of all a row of them, is in here.
    """
    generator = np.random.default_rng(seed)
    parts = {name: generator.random(rows) for name in schema.columns if name != target}
    signal = np.sum([parts[name] for name in list(parts)[:3]], axis=0) if parts else generator.random(rows)
    ranks = signal.argsort().argsort() / max(rows - 1, 1)
    made = {
        name: _values(column, ranks if name == target else parts[name], generator, may_miss=name != target)
        for name, column in schema.columns.items()
    }
    return conform(schema, pd.DataFrame(made))


def _values(column: Column, position: np.ndarray, generator: np.random.Generator, *, may_miss: bool) -> pd.Series:
    """Values at the given positions (0 to 1) of the column's domain."""
    match column.type:
        case "category":
            categories = np.array(column.categories or ["a", "b"], dtype=object)
            chosen = np.minimum((position * len(categories)).astype(int), len(categories) - 1)
            values = pd.Series(categories[chosen])
        case "text":
            values = pd.Series([f"text {number}" for number in range(len(position))])
        case "boolean":
            values = pd.Series((position >= 0.5).astype("float64"))
        case "datetime":
            times = EPOCH + (position * 24 * 365).astype(int) * HOUR
            values = pd.Series(times)
            if column.format not in (None, "ISO8601"):
                values = values.dt.strftime(column.format)
        case _:
            low = column.minimum if column.minimum is not None else 0.0
            high = column.maximum if column.maximum is not None else low + 1.0
            # The sum may be rounded to more than the maximum.
            numbers = np.minimum(low + position * (high - low), high)
            values = pd.Series(np.floor(numbers) if column.type == "integer" else numbers)
    if may_miss and 0 < column.missing < 1:
        values = values.mask(generator.random(len(position)) < column.missing / 2)
    elif column.missing == 1.0 and may_miss:
        values = values.mask(np.ones(len(position), dtype=bool))
    return values

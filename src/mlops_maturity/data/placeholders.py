"""Numbers and dates that perhaps stand for a missing value, such as -999 or 9999-12-31.

They are kept as they are: only a person knows. Such a value is repeated, and farther from all others than these are
from each other; a number is written with nines alone, or is -1 where no other is below zero.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from mlops_maturity.data.inferred import accepted_share, infer_number

# With fewer different values beside it, or none that is large, -1 may be one of a few codes.
FEWEST_OTHERS, LARGE = 3, 10


@dataclass(frozen=True)
class Placeholder:
    """A value that perhaps stands for a missing one.

    Attributes:
        value: a number, or a date.
        rows: how many have it.
        others: the other values.
    """

    value: Any
    rows: int
    others: pd.Series


def noted(values: pd.Series, spelled: Callable[[Any], str] | None = None) -> Iterator[str]:
    """What a person should know of values that perhaps stand for a missing one.

    Args:
        values: numbers, or dates and times.
        spelled: how a value is written in a file of text; without it, the file has numbers and dates itself.
    """
    for found in placeholders(values):
        low, high = found.others.min(), found.others.max()
        bounds = ""
        if isinstance(low, pd.Timestamp):
            shown, span = f"{found.value:%Y-%m-%d}", f"{low:%Y-%m-%d} to {high:%Y-%m-%d}"
        else:
            rest = infer_number(found.others).column
            shown, span = f"{found.value:.10g}", f"{low:.10g} to {high:.10g}"
            bounds = f"`minimum: {rest.minimum:.10g}`, `maximum: {rest.maximum:.10g}` and "
        most = accepted_share((float(values.isna().sum()) + found.rows) / len(values))
        todo = "make it one in load() of data.py"
        if spelled is not None:
            shown = repr(spelled(found.value))
            todo = (
                f"add it to reading.missing, which holds for all columns, and write {bounds}`missing: {most:g}` in the "
                "column's entry"
            )
        yield (
            f"{shown} ({found.rows:,} rows) is apart from the other values, {span}; if it means that a value is "
            f"missing, {todo}"
        )


def placeholders(values: pd.Series) -> Iterator[Placeholder]:
    """Those of a column, at most one at each end.

    Args:
        values: numbers, or dates and times.
    """
    known = values.dropna()
    for value in (known.min(), known.max()) if len(known) else ():
        if isinstance(value, pd.Timestamp) or value == -1 or _is_written_with_nines(value):
            others = known[known != value]
            rows = len(known) - len(others)
            if rows > 1 and len(others) and _is_apart(value, others) and others.nunique() >= FEWEST_OTHERS:
                yield Placeholder(value, rows, others)


def _is_apart(value: Any, others: pd.Series) -> bool:
    low, high = others.min(), others.max()
    return bool(min(abs(value - low), abs(value - high)) > high - low or (value == -1 and low >= 0 and high >= LARGE))


def _is_written_with_nines(value: float) -> bool:
    return set(f"{abs(value):.15g}") <= {"9", "."} and abs(value) >= 9

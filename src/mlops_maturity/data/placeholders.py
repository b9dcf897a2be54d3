"""Numbers and dates that perhaps stand for a missing value, such as -999 or 9999-12-31.

They are kept as they are: only a person knows. Such a value is repeated, and farther from all others than these are
from each other, a number ten times as far, if it is not written with nines alone. Up to three such values may stand
together, such as 97, 98 and 99. Where no other is below zero, the usual codes of surveys are some, too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mlops_maturity.data.inferred import accepted_share, infer_number

# With fewer different values beside it, or none that is large, -1 may be one of a few codes.
FEWEST_OTHERS, LARGE = 3, 10
# How many times farther from the others than these are from each other any number must be.
FAR = 10
MOST_PLACEHOLDERS = 3
# Of surveys: refused, not known, not asked.
CODES = frozenset((-1, -7, -8, -9, -66, -77, -88, -97, -98, -99))


@dataclass(frozen=True)
class Placeholder:
    """A value that perhaps stands for a missing one.

    Attributes:
        value: a number, or a date.
        rows: how many have it.
    """

    value: Any
    rows: int


def noted(values: pd.Series, spelled: Callable[[Any], str] | None = None) -> Iterator[str]:
    """What a person should know of values that perhaps stand for a missing one.

    Args:
        values: numbers, or dates and times.
        spelled: how a value is written in a file of text; without it, the file has numbers and dates itself.
    """
    if not (found := placeholders(values)):
        return
    others = values[_known(values) & ~values.isin([each.value for each in found])]
    if others.empty:
        return
    low, high = others.min(), others.max()
    bounds = ""
    if isinstance(low, pd.Timestamp):
        span = f"{low:%Y-%m-%d} to {high:%Y-%m-%d}"
    else:
        rest = infer_number(others).column
        span = f"{low:.10g} to {high:.10g}"
        bounds = f"`minimum: {rest.minimum:.10g}`, `maximum: {rest.maximum:.10g}` and "
    most = accepted_share((float(values.isna().sum()) + sum(each.rows for each in found)) / len(values))
    named = " and ".join(f"{_shown(each.value, spelled)} ({each.rows:,} rows)" for each in found)
    are, it, means = ("is", "it", "means") if len(found) == 1 else ("are", "they", "mean")
    them = "it" if len(found) == 1 else "them"
    todo = f"make {'it one' if len(found) == 1 else 'them ones'} in load() of data.py"
    if spelled is not None:
        todo = (
            f"add {them} to reading.missing, which holds for all columns, and write {bounds}`missing: {most:g}` in the "
            "column's entry"
        )
    yield f"{named} {are} apart from the other values, {span}; if {it} {means} that a value is missing, {todo}"


def _shown(value: Any, spelled: Callable[[Any], str] | None) -> str:
    if spelled is not None:
        return repr(spelled(value))
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else f"{value:.10g}"


@np.errstate(over="ignore", invalid="ignore")
def placeholders(values: pd.Series) -> list[Placeholder]:
    """Those of a column, a few at each end; of most columns, two comparisons tell that an end has none.

    Args:
        values: numbers, or dates and times.
    """
    known = values[_known(values)]
    if known.empty:
        return []
    low, middle, high = known.min(), known.median(), known.max()
    found = []
    for end, other, take in ((low, high, pd.Series.nsmallest), (high, low, pd.Series.nlargest)):
        is_far = abs(end - middle) > FAR * abs(other - middle)
        if isinstance(end, pd.Timestamp) or is_far or end in CODES or _is_written_with_nines(end):
            found += _up_to_a_gap(known, take(known.drop_duplicates(), MOST_PLACEHOLDERS).to_list())
    return found


def _known(values: pd.Series) -> pd.Series:
    """Which values are there, and finite."""
    return np.isfinite(values) if pd.api.types.is_numeric_dtype(values) else values.notna()


def _up_to_a_gap(known: pd.Series, values: list[Any]) -> list[Placeholder]:
    """The first of the outermost values, the outermost first, that a gap divides from the others."""
    for number in range(1, len(values) + 1):
        found = values[:number]
        others = known[~known.isin(found)]
        rows = [int((known == value).sum()) for value in found]
        if min(rows) > 1 and others.nunique() >= FEWEST_OTHERS and _are_apart(found, others):
            return [Placeholder(value, count) for value, count in zip(found, rows, strict=True)]
    return []


def _are_apart(found: list[Any], others: pd.Series) -> bool:
    """Whether a gap larger than the range of the others is between them, or all of these are codes that they are not.

    Args:
        found: the outermost first.
        others: the other values.
    """
    low, high = others.min(), others.max()
    gap = min(abs(found[-1] - low), abs(found[-1] - high))
    if isinstance(found[0], pd.Timestamp):
        return bool(gap > high - low)
    if CODES.issuperset(found) and low >= 0 and high >= LARGE:
        return True
    return bool(gap > (1 if found[0] == -1 or _is_written_with_nines(found[0]) else FAR) * (high - low))


def _is_written_with_nines(value: float) -> bool:
    return set(f"{abs(value):.15g}") <= {"9", "."} and abs(value) >= 9

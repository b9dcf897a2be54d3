"""What is inferred of a column: its entry in the schema, and what people should know of it."""

import math
import sys
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mlops_maturity.data.features import LARGEST
from mlops_maturity.data.schema import Column


@dataclass
class Inferred:
    """A column on its way into a schema.

    Attributes:
        column: what it must look like.
        notes: what people should know of it.
    """

    column: Column
    notes: list[str] = field(default_factory=list)


def infer_number(numbers: pd.Series) -> Inferred:
    """The entry of a column of numbers, with room around what was seen."""
    known = numbers[np.isfinite(numbers)]
    if known.empty:
        return Inferred(Column(type="number", missing=1.0))
    whole = bool((known % 1 == 0).all())
    low, high = float(known.min()), float(known.max())
    room = high / 2 - low / 2
    minimum = max(low - room, 0.0 if low >= 0 else -sys.float_info.max)
    maximum = min(high + room, sys.float_info.max)
    if whole:
        minimum, maximum = math.floor(minimum), math.ceil(maximum)
    offset = _offset(known.to_numpy())
    notes = []
    if max(-low, high) > LARGEST:
        notes.append(f"models see what is beyond {LARGEST:.0e} as {LARGEST:.0e}: float32 holds no more")
    if offset is not None:
        notes.append(f"float32, which models see, cannot tell its values apart; {offset:g} is subtracted before")
    column = Column(
        type="integer" if whole else "number",
        minimum=float(f"{minimum:.6g}") if abs(minimum) < 1e6 else minimum,
        maximum=float(f"{maximum:.6g}") if abs(maximum) < 1e6 else maximum,
        offset=offset,
        missing=accepted_share(float(1 - len(known) / len(numbers))),
    )
    return Inferred(column, notes)


def _offset(values: np.ndarray) -> float | None:
    """What to subtract so that float32 can tell the values apart; None where it can as they are."""
    different = np.unique(values[np.abs(values) < np.finfo(np.float32).max])
    if not len(different):
        return None
    kept = len(np.unique(different.astype(np.float32)))
    if kept >= 0.99 * len(different):
        return None
    middle = float(np.floor(np.median(different)))
    return middle if len(np.unique((different - middle).astype(np.float32))) > kept else None


def accepted(values: pd.Series) -> float:
    """The share of missing values that is accepted where there are those of a column."""
    return accepted_share(float(values.isna().mean()))


def accepted_share(share: float) -> float:
    """Room above what was seen: a column without gaps may have none; one with gaps may have half as many again."""
    return 0.0 if share == 0 else min(1.0, math.ceil(share * 150 + 1) / 100)

"""Dividing the rows into train, validation and test: disjoint, and the same ones for the same data and seed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedKFold,
    TimeSeriesSplit,
    train_test_split,
)

from ..errors import ProjectError
from ..params import Split

Rows = np.ndarray


@dataclass(frozen=True)
class Parts:
    """Row positions of the three sets."""

    train: Rows
    validation: Rows
    test: Rows


def split(frame: pd.DataFrame, target: str, settings: Split) -> Parts:
    """Divide the rows as params.yaml says.

    - stratified: at random, with the same share of each class everywhere
    - random: at random
    - group: at random, all rows of a group in the same set
    - time: the latest rows are the test set, the ones before them the validation set

    Raises:
        ProjectError: the column of the groups or the time is not there, or has too few values.
    """
    rest, test = _two_parts(frame, np.arange(len(frame)), target, settings, settings.test)
    share = settings.validation / (1 - settings.test)
    train, validation = _two_parts(frame, rest, target, settings, share)
    return Parts(train=np.sort(train), validation=np.sort(validation), test=np.sort(test))


def folds(frame: pd.DataFrame, target: str, settings: Split, count: int = 5) -> Iterator[tuple[Rows, Rows]]:
    """Cross-validation folds of the same kind as the split: pairs of row positions to learn from and to score on."""
    match settings.method:
        case "stratified":
            splitter = StratifiedKFold(count, shuffle=True, random_state=settings.seed)
            yield from splitter.split(frame, frame[target].astype("str"))
        case "group":
            yield from GroupKFold(count).split(frame, groups=_column(frame, settings).astype("str"))
        case "time":
            order = np.argsort(_column(frame, settings).to_numpy(), kind="stable")
            for train, test in TimeSeriesSplit(count).split(order):
                yield order[train], order[test]
        case _:
            yield from KFold(count, shuffle=True, random_state=settings.seed).split(frame)


def _two_parts(frame: pd.DataFrame, rows: Rows, target: str, settings: Split, share: float) -> tuple[Rows, Rows]:
    part = frame.iloc[rows]
    match settings.method:
        case "time":
            ordered = rows[np.argsort(_column(part, settings).to_numpy(), kind="stable")]
            cut = len(ordered) - max(1, round(len(ordered) * share))
            return ordered[:cut], ordered[cut:]
        case "group":
            groups = _column(part, settings).astype("str")
            if groups.nunique() < 3:
                raise ProjectError(f"split.by: {settings.by!r} has fewer than 3 groups; choose another column")
            splitter = GroupShuffleSplit(n_splits=1, test_size=share, random_state=settings.seed)
            first, second = next(splitter.split(part, groups=groups))
            return rows[first], rows[second]
        case method:
            strata = part[target].astype("str") if method == "stratified" else None
            first, second = train_test_split(rows, test_size=share, random_state=settings.seed, stratify=strata)
            return first, second


def _column(frame: pd.DataFrame, settings: Split) -> pd.Series:
    if settings.by not in frame:
        raise ProjectError(f"split.by: {settings.by!r} is not a column; split.method {settings.method} needs one")
    return frame[settings.by]

"""Dividing the rows into train, validation and test: disjoint, and the same ones for the same data and seed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Split

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
    # A second that only the first run and tuning need.
    from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, TimeSeriesSplit

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
    generator = np.random.default_rng(settings.seed)
    match settings.method:
        case "time":
            order = np.argsort(_column(part, settings).to_numpy(), kind="stable")
            second = np.arange(len(rows)) >= len(rows) - _count(len(rows), share)
        case "group":
            groups, names = pd.factorize(_column(part, settings), use_na_sentinel=False)
            count = len(names)
            if count < 3:
                raise ProjectError(f"split.by: {settings.by!r} has fewer than 3 groups; choose another column")
            order = np.arange(len(rows))
            second = np.isin(groups, generator.permutation(count)[: _count(count, share)])
        case method:
            order = generator.permutation(len(rows))
            if method == "stratified":
                classes, _ = pd.factorize(part[target])
                order = order[np.argsort(classes[order], kind="stable")]
            # As many as there should be, evenly spaced: of rows that lie class by class, the same share of each.
            marks = np.arange(len(rows) + 1) * _count(len(rows), share) + len(rows) // 2
            second = np.diff(marks // len(rows)) > 0
    return rows[order[~second]], rows[order[second]]


def _count(number: int, share: float) -> int:
    return max(1, round(number * share))


def _column(frame: pd.DataFrame, settings: Split) -> pd.Series:
    if settings.by not in frame:
        raise ProjectError(f"split.by: {settings.by!r} is not a column; split.method {settings.method} needs one")
    return frame[settings.by]

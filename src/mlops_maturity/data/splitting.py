"""Dividing the rows into train, validation and test: disjoint, and the same ones for the same data and seed."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from warnings import catch_warnings, simplefilter

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

from mlops_maturity.project.errors import ProjectError, meant
from mlops_maturity.project.params import Split

Rows = np.ndarray
# Rows that are no copies of others, to divide them into three sets.
FEWEST_DIFFERENT = 10
# One for each set.
FEWEST_GROUPS = 3
# Parts of the range of a target that is a number: each set gets its share of each.
STRATA = 10
# Of the features that several rows share, those that come with different targets: more, and the rows are no copies.
MOST_CONFLICTS = 0.05


@dataclass(frozen=True)
class Parts:
    """Row positions of the three sets."""

    train: Rows
    validation: Rows
    test: Rows


def split(frame: pd.DataFrame, target: str, settings: Split, ignored: Iterable[str] = ()) -> Parts:
    """Divide the rows as params.yaml says.

    Copies of a row are in the same set: a model would be tested on what it was taught. Where rows with equal features
    differ in their target, equal rows are cases of their own, such as persons of the same age and sex.

    - stratified: at random, with the same share of each class, or of each tenth of the sorted numbers, everywhere
    - random: at random
    - group: at random, all rows of a group in the same set
    - time: the latest rows are the test set, the ones before them the validation set; the train set gets the undated;
      rows of one time are in the same set
    - column: as a column says, equal rows or not; if it has no validation set, that is drawn from the train set

    Args:
        frame: the rows.
        target: the column that is predicted.
        settings: of the split.
        ignored: columns that do not count when rows are compared.

    Raises:
        ProjectError: the column that it is by is missing, there are too few groups, or a set would be
            empty or without a class.
    """
    if settings.method == "column":
        return _given(frame, target, settings)
    first = first_equal(frame, target, ignored)
    some = np.flatnonzero(first == np.arange(len(first)))
    if len(some) < min(FEWEST_DIFFERENT, len(frame)):
        raise ProjectError(
            f"{len(frame):,} rows, but only {len(some)} different ones: copies stay in one set, and these are too few "
            "to divide; add rows, or columns that tell rows apart"
        )
    undated = _undated(frame, some, settings)
    dated = np.setdiff1d(some, undated)
    if settings.method == "group" and (count := len(np.unique(_groups(frame, settings)))) < FEWEST_GROUPS:
        raise ProjectError(
            f"split.by: {settings.by!r} has {count} groups; train, validation and test set need at least "
            f"{FEWEST_GROUPS}: choose another column"
        )
    try:
        rest, test = two_parts(frame, dated, target, settings, settings.test)
        share = settings.validation / (1 - settings.test)
        train, validation = two_parts(frame, rest, target, settings, share)
    except ValueError as error:
        raise ProjectError(f"params.yaml: split: {error}; choose another method, or larger sets") from None
    sets = (np.concatenate([train, undated]), validation, test)
    return Parts(*(np.flatnonzero(np.isin(first, rows)) for rows in sets))


def _given(frame: pd.DataFrame, target: str, settings: Split) -> Parts:
    """The sets that a column says: train, validation and test."""
    words = _column(frame, settings).astype("str").str.strip().str.lower().to_numpy()
    rows = {name: np.flatnonzero(words == name) for name in ("train", "validation", "test")}
    if strange := sorted(set(words) - set(rows)):
        raise ProjectError(f"split.by: {settings.by!r} holds {strange[0]!r}; each row must say {', '.join(rows)}")
    if empty := [name for name in ("train", "test") if not len(rows[name])]:
        raise ProjectError(f"split.by: {settings.by!r} puts no row into the {empty[0]} set")
    if not len(rows["validation"]):
        rows["train"], rows["validation"] = two_parts(frame, rows["train"], target, settings, settings.validation)
    return Parts(**{name: np.sort(found) for name, found in rows.items()})


def first_equal(frame: pd.DataFrame, target: str, ignored: Iterable[str] = ()) -> Rows:
    """For each row the position of the first one that it is a copy of, or its own, (rows,).

    Args:
        frame: the rows.
        target: the column that is predicted.
        ignored: columns that do not count.
    """
    seen = [name for name in frame if name not in set(ignored)]
    whole, features = _codes(frame[seen]), _codes(frame[[name for name in seen if name != target]])
    # Numbers are given in the order of the rows, so the first row of each comes in that order, too.
    first = pd.Series(whole).drop_duplicates().index.to_numpy()
    several = np.bincount(features) > 1
    differ = np.bincount(features[first], minlength=len(several)) > 1
    if several.any() and differ[several].mean() > MOST_CONFLICTS:
        return np.arange(len(frame))
    found: Rows = first[whole]
    return found


def _codes(frame: pd.DataFrame) -> Rows:
    """A number for each different row, (rows,)."""
    if frame.empty:
        return np.zeros(len(frame), dtype=int)
    codes: Rows = pd.factorize(pd.util.hash_pandas_object(frame, index=False))[0]
    return codes


def _undated(frame: pd.DataFrame, rows: Rows, settings: Split) -> Rows:
    """The rows that a split by time can say nothing of."""
    if settings.method != "time":
        return rows[:0]
    undated: Rows = rows[_column(frame, settings).isna().to_numpy()[rows]]
    return undated


def two_parts(frame: pd.DataFrame, rows: Rows, target: str, settings: Split, share: float) -> tuple[Rows, Rows]:
    """Divide rows in two.

    Args:
        frame: the table.
        rows: positions of the rows to divide.
        target: the column whose classes or tenths have the same share in both, if the split is stratified.
        settings: of the split.
        share: of the rows (of the groups, if the split is by groups) that the second part gets.

    Raises:
        ProjectError: the column of the groups or the time is missing.
        ValueError: a part would be empty, or without a class.
    """
    part = frame.iloc[rows]
    match settings.method:
        case "group":
            groups = _groups(part, settings)
            splitter = GroupShuffleSplit(1, test_size=share, random_state=settings.seed)
            first, second = next(splitter.split(rows, groups=groups))
        case "time":
            order, cuts = _by_time(part, settings)
            if not len(cuts):
                raise ValueError(f"all rows have one {settings.by!r}")
            cut = _nearest(cuts, len(order) - math.ceil(share * len(order)))
            first, second = order[:cut], order[cut:]
        case method:
            strata = _strata(part[target], share) if method == "stratified" else None
            first, second = train_test_split(
                np.arange(len(rows)), test_size=share, random_state=settings.seed, stratify=strata
            )
    return rows[first], rows[second]


def folds(
    frame: pd.DataFrame, target: str, settings: Split, count: int = 5, ignored: Iterable[str] = ()
) -> Iterator[tuple[Rows, Rows]]:
    """Cross-validation folds of the same kind as the split: pairs of row positions to learn from and to score on."""
    first = first_equal(frame, target, ignored)
    some = np.flatnonzero(first == np.arange(len(first)))
    undated = _undated(frame, some, settings)
    dated = np.setdiff1d(some, undated)
    for learn, score in _folds(frame.iloc[dated], target, settings, count):
        known, asked = np.concatenate([dated[learn], undated]), dated[score]
        yield np.flatnonzero(np.isin(first, known)), np.flatnonzero(np.isin(first, asked))


def _folds(frame: pd.DataFrame, target: str, settings: Split, count: int) -> Iterator[tuple[Rows, Rows]]:
    match settings.method:
        case "stratified":
            splitter = StratifiedKFold(count, shuffle=True, random_state=settings.seed)
            with catch_warnings():
                simplefilter("ignore", UserWarning)  # of classes with fewer rows than folds
                parts = list(splitter.split(frame, _strata(frame[target], 1 / count)))
            yield from parts
        case "group":
            groups = _groups(frame, settings)
            yield from GroupKFold(min(count, len(np.unique(groups)))).split(frame, groups=groups)
        case "time":
            order, cuts = _by_time(frame, settings)
            for _, test in TimeSeriesSplit(count).split(order):
                begin, end = (_nearest(np.append(cuts, len(order)), cut) for cut in (test[0], test[-1] + 1))
                if begin < end:
                    yield order[:begin], order[begin:end]
        case _:
            yield from KFold(count, shuffle=True, random_state=settings.seed).split(frame)


def _groups(frame: pd.DataFrame, settings: Split) -> np.ndarray:
    """The number of each row's group; rows without one are a group of their own."""
    numbers: np.ndarray = pd.factorize(_column(frame, settings), use_na_sentinel=False)[0]
    return numbers


def _strata(values: pd.Series, share: float) -> pd.Series:
    """What each part is to have its share of: classes, or of numbers that are too rare for it, equal parts of them."""
    if not pd.api.types.is_numeric_dtype(values) or share * values.value_counts().min() >= 1:
        return values.astype("str")
    # No more of them than the smaller part has rows.
    count = max(1, min(STRATA, math.floor(min(share, 1 - share) * len(values))))
    return (values.rank(method="first") * count / len(values)).apply(np.ceil)


def _by_time(frame: pd.DataFrame, settings: Split) -> tuple[Rows, Rows]:
    """Positions of the rows, the earliest first; and where in that order another time begins."""
    times = _column(frame, settings).to_numpy()
    order = np.argsort(times, kind="stable")
    return order, np.flatnonzero(times[order][1:] != times[order][:-1]) + 1


def _nearest(cuts: Rows, wanted: int) -> int:
    return int(cuts[np.abs(cuts - wanted).argmin()])


def _column(frame: pd.DataFrame, settings: Split) -> pd.Series:
    if settings.by not in frame:
        problem = "names no column" if settings.by is None else f"{settings.by!r} is not a column"
        raise ProjectError(
            f"params.yaml: split.by {problem}, and split.method {settings.method} requires one; "
            f"{meant(settings.by, frame.columns)}"
        )
    return frame[settings.by]

"""The three sets share no row, hold them all, and come out the same every time."""

import numpy as np
import pandas as pd
import pytest

from << cookiecutter.__package_name >>.data.splitting import split
from << cookiecutter.__package_name >>.errors import ProjectError
from << cookiecutter.__package_name >>.params import Params, Split

pytestmark = pytest.mark.requirement("0-SPLIT")


def settings(method: str, by: str | None = None) -> Split:
    return Split.model_validate({"method": method, "by": by, "validation": 0.2, "test": 0.2, "seed": 7})


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "target": ["a", "b", "b", "b"] * 50,
            "group": np.repeat([f"group {number}" for number in range(20)], 10),
            "time": pd.date_range("2024-01-01", periods=200)[::-1],
        }
    )


@pytest.mark.parametrize(
    ("method", "by"), [("stratified", None), ("random", None), ("group", "group"), ("time", "time")]
)
def test_sets_are_disjoint_and_complete(frame: pd.DataFrame, method: str, by: str | None) -> None:
    parts = split(frame, "target", settings(method, by))
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(together) == list(range(len(frame)))


def test_sets_of_the_project_are_disjoint_and_complete(rows: pd.DataFrame, params: Params) -> None:
    parts = split(rows, params.data.target, params.split)
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert len(np.unique(together)) == len(together) == len(rows)


def test_same_seed_gives_the_same_sets(rows: pd.DataFrame, params: Params) -> None:
    first, second = (split(rows, params.data.target, params.split) for _ in range(2))
    for one, other in zip(vars(first).values(), vars(second).values(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_classes_have_the_same_share_everywhere(frame: pd.DataFrame) -> None:
    parts = split(frame, "target", settings("stratified"))
    for positions in vars(parts).values():
        assert (frame["target"].iloc[positions] == "a").mean() == pytest.approx(0.25)


def test_group_is_in_one_set(frame: pd.DataFrame) -> None:
    parts = split(frame, "target", settings("group", "group"))
    groups = [set(frame["group"].iloc[positions]) for positions in vars(parts).values()]
    assert sum(map(len, groups)) == frame["group"].nunique()


def test_later_rows_are_never_trained_on(frame: pd.DataFrame) -> None:
    parts = split(frame, "target", settings("time", "time"))
    times = [frame["time"].iloc[positions] for positions in vars(parts).values()]
    assert times[0].max() < times[1].min()
    assert times[1].max() < times[2].min()


def test_missing_column_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(ProjectError, match=r"split\.by: 'when' is not a column"):
        split(frame, "target", settings("time", "when"))

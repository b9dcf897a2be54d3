"""The three sets share no row, hold them all, and come out the same every time."""

import numpy as np
import pandas as pd
import pytest

from mlops_maturity.data.splitting import Parts, folds, split
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params, Split

pytestmark = pytest.mark.guards("0-SPLIT")

METHODS = {"stratified": None, "random": None, "group": "group", "time": "time"}
FRAME = pd.DataFrame(
    {
        "target": ["a", "b", "b", "b"] * 50,
        "group": np.repeat([f"group {number}" for number in range(20)], 10),
        "time": pd.date_range("2024-01-01", periods=200)[::-1],
    }
)


def settings(method: str, by: str | None = None, **changes: float) -> Split:
    values = {"method": method, "by": by, "validation": 0.2, "test": 0.2, "seed": 7}
    return Split.model_validate(values | changes)


def sets(method: str, **changes: float) -> Parts:
    return split(FRAME, "target", settings(method, METHODS[method], **changes))


def complete(parts: Parts, rows: int) -> bool:
    return sorted(np.concatenate(list(vars(parts).values()))) == list(range(rows))


@pytest.mark.guards("CI-05")
@pytest.mark.parametrize("method", METHODS)
def test_split_sets_are_disjoint_and_complete(method: str) -> None:
    assert complete(sets(method), len(FRAME))


@pytest.mark.guards("CI-05")
def test_split_sets_of_the_sample_are_disjoint_and_complete(rows: pd.DataFrame, params: Params) -> None:
    parts = split(rows, params.data.target, params.split)
    assert complete(parts, len(rows))
    assert len(parts.test) == pytest.approx(params.split.test * len(rows), abs=2)
    assert len(parts.validation) == pytest.approx(params.split.validation * len(rows), abs=2)


@pytest.mark.guards("1-REPRO")
@pytest.mark.parametrize("method", METHODS)
def test_split_same_seed_gives_the_same_sets(method: str) -> None:
    for one, other in zip(vars(sets(method)).values(), vars(sets(method)).values(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("method", ["stratified", "random", "group"])
def test_split_another_seed_gives_other_sets(method: str) -> None:
    assert set(sets(method).test) != set(sets(method, seed=8).test)


def test_split_stratified_classes_have_the_same_share_everywhere() -> None:
    for positions in vars(sets("stratified")).values():
        assert (FRAME["target"].iloc[positions] == "a").mean() == pytest.approx(0.25)


def test_split_group_is_in_one_set() -> None:
    groups = [set(FRAME["group"].iloc[positions]) for positions in vars(sets("group")).values()]
    assert sum(map(len, groups)) == FRAME["group"].nunique()


def test_split_time_later_rows_are_never_trained_on() -> None:
    times = [FRAME["time"].iloc[positions] for positions in vars(sets("time")).values()]
    assert times[0].max() < times[1].min()
    assert times[1].max() < times[2].min()


def test_split_copies_of_a_row_are_in_one_set() -> None:
    frame = pd.concat([FRAME.assign(id=number) for number in range(3)], ignore_index=True)
    parts = split(frame, "target", settings("random"), ["id"])
    copies = [set(rows % len(FRAME)) for rows in vars(parts).values()]
    assert sum(map(len, copies)) == len(FRAME)
    assert all(len(rows) == 3 * len(each) for rows, each in zip(vars(parts).values(), copies, strict=True))


def test_split_copies_of_a_few_rows_are_too_few_to_divide() -> None:
    copies = pd.DataFrame({"target": ["a", "b"] * 50, "x": [1, 2] * 50})
    with pytest.raises(ProjectError, match="100 rows, but only 2 different ones: copies stay in one set, and these"):
        split(copies, "target", settings("stratified"))


def test_split_equal_rows_of_which_others_have_another_target_are_no_copies() -> None:
    """Four kinds of passengers, of each of which some survived: each kind is in each set, with both ends."""
    frame = pd.DataFrame({"class": ["1", "1", "2", "2"] * 50, "target": ["a", "b", "a", "b"] * 50})
    for rows in vars(split(frame, "target", settings("stratified"))).values():
        assert len(frame.iloc[rows].drop_duplicates()) == 4
    assert len(list(folds(frame, "target", settings("stratified")))) == 5


@pytest.mark.parametrize("rows", [30, 47, 400])
def test_split_stratified_numbers_have_the_same_share_of_each_tenth_everywhere(rows: int) -> None:
    frame = pd.DataFrame({"x": np.arange(rows), "target": np.random.default_rng(7).exponential(size=rows)})
    order = frame["target"].rank().to_numpy() / rows
    parts = split(frame, "target", settings("stratified"))
    assert complete(parts, rows)
    assert [order[part].mean() for part in vars(parts).values()] == pytest.approx([0.5] * 3, abs=1.5 / len(parts.test))
    scored = [score for _, score in folds(frame, "target", settings("stratified"))]
    assert [order[score].mean() for score in scored] == pytest.approx([0.5] * 5, abs=1.5 / len(parts.test))


def test_split_stratified_few_numbers_are_classes() -> None:
    frame = pd.DataFrame({"x": np.arange(200), "target": [1.0, 2.0, 2.0, 2.0] * 50})
    for rows in vars(split(frame, "target", settings("stratified"))).values():
        assert (frame["target"].iloc[rows] == 1).mean() == pytest.approx(0.25, abs=0.02)


def test_split_by_time_rows_of_one_time_are_in_one_set() -> None:
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(200) // 9, unit="D")
    frame = pd.DataFrame({"x": np.arange(200), "target": 0.0, "time": days}).sample(frac=1, random_state=7)
    parts = split(frame, "target", settings("time", "time"))
    assert complete(parts, 200)
    assert [len(part) for part in vars(parts).values()] == pytest.approx([120, 40, 40], abs=9)
    divided = [(np.concatenate([parts.train, parts.validation]), parts.test), (parts.train, parts.validation)]
    for before, after in [*divided, *folds(frame, "target", settings("time", "time"))]:
        assert frame["time"].iloc[before].max() < frame["time"].iloc[after].min()


def test_split_by_time_all_rows_of_one_time_is_refused() -> None:
    frame = FRAME.assign(time=FRAME["time"].iloc[0], x=np.arange(len(FRAME)))
    with pytest.raises(ProjectError, match=r"params\.yaml: split: all rows have one 'time'"):
        split(frame, "target", settings("time", "time"))


def test_split_smallest_share_still_has_a_row() -> None:
    parts = sets("random", validation=0.001, test=0.001)
    assert [len(part) for part in vars(parts).values()] == [198, 1, 1]


@pytest.mark.parametrize(
    ("method", "by", "says"),
    [
        ("time", "when", r"params\.yaml: split\.by 'when' is not a column, and split\.method time requires one"),
        ("group", None, r"params\.yaml: split\.by names no column"),
        ("group", "target", r"split\.by: 'target' has 2 groups; train, validation and test set need at least 3"),
    ],
)
def test_split_column_that_cannot_divide_is_refused(method: str, by: str | None, says: str) -> None:
    with pytest.raises(ProjectError, match=says):
        split(FRAME, "target", settings(method, by))


def test_split_three_groups_are_enough() -> None:
    frame = FRAME.assign(group=np.resize(["a", "b", "c"], len(FRAME)))
    parts = split(frame, "target", settings("group", "group"))
    assert [frame["group"].iloc[rows].nunique() for rows in vars(parts).values()] == [1, 1, 1]


def test_folds_of_fewer_groups_than_asked_for_are_one_for_each_group() -> None:
    frame = FRAME.assign(group=np.resize(["a", "b", "c"], len(FRAME)))
    assert len(list(folds(frame, "target", settings("group", "group")))) == 3


def test_split_class_with_too_few_rows_for_all_sets_is_refused() -> None:
    frame = FRAME.assign(target=["rare", *FRAME["target"][1:]])
    with pytest.raises(ProjectError, match=r"params\.yaml: split: .*; choose another method, or larger sets"):
        split(frame, "target", settings("stratified"))


@pytest.mark.filterwarnings("error")
def test_folds_of_a_class_with_fewer_rows_than_folds_say_nothing() -> None:
    frame = FRAME.assign(target=["rare", "rare", *FRAME["target"][2:]])
    assert len(list(folds(frame, "target", settings("stratified"), 4))) == 4


@pytest.mark.parametrize("method", METHODS)
def test_folds_never_score_on_what_they_learn_from(method: str) -> None:
    found = list(folds(FRAME, "target", settings(method, METHODS[method]), 4))
    assert len(found) == 4
    for learn, score in found:
        assert not set(learn) & set(score)
        if method == "time":
            assert FRAME["time"].iloc[learn].max() < FRAME["time"].iloc[score].min()
        if method == "group":
            assert not set(FRAME["group"].iloc[learn]) & set(FRAME["group"].iloc[score])
        if method == "stratified":
            assert (FRAME["target"].iloc[score] == "a").mean() == pytest.approx(0.25, abs=0.02)
    if method != "time":
        assert sorted(np.concatenate([score for _, score in found])) == list(range(len(FRAME)))


def given(*words: str) -> pd.DataFrame:
    return pd.DataFrame({"x": np.zeros(len(words)), "target": ["a", "b"] * (len(words) // 2), "set": words})


def test_split_column_decides_for_each_row_equal_or_not() -> None:
    parts = split(given("test", "train", "Train ", "validation"), "target", settings("column", "set"))
    assert [rows.tolist() for rows in (parts.train, parts.validation, parts.test)] == [[1, 2], [3], [0]]


def test_split_column_without_validation_draws_it_from_the_train_set() -> None:
    parts = split(given(*["train"] * 20, *["test"] * 6), "target", settings("column", "set"))
    assert parts.test.tolist() == list(range(20, 26))
    assert len(parts.validation) == 4
    assert sorted([*parts.train, *parts.validation]) == list(range(20))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("train", "dev"), "'set' holds 'dev'; each row must say train"),
        (("train", "train"), "no row into the test set"),
    ],
)
def test_split_column_that_says_something_else_is_refused(words: tuple[str, ...], says: str) -> None:
    with pytest.raises(ProjectError, match=says):
        split(given(*words), "target", settings("column", "set"))

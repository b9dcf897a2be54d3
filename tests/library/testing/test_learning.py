"""What a model must do in training is asked in the right way, whatever the table and the model are."""

from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from catboost import CatBoostClassifier
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.project.params import Params, Task
from mlops_maturity.testing import learning
from mlops_maturity.testing.learning import (
    Curve,
    best_loss,
    curve,
    freed,
    independent_rows,
    overfit,
    small_batch,
    train,
    variants,
    with_odd_columns,
)
from mlops_maturity.training import models


@pytest.fixture(autouse=True)
def _here(sample_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules of the team's are those of the sample project."""
    monkeypatch.chdir(sample_project)


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseEstimator], None]:
    """Let the project's model.py build another estimator."""
    return lambda estimator: monkeypatch.setattr(models, "_own", lambda *_: clone(estimator))


@pytest.mark.guards("CI-03b")
@pytest.mark.parametrize("kind", ["gradient_boosting", "linear"])
def test_models_of_the_sample_overfit_a_small_batch(
    kind: str, rows: pd.DataFrame, schema: Schema, params: Params
) -> None:
    assert overfit(rows, schema, params.changed(**{"model.kind": kind})).share > 0.8


FILLED = SimpleImputer(keep_empty_features=True)
ESTIMATORS = {
    "forest": RandomForestClassifier(n_estimators=20, random_state=7),
    "neighbours": make_pipeline(FILLED, StandardScaler(), KNeighborsClassifier()),
    "network": make_pipeline(FILLED, StandardScaler(), MLPClassifier(max_iter=400, random_state=7)),
    "calibrated": CalibratedClassifierCV(HistGradientBoostingClassifier(random_state=7), cv=3),
    "voting": VotingClassifier(
        [("tree", DecisionTreeClassifier(max_depth=3, random_state=7)), ("bayes", make_pipeline(FILLED, GaussianNB()))],
        voting="soft",
    ),
}


@pytest.mark.guards("CI-03a", "CI-03b")
@pytest.mark.parametrize("name", ESTIMATORS)
def test_any_estimator_is_seen_to_learn(
    name: str, build: Callable[[BaseEstimator], None], rows: pd.DataFrame, schema: Schema, params: Params
) -> None:
    build(ESTIMATORS[name])
    assert overfit(rows, schema, params).share > learning.ENOUGH
    found = curve(rows, schema, params)
    assert found.over == "rows"
    assert found.steps[-1] > 5 * found.steps[1]
    assert found.fall > 0.3, found
    assert found.remark.startswith("not applicable: ")
    assert "has no loss for each iteration" in found.remark


@pytest.mark.guards("CI-03a")
@pytest.mark.parametrize(
    ("losses", "falls"),
    [
        ([1.0, 0.03, 0.1, 0.04], True),  # a few rows are all that it needs
        ([1.0, 5.0, 3.0, 1.2], True),
        ([1.0, 1.0, 1.0, 1.0], False),
        ([1.0, 1.1, 1.2, 1.3], False),
    ],
)
def test_loss_over_rows_falls_from_the_baseline_or_from_a_few_rows(losses: list[float], falls: bool) -> None:
    assert (Curve("model", "rows", [0, 10, 20, 40], losses).fall > 0.01) is falls


@pytest.mark.guards("CI-03a")
def test_estimator_that_needs_a_few_rows_only_is_seen_to_learn(
    build: Callable[[BaseEstimator], None], rows: pd.DataFrame, schema: Schema, params: Params
) -> None:
    build(CatBoostClassifier(iterations=100, verbose=0, allow_writing_files=False, random_seed=7))
    found = curve(rows, schema, params)
    assert found.steps[0] == 0
    assert found.fall > 0.8, found


@pytest.mark.guards("CI-03a", "CI-03b")
def test_estimator_that_learns_nothing_is_seen(
    build: Callable[[BaseEstimator], None], rows: pd.DataFrame, schema: Schema, params: Params
) -> None:
    build(DummyClassifier(strategy="prior"))
    found = curve(rows, schema, params)
    assert found.fall < 0.01
    assert "the loss of DummyClassifier by rows does not fall, training does not converge" in str(found)
    assert overfit(rows, schema, params).share < 0.1


def test_freed_takes_limits_of_all_parts_and_leaves_other_parameters_of_their_names() -> None:
    network = make_pipeline(StandardScaler(), MLPClassifier(alpha=1.0))
    assert freed(network.get_params()) == {"mlpclassifier__alpha": 1e-6}
    forest = VotingClassifier([("forest", RandomForestClassifier(min_samples_leaf=5))])
    assert freed(forest.get_params())["forest__min_samples_leaf"] == 1
    assert freed(forest.get_params())["forest__bootstrap"] is False


def test_variants_are_the_kinds_that_have_settings(sample_project: Path, tmp_path: Path) -> None:
    assert [each.id for each in variants()] == ["gradient_boosting", "linear"]
    assert [each.values[0].model["kind"] for each in variants()] == ["gradient_boosting", "linear"]
    content = yaml.safe_load((sample_project / "params.yaml").read_text())
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content | {"model": {"n_estimators": 3}}))
    with chdir(tmp_path):
        assert [each.id for each in variants()] == ["model"]


def test_rows_that_are_independent_are_so_in_numbers_and_categories(
    rows: pd.DataFrame, schema: Schema, params: Params
) -> None:
    found = independent_rows(rows, schema, params, 40)
    # A constant, 5 numbers and their ratio; one of 3 islands and of 3 sexes follows from the others.
    assert len(found) == 1 + 6 + 2 + 2
    assert not found[["bill_length_mm", "body_mass_g"]].isna().any().any()
    assert len(independent_rows(rows, schema, params, 5)) == 5


@pytest.mark.guards("CI-03b")
def test_labels_that_are_shuffled_are_not_learned(
    rows: pd.DataFrame, schema: Schema, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = models.fit

    def shuffling(estimator: object, task: object, train: tuple[np.ndarray, np.ndarray], *more: object) -> object:
        matrix, target = train
        return really(estimator, task, (matrix, np.random.default_rng(0).permutation(target)), *more)  # type: ignore[arg-type]

    monkeypatch.setattr(models, "fit", shuffling)
    found = overfit(rows, schema, params)
    assert found.share < 0.5
    assert "was learned" in str(found)


@pytest.mark.guards("CI-03b")
def test_contradictory_labels_are_no_reason_to_fail(rows: pd.DataFrame, schema: Schema, params: Params) -> None:
    """Of each two rows that look alike, half have another label: nobody can learn more than the share of each."""
    other = rows.assign(species=rows["species"].array[np.random.default_rng(1).permutation(len(rows))])
    twice = pd.concat([rows, other], ignore_index=True)
    pairs = twice.iloc[np.arange(len(twice)).reshape(2, -1).T.ravel()].head(40).reset_index(drop=True)
    found = overfit(pairs, schema, params)
    assert found.best > 0.2
    assert found.share > 0.8, found


def test_rows_that_all_look_alike_are_not_applicable(rows: pd.DataFrame, schema: Schema, params: Params) -> None:
    alike = rows.assign(**{str(name): rows[name].iloc[0] for name in rows if name != "species"})
    with pytest.raises(pytest.skip.Exception, match="not applicable: 40 rows look alike"):
        overfit(alike, schema, params)


@pytest.mark.parametrize(
    ("task", "target", "expected"),
    [
        ("classification", np.array([0, 1, 1, 0]), np.log(2) / 2),
        ("classification", np.array([0, 0, 1, 2]), 0.0),
        ("regression", np.array([1.0, 3.0, 7.0, 7.0]), 0.5),
    ],
)
def test_best_loss_is_that_of_the_means_of_rows_that_look_alike(
    task: Task, target: np.ndarray, expected: float
) -> None:
    matrix = np.array([[1, np.nan], [1, np.nan], [2, 0], [3, 0]], dtype=np.float32)
    assert best_loss(task, matrix, target) == pytest.approx(expected, abs=1e-6)


@pytest.mark.guards("CI-03a")
def test_loss_falls_and_does_not_with_a_learning_rate_of_nothing(
    rows: pd.DataFrame, schema: Schema, params: Params
) -> None:
    falling = curve(rows, schema, params)
    assert falling.over == "iterations"
    assert falling.remark == ""
    assert falling.fall > 0.5
    flat = curve(rows, schema, params.changed(**{"model.gradient_boosting.learning_rate": 1e-9}))
    assert flat.fall < 0.01


def test_small_batch_has_each_class_in_turn(rows: pd.DataFrame, params: Params) -> None:
    rare = pd.concat([rows[rows["species"] == "Adelie"], rows[rows["species"] == "Gentoo"].head(3)])
    batch = small_batch(rare, params, 10)
    assert batch["species"].value_counts().to_dict() == {"Adelie": 7, "Gentoo": 3, "Chinstrap": 0}
    pd.testing.assert_frame_equal(batch, small_batch(rare, params, 10))


@pytest.mark.guards("CI-04")
@pytest.mark.parametrize("odd", learning.ODD_COLUMNS)
def test_odd_columns_are_odd_and_can_be_trained_on(
    odd: str, rows: pd.DataFrame, schema: Schema, params: Params
) -> None:
    batch = small_batch(rows, params, 60)
    frame = with_odd_columns(batch, schema, params, odd)
    assert not frame.equals(batch)
    assert frame["species"].equals(batch["species"])
    assert np.isfinite(train(frame, schema, params).predicted).all()


@pytest.mark.guards("CI-04")
def test_empty_columns_without_their_guard_are_seen(
    rows: pd.DataFrame, schema: Schema, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "_without_empty_columns", lambda matrix: matrix)
    frame = with_odd_columns(small_batch(rows, params, 60), schema, params, "all missing")
    with pytest.raises(ValueError, match=r"."):
        train(frame, schema, params)


def test_table_without_numbers_or_categories_stays_as_it_is(params: Params) -> None:
    schema = Schema(columns={"text": Column(type="text", missing=0.0), "species": Column(type="text", missing=0.0)})
    frame = pd.DataFrame({"text": ["a", "b"], "species": ["a", "b"]})
    for odd in learning.ODD_COLUMNS:
        pd.testing.assert_frame_equal(with_odd_columns(frame, schema, params, odd), frame)

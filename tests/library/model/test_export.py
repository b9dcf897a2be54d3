"""The exported model is the trained one, or it is refused."""

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import skl2onnx
from catboost import CatBoostClassifier
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_maturity.data.lanes import LANES, Lane
from mlops_maturity.model.estimator import predict, threads_for
from mlops_maturity.model.export import Parity, as_skops, export, parity
from mlops_maturity.model.predictor import open_session
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Task

pytestmark = pytest.mark.guards("0-HAND")

WIDTH = 3
ESTIMATORS = {
    "boosted classifier": HistGradientBoostingClassifier(max_iter=5),
    "boosted regressor": HistGradientBoostingRegressor(max_iter=5),
    "forest": RandomForestClassifier(5, random_state=7),
    "logistic regression": make_pipeline(StandardScaler(), LogisticRegression()),
    "ridge regression": make_pipeline(StandardScaler(), Ridge()),
    "kernel ridge": KernelRidge(),
    "nearest neighbours": make_pipeline(SimpleImputer(), StandardScaler(), KNeighborsClassifier(5)),
    "perceptron on components": make_pipeline(PCA(2, random_state=7), MLPClassifier(5, max_iter=500, random_state=7)),
}


def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, values and classes."""
    matrix = np.random.default_rng(7).normal(size=(200, WIDTH)).astype(np.float32)
    values = matrix[:, 0] - 2 * matrix[:, 1]
    return matrix, values, (values > 0).astype(int) + (values > 1)


def fitted(name: str) -> tuple[Any, Task]:
    """An estimator and what it does."""
    matrix, values, classes = rows()
    task: Task = "classification" if hasattr(ESTIMATORS[name], "predict_proba") else "regression"
    return ESTIMATORS[name].fit(matrix, classes if task == "classification" else values), task


@pytest.mark.guards("SEC-06")
@pytest.mark.parametrize("name", ESTIMATORS)
def test_exported_model_answers_as_the_trained_one(name: str) -> None:
    estimator, task = fitted(name)
    exported = export(estimator, "matrix", WIDTH)
    assert exported.format == ("skops" if name == "kernel ridge" else "onnx")
    assert not exported.content.startswith(b"\x80"), "it is a pickle"
    trained = predict(estimator, task, rows()[0])
    answered = open_session(exported.content, {"format": exported.format}, task)(rows()[0])
    parity(task, trained, answered, scale=float(rows()[1].std()) if task == "regression" else 1.0).check()


@pytest.mark.guards("1-REPRO")
def test_exported_model_has_the_same_bytes_whatever_the_order_of_a_set(monkeypatch: pytest.MonkeyPatch) -> None:
    estimator, _ = fitted("logistic regression")
    expected = export(estimator, "matrix", WIDTH).content

    def other_way_round(*arguments: Any, to_onnx: Any = skl2onnx.to_onnx, **settings: Any) -> Any:
        model = to_onnx(*arguments, **settings)
        imports = list(model.opset_import)[::-1]
        assert len(imports) > 1
        del model.opset_import[:]
        model.opset_import.extend(imports)
        return model

    monkeypatch.setattr(skl2onnx, "to_onnx", other_way_round)
    assert export(estimator, "matrix", WIDTH).content == expected


@pytest.mark.guards("1-REPRO")
@pytest.mark.parametrize("name", ESTIMATORS)
def test_model_exported_again_in_one_process_has_the_same_bytes(name: str) -> None:
    first, again = (export(fitted(name)[0], "matrix", WIDTH).content for _ in range(2))
    assert first == again


@pytest.mark.guards("1-REPRO")
def test_model_stored_with_skops_has_the_same_bytes_again() -> None:
    contents = [export(fitted("kernel ridge")[0], "matrix", WIDTH).content for _ in range(2)]
    frames = [as_skops(fitted("forest")[0]).content for _ in range(2)]
    assert contents[0] == contents[1]
    assert frames[0] == frames[1]
    session = open_session(frames[0], {"format": "skops"}, "classification")
    np.testing.assert_array_equal(session(rows()[0]), fitted("forest")[0].predict_proba(rows()[0]))


@pytest.mark.guards("1-REPRO")
@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize(
    "wrap",
    [lambda one: one, lambda one: make_pipeline(StandardScaler(), one), lambda one: VotingClassifier([("one", one)])],
    ids=["alone", "in a pipeline", "in a vote"],
)
def test_model_of_catboost_has_the_same_bytes_when_it_is_trained_again(lane: Lane, wrap: Any) -> None:
    matrix, _, classes = rows()
    settings = {"iterations": 3, "verbose": 0, "allow_writing_files": False, "random_seed": 7}
    first, again = (wrap(CatBoostClassifier(**settings)).fit(matrix, classes) for _ in range(2))
    assert export(first, lane, WIDTH).content == export(again, lane, WIDTH).content


def altered(share: float, by: float) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of two classes, and the same with some rows changed."""
    trained = np.tile([0.9, 0.1], (10_000, 1))
    exported = trained.copy()
    exported[: round(share * len(trained))] += [-by, by]
    return trained, exported


@pytest.mark.parametrize(
    ("share", "by", "measure"),
    [
        (0.01, 5e-5, "99.9th percentile of the differences"),
        (0.0005, 0.8, "share of rows with another class"),
        (1, np.nan, "99.9th percentile of the differences"),
    ],
)
def test_parity_of_another_model_is_refused(share: float, by: float, measure: str) -> None:
    with pytest.raises(ProjectError, match=f"parity: the exported model is not the trained one: the {measure}"):
        parity("classification", *altered(share, by)).check()


def test_parity_of_too_many_rows_that_differ_is_refused() -> None:
    with pytest.raises(ProjectError, match=r"share of rows that differ by over 0.001 is 0.0015, over 0.001"):
        Parity(typical=0.0, large=0.0015, flipped=0.0).check()


@pytest.mark.parametrize(("share", "by"), [(1, 1e-7), (0.0005, 0.01), (0, 0)])
def test_parity_of_rounding_is_accepted(share: float, by: float) -> None:
    parity("classification", *altered(share, by)).check()


def test_parity_of_equal_classes_that_rounding_decides_is_accepted() -> None:
    trained = np.full((1_000, 2), 0.5)
    parity("classification", trained, trained + np.array([-3e-8, 3e-8])).check()


def test_parity_of_values_is_in_units_of_the_target() -> None:
    trained = np.linspace(0, 1e6, 1_000)
    parity("regression", trained, trained + 1, scale=1e6).check()
    with pytest.raises(ProjectError, match="parity"):
        parity("regression", trained, trained + 1, scale=1.0).check()


def test_parity_of_another_shape_is_refused() -> None:
    with pytest.raises(ProjectError, match=r"answers \(2, 3\), the trained one \(2, 2\)"):
        parity("classification", np.zeros((2, 2)), np.zeros((2, 3)))


def test_threads_are_for_many_rows() -> None:
    assert isinstance(threads_for(200_000), nullcontext)
    assert not isinstance(threads_for(1), nullcontext)

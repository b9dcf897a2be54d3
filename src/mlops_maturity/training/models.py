"""The models: the one that is trained, and the two that it must beat."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal
from warnings import catch_warnings, simplefilter

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from mlops_maturity.data.features import Features
from mlops_maturity.project.params import Model, ModelKind, Task
from mlops_maturity.training.metrics import loss

Kind = ModelKind | Literal["trivial", "simple"]

# Linear models have no loss of their own per iteration: they are fitted anew with so many, on at most so many rows.
LINEAR_STEPS = (1, 2, 3, 5, 8, 13, 21, 34)
CURVE_ROWS = 20_000
# Threads that wait for each other after every little piece of work cost more than they save, and on a machine that is
# busy with something else, many times more. On so many rows the pieces are large enough.
ROWS_FOR_THREADS = 200_000


@dataclass(frozen=True)
class Fitted:
    """A trained model.

    Attributes:
        estimator: classes are numbered from 0.
        iterations: the iterations at which the loss was taken.
        train_loss: the loss on the train set (log loss or mean squared error) at each of them.
        validation_loss: the same on the validation set.
    """

    estimator: BaseEstimator
    iterations: list[int]
    train_loss: list[float]
    validation_loss: list[float]


def build(kind: Kind, task: Task, features: Features, settings: Model) -> BaseEstimator:
    """An untrained model.

    - gradient_boosting: trees on the features as they are; they take missing numbers
    - linear: logistic or ridge regression on scaled numbers and one column for each category
    - simple: one tree of depth 3, which a person could draw; its leaves are shrunk, so that none is ever certain
    - trivial: the frequency of the classes, or the mean
    """
    classify = task == "classification"
    match kind:
        case "trivial":
            return DummyClassifier(strategy="prior") if classify else DummyRegressor(strategy="mean")
        case "simple":
            return (HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor)(
                early_stopping=True,
                learning_rate=1.0,
                max_iter=1,
                max_depth=3,
                min_samples_leaf=settings.gradient_boosting.min_samples_leaf or 20,
                l2_regularization=1.0,
                scoring="loss",
                random_state=settings.seed,
            )
        case "linear":
            linear = settings.linear
            if classify:
                model = LogisticRegression(C=1 / linear.penalty, max_iter=linear.max_iter, random_state=settings.seed)
            else:
                model = Ridge(alpha=linear.penalty, solver="lsqr", max_iter=linear.max_iter, random_state=settings.seed)
            return Pipeline([("inputs", _linear_inputs(features)), ("model", model)])
        case _:
            boosting = settings.gradient_boosting
            return (HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor)(
                learning_rate=boosting.learning_rate,
                max_iter=boosting.max_iter,
                max_leaf_nodes=boosting.max_leaf_nodes,
                min_samples_leaf=boosting.min_samples_leaf or 20,
                l2_regularization=boosting.l2_regularization,
                early_stopping=True,
                n_iter_no_change=boosting.patience,
                scoring="loss",
                random_state=settings.seed,
            )


def fit(
    estimator: BaseEstimator,
    task: Task,
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    *,
    curve: bool = True,
) -> Fitted:
    """Train a model of `build` and take its loss along the way.

    Args:
        estimator: untrained.
        task: classification or regression.
        train: features (rows, features) and target (rows,), classes as numbers from 0.
        validation: the same of the rows that tell when to stop.
        curve: whether a linear model is fitted anew for each loss along the way.
    """
    with _threads_for(len(train[0])):
        return _fit(estimator, task, train, validation, curve)


def predict(estimator: BaseEstimator, task: Task, matrix: np.ndarray) -> np.ndarray:
    """Probabilities (rows, classes), or values (rows,)."""
    with _threads_for(len(matrix)):
        output: np.ndarray = (estimator.predict_proba if task == "classification" else estimator.predict)(matrix)
    return output


def _threads_for(rows: int) -> AbstractContextManager[object]:
    return threadpool_limits(1) if rows < ROWS_FOR_THREADS else nullcontext()


def _fit(
    estimator: BaseEstimator,
    task: Task,
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    curve: bool,
) -> Fitted:
    if isinstance(estimator, (HistGradientBoostingClassifier, HistGradientBoostingRegressor)):
        estimator.fit(_without_empty_columns(train[0]), train[1], X_val=validation[0], y_val=validation[1])
        _round_thresholds(estimator)
        # Boosting reports half the squared error, and scores: the larger, the better.
        scale = -1.0 if task == "classification" else -2.0
        scores = [scale * estimator.train_score_, scale * estimator.validation_score_]
        return Fitted(estimator, list(range(len(scores[0]))), *(values.tolist() for values in scores))
    with catch_warnings():
        simplefilter("ignore", ConvergenceWarning)
        losses: tuple[list[int], list[float], list[float]] = ([], [], [])
        if curve and isinstance(estimator, Pipeline):
            losses = _linear_curve(estimator, task, train, validation)
        estimator.fit(*train)
    return Fitted(estimator, *losses)


def _without_empty_columns(matrix: np.ndarray) -> np.ndarray:
    """Zeros for a feature that is missing in every row: boosting finds no bins for it, and no tree will ask for it."""
    empty = np.isnan(matrix).all(axis=0)
    return np.where(empty, np.float32(0), matrix) if empty.any() else matrix


def _linear_inputs(features: Features) -> ColumnTransformer:
    numbers = len(features.names) - len(features.widths)
    scaled = Pipeline(
        [("fill", SimpleImputer(strategy="median", keep_empty_features=True)), ("scale", StandardScaler())]
    )
    parts: list[tuple[str, Any, Sequence[int]]] = [("numbers", scaled, list(range(numbers)))]
    if features.widths:
        codes = [np.arange(width, dtype=np.float32) for width in features.widths]
        one_hot = OneHotEncoder(categories=codes, handle_unknown="ignore", dtype=np.float32)
        parts.append(("categories", one_hot, list(range(numbers, len(features.names)))))
    # Sparse above a hundred or so columns: hundreds of categories over millions of rows are nearly all zeros.
    return ColumnTransformer([part for part in parts if part[2]])


def _linear_curve(
    estimator: Pipeline,
    task: Task,
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
) -> tuple[list[int], list[float], list[float]]:
    some = slice(CURVE_ROWS)
    classes = np.unique(train[1]) if task == "classification" else None
    if classes is not None and len(np.unique(train[1][some])) < len(classes):
        some = slice(None)
    most = estimator.get_params()["model__max_iter"]
    iterations = [step for step in LINEAR_STEPS if step <= most]
    losses: tuple[list[float], list[float]] = ([], [])
    for step in iterations:
        estimator.set_params(model__max_iter=step).fit(train[0][some], train[1][some])
        for values, (matrix, target) in zip(losses, (train, validation), strict=True):
            values.append(loss(task, target[some], predict(estimator, task, matrix[some])))
    estimator.set_params(model__max_iter=most)
    return iterations, *losses


def _round_thresholds(estimator: HistGradientBoostingClassifier | HistGradientBoostingRegressor) -> None:
    """Round thresholds down to float32.

    Features are float32, so no row changes its side; an exported model, whose thresholds are float32, then decides as
    this one does even between neighbouring numbers.
    """
    for trees in estimator._predictors:
        for tree in trees:
            exact = tree.nodes["num_threshold"]
            with np.errstate(over="ignore"):
                rounded = exact.astype(np.float32)
            above = rounded > exact
            rounded[above] = np.nextafter(rounded[above], np.float32(-np.inf))
            tree.nodes["num_threshold"] = rounded

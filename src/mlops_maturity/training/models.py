"""The models: the one that is trained, and the two that it must beat."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import signature
from typing import Any, Literal, TypeAlias
from warnings import catch_warnings, simplefilter

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge
from sklearn.pipeline import Pipeline

from mlops_maturity.data.conversion import replaced
from mlops_maturity.data.features import Features
from mlops_maturity.model.estimator import predict, threads_for
from mlops_maturity.project.contract import own
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params, Task
from mlops_maturity.project.paths import PARAMS
from mlops_maturity.training.inputs import Inputs
from mlops_maturity.training.losses import loss

Kind = Literal["model", "simple", "baseline"]

# Fewer rows in a leaf of the simple model would say little.
SIMPLE_LEAF = 10

# Most estimators keep no loss of each iteration: they are fitted again with so many, on at most so many rows.
CURVE_STEPS = (1, 2, 3, 5, 8, 13, 21, 34)
CURVE_ROWS = 20_000


BoostedTrees: TypeAlias = HistGradientBoostingClassifier | HistGradientBoostingRegressor
LINEAR = (ElasticNet, Lasso, LogisticRegression, Ridge)
# What boosting's own losses are multiplied by to be those that gates compare: it reports half the squared error.
SCALES = {"log_loss": -1.0, "squared_error": -2.0}


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


def build(kind: Kind, params: Params, features: Features) -> BaseEstimator:
    """An estimator that is not fitted yet.

    - model: what the project's model.py builds
    - simple: one tree of depth 3, which a person could draw; its leaves are shrunk, so that none is ever certain. Where
      all that is known is text, it is the baseline
    - baseline: the frequency of the classes, or the mean

    Raises:
        ProjectError: model.py fails, or returns something that cannot be fitted.
    """
    if kind == "model":
        return _own(params, features)
    if kind == "baseline" or not features.names:
        return baseline(params.task)
    classify = params.task == "classification"
    return (HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor)(
        early_stopping=True,
        learning_rate=1.0,
        max_iter=1,
        max_depth=3,
        min_samples_leaf=SIMPLE_LEAF,
        l2_regularization=1.0,
        scoring="loss",
        random_state=params.split.seed,
    )


def baseline(task: Task) -> BaseEstimator:
    """What knows nothing of the features: the frequency of the classes, or the mean."""
    return DummyClassifier(strategy="prior") if task == "classification" else DummyRegressor(strategy="mean")


def _own(params: Params, features: Features) -> BaseEstimator:
    build_own = own("model")
    estimator = build_own(params.task, deepcopy(params.model), Inputs.of(features))
    answer = "predict_proba" if params.task == "classification" else "predict"
    for method in ("fit", answer):
        if not hasattr(estimator, method):
            raise build_own.refuse(
                f"returned {type(estimator).__name__}, which has no {method}(): "
                f"{params.task} needs an estimator with fit() and {answer}()"
            )
    if parameters := params.model.get("parameters"):
        for name in parameters:
            require_parameter(estimator, name, "model.parameters")
        estimator.set_params(**parameters)
    return estimator


def require_parameter(estimator: BaseEstimator, name: str, where: str) -> None:
    """Refuse a parameter that an estimator does not have.

    Args:
        estimator: what model.py builds.
        name: of the parameter; of a step of a pipeline, `step__parameter`.
        where: the setting of params.yaml that names it.

    Raises:
        ProjectError: it does not have it; the text names those with a name like it.
    """
    # CatBoost tells only of those that are set, and takes all that its constructor has.
    known = dict.fromkeys(signature(type(estimator)).parameters) | estimator.get_params()
    if name not in known:
        plain = [each for each, value in known.items() if not hasattr(value, "get_params") and each != "steps"]
        near = get_close_matches(name, plain, n=3, cutoff=0.5) or [each for each in plain if each.endswith(f"__{name}")]
        raise ProjectError(
            f"{PARAMS}: {where}: {name!r} is no parameter of the {type(estimator).__name__} that build() in model.py "
            f"returns; {'did you mean ' + ', '.join(near) + '?' if near else 'it has ' + ', '.join(sorted(plain)[:20])}"
        )


def name_of(estimator: BaseEstimator) -> str:
    """What people call an estimator: the class of it, or of the last step of a pipeline."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return type(estimator).__name__


def fit(
    estimator: BaseEstimator,
    task: Task,
    train: tuple[Any, ...],
    validation: tuple[Any, np.ndarray],
    *,
    curve: bool = True,
) -> Fitted:
    """Train a model of `build` and take its loss along the way.

    Args:
        estimator: untrained.
        task: classification or regression.
        train: what its lane has it see of the rows, target (rows,), classes as numbers from 0, and if rows do not count
            alike, how much each does (rows,).
        validation: the same of the rows that tell when to stop.
        curve: whether a linear model is fitted again for each loss along the way.

    Raises:
        ProjectError: there are weights, and the estimator takes none.
    """
    with threads_for(len(train[0])):
        return _fit(estimator, task, train, validation, curve)


def _weight_of(estimator: BaseEstimator) -> str:
    """The name under which the fit() of an estimator takes sample weights: of a pipeline, that of its last step."""
    last, prefix = estimator, ""
    while isinstance(last, Pipeline):
        name, last = last.steps[-1]
        prefix += f"{name}__"
    taken = signature(last.fit).parameters
    if "sample_weight" not in taken and not any(each.kind is each.VAR_KEYWORD for each in taken.values()):
        raise ProjectError(
            f"params.yaml: data.weight: the fit() of {type(last).__name__} takes no sample_weight; build another "
            "estimator, or set data.weight to null"
        )
    return f"{prefix}sample_weight"


def _fit(
    estimator: BaseEstimator,
    task: Task,
    train: tuple[Any, ...],
    validation: tuple[Any, np.ndarray],
    curve: bool,
) -> Fitted:
    inputs, target, *weights = train
    extra = {_weight_of(estimator): weights[0]} if weights else {}
    if isinstance(estimator, BoostedTrees):
        if estimator.early_stopping is not False:
            extra |= dict(zip(("X_val", "y_val"), validation, strict=True))
        estimator.fit(_without_empty_columns(inputs), target, **extra)
        if isinstance(inputs, np.ndarray):
            _round_thresholds(estimator)
        # Boosting reports scores: the larger, the better. Of another loss or score, what it reports is not comparable.
        scale = SCALES.get(estimator.loss, 0.0) if estimator.scoring == "loss" else 0.0
        reported = (estimator.train_score_, estimator.validation_score_) if scale else ((), ())
        losses = [(scale * np.asarray(values)).tolist() for values in reported]
        return Fitted(estimator, list(range(len(losses[0]))), *losses)
    with catch_warnings():
        simplefilter("ignore", ConvergenceWarning)
        taken: tuple[list[int], list[float], list[float]] = ([], [], [])
        if curve and (limit := _iterations_of(estimator)):
            taken = _curve(estimator, limit, task, train, validation)
        boosts = any(isinstance(part, BoostedTrees) for part in estimator.get_params().values())
        estimator.fit(_without_empty_columns(inputs) if boosts else inputs, target, **extra)
    if isinstance(inputs, np.ndarray):
        for part in _parts(estimator):
            _round_thresholds(part)
    return Fitted(estimator, *taken)


def _parts(found: Any) -> Iterator[BoostedTrees]:
    """The boosted trees in a fitted estimator."""
    if isinstance(found, BoostedTrees):
        if hasattr(found, "_predictors"):  # else it is a pattern that others were made of
            yield found
    elif isinstance(found, (list, tuple)):
        yield from (part for one in found for part in _parts(one))
    elif hasattr(found, "get_params") or hasattr(found, "estimator"):
        yield from (part for one in vars(found).values() for part in _parts(one))


def _iterations_of(estimator: BaseEstimator) -> str:
    """The parameter that limits the iterations of a linear model at the end of a pipeline, or nothing."""
    last = estimator
    prefix = ""
    while isinstance(last, Pipeline):
        name, last = last.steps[-1]
        prefix += f"{name}__"
    return f"{prefix}max_iter" if isinstance(last, LINEAR) else ""


def _without_empty_columns(inputs: Any) -> Any:
    """Zeros for a feature that is missing in every row: boosting finds no bins for it, and no tree will ask for it."""
    if not isinstance(inputs, np.ndarray):
        numbers = inputs.select_dtypes("number")
        return replaced(inputs, dict.fromkeys(numbers.columns[numbers.isna().all()], 0.0))
    empty = np.isnan(inputs).all(axis=0)
    return np.where(empty, np.float32(0), inputs) if empty.any() else inputs


def _curve(
    estimator: BaseEstimator,
    limit: str,
    task: Task,
    train: tuple[Any, ...],
    validation: tuple[Any, np.ndarray],
) -> tuple[list[int], list[float], list[float]]:
    some = slice(CURVE_ROWS)
    classes = np.unique(train[1]) if task == "classification" else None
    if classes is not None and len(np.unique(train[1][some])) < len(classes):
        some = slice(None)
    extra = {_weight_of(estimator): weights[some] for weights in train[2:]}
    most = estimator.get_params()[limit]
    iterations = [step for step in CURVE_STEPS if most is None or step <= most]
    losses: tuple[list[float], list[float]] = ([], [])
    for step in iterations:
        estimator.set_params(**{limit: step}).fit(train[0][some], train[1][some], **extra)
        for values, (matrix, target) in zip(losses, (train[:2], validation), strict=True):
            values.append(loss(task, target[some], predict(estimator, task, matrix[some])))
    estimator.set_params(**{limit: most})
    return iterations, *losses


def _round_thresholds(estimator: BoostedTrees) -> None:
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

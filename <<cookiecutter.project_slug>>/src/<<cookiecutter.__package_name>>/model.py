"""The model that is trained: anything that speaks scikit-learn."""

from typing import Any

import numpy as np
from mlops_maturity.training import Inputs
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def build(task: str, settings: dict[str, Any], inputs: Inputs) -> BaseEstimator:
    """An estimator that is not fitted yet.

    Args:
        task: "classification" or "regression".
        settings: the section `model` of params.yaml.
        inputs: the columns of the matrix that it will see.
    """
    if settings["kind"] == "linear":
        return linear(task, inputs, seed=settings["seed"], **settings["linear"])
    if settings["kind"] == "gradient_boosting":
        return boosted_trees(task, seed=settings["seed"], **settings["gradient_boosting"])
    raise ValueError(f"model.kind in params.yaml is {settings['kind']!r}, not gradient_boosting or linear")


def boosted_trees(task: str, patience: int, seed: int, **settings: Any) -> BaseEstimator:
    """Boosted trees; they see codes of categories as numbers, and take missing values as they are."""
    kind = HistGradientBoostingClassifier if task == "classification" else HistGradientBoostingRegressor
    return kind(early_stopping=True, scoring="loss", n_iter_no_change=patience, random_state=seed, **settings)


def linear(task: str, inputs: Inputs, penalty: float, max_iter: int, seed: int) -> BaseEstimator:
    """Logistic or ridge regression on scaled numbers and one column for each value of a category."""
    numbers = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
    words = OneHotEncoder(categories=inputs.codes, handle_unknown="ignore", dtype=np.float32)
    parts = [(numbers, inputs.numbers), (words, inputs.categories)]
    columns = make_column_transformer(*(part for part in parts if part[1]))
    if task == "classification":
        return make_pipeline(columns, LogisticRegression(C=1 / penalty, max_iter=max_iter, random_state=seed))
    return make_pipeline(columns, Ridge(alpha=penalty, solver="lsqr", max_iter=max_iter, random_state=seed))

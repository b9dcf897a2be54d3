"""A linear model of the customers: it is trained in a moment."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlops_maturity.training.inputs import Inputs


def build(task: str, settings: dict[str, Any], inputs: Inputs) -> BaseEstimator:
    """Logistic or ridge regression on scaled numbers and one column for each value of a category."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    words = OneHotEncoder(categories=inputs.codes, handle_unknown="ignore", dtype=np.float32)
    columns = make_column_transformer((numbers, inputs.numbers), (words, inputs.categories))
    if task == "classification":
        return make_pipeline(columns, LogisticRegression(C=1 / settings["penalty"]))
    return make_pipeline(columns, Ridge(alpha=settings["penalty"]))

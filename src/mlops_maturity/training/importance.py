"""Which columns the model leans on."""

import numpy as np
import pandas as pd
from sklearn import inspection
from sklearn.base import BaseEstimator

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.training.losses import loss

ROWS = 5_000
REPEATS = 5


class _Packaged(BaseEstimator):  # type: ignore[misc]
    """A packaged model as scikit-learn sees it: it takes a table, and has learned all that it will."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor

    def fit(self, rows: pd.DataFrame, target: np.ndarray) -> "_Packaged":  # noqa: ARG002
        return self


def permutation_importance(predictor: Predictor, rows: pd.DataFrame, target: np.ndarray, seed: int) -> pd.DataFrame:
    """How much the loss grows when one column is shuffled, so that it tells nothing any more (Breiman 2001).

    Args:
        predictor: the model; columns are shuffled, not features, so a date or a derived feature counts as a whole.
        rows: held-out rows that fit the schema.
        target: their encoded target (rows,).
        seed: of the shuffling.

    Returns:
        A row for each column, the most important first: `column`, and `mean` and `spread` (standard deviation) of the
        growth.
    """
    some = np.random.default_rng(seed).permutation(len(rows))[:ROWS]
    columns = list(predictor.features.columns)
    found = inspection.permutation_importance(
        _Packaged(predictor),
        rows[columns].iloc[some],
        target[some],
        scoring=lambda model, table, actual: -loss(predictor.task, actual, model.predictor.of_frame(table)),
        n_repeats=REPEATS,
        random_state=seed,
    )
    table = pd.DataFrame({"column": columns, "mean": found["importances_mean"], "spread": found["importances_std"]})
    return table.sort_values(["mean", "column"], ascending=[False, True], ignore_index=True)

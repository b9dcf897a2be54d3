"""Which columns the model leans on."""

import numpy as np
import pandas as pd
from sklearn import inspection
from sklearn.base import BaseEstimator

from mlops_maturity.data.conversion import replaced
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.training.losses import loss

ROWS = 5_000
# Of a very wide table, fewer rows: each of its columns is shuffled.
CELLS, FEWEST_ROWS = 1_000_000, 500
REPEATS = 5


class Packaged(BaseEstimator):  # type: ignore[misc]
    """A packaged model as scikit-learn sees it: it has learned all that it will.

    What scikit-learn shuffles are the positions of the rows, (rows, columns): so a date counts as a whole, and the
    columns that stay as they are need not be encoded again.
    """

    def __init__(self, predictor: Predictor, rows: pd.DataFrame) -> None:
        self.predictor, self.rows = predictor, rows
        is_plain = predictor.lane == "matrix" and predictor.own_features.function is None
        self.matrix = predictor.own_features.of_frame(rows) if is_plain else None

    def fit(self, positions: np.ndarray, target: np.ndarray) -> "Packaged":  # noqa: ARG002
        """Nothing to do."""
        return self

    def answers(self, positions: np.ndarray) -> np.ndarray:
        """Of the rows, each column of which is taken from the row that stands in it."""
        stays = np.arange(len(positions))
        columns = dict(zip(self.rows.columns, positions.T, strict=True))
        moved = {name: where for name, where in columns.items() if not np.array_equal(where, stays)}
        if self.matrix is None:
            shuffled = {name: self.rows[name].array[where] for name, where in moved.items()}
            return self.predictor.of_frame(replaced(self.rows, shuffled))
        matrix = self.matrix.copy()
        for at, name in enumerate(self.predictor.own_features.owners):
            if name in moved:
                matrix[:, at] = self.matrix[moved[name], at]
        return self.predictor.target.prediction(self.predictor.of_inputs(matrix))


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
    columns = list(predictor.features.columns)
    most = min(ROWS, max(FEWEST_ROWS, CELLS // len(columns)))
    some = np.random.default_rng(seed).permutation(len(rows))[:most]
    found = inspection.permutation_importance(
        Packaged(predictor, rows[columns].iloc[some]),
        np.tile(np.arange(len(some))[:, None], len(columns)),
        target[some],
        scoring=lambda model, positions, actual: -loss(predictor.task, actual, model.answers(positions)),
        n_repeats=REPEATS,
        random_state=seed,
    )
    table = pd.DataFrame({"column": columns, "mean": found["importances_mean"], "spread": found["importances_std"]})
    return table.sort_values(["mean", "column"], ascending=[False, True], ignore_index=True)

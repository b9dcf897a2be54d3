"""Which columns the model leans on."""

import numpy as np
import pandas as pd

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.training.metrics import loss

ROWS = 5_000
REPEATS = 5


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
    generator = np.random.default_rng(seed)
    if len(rows) > ROWS:
        some = generator.choice(len(rows), ROWS, replace=False)
        rows, target = rows.iloc[some], target[some]
    base = loss(predictor.task, target, predictor.of_frame(rows))
    found = []
    for column in predictor.features.columns:
        growth = []
        for _ in range(REPEATS):
            shuffled = rows.assign(**{column: rows[column].array[generator.permutation(len(rows))]})
            growth.append(loss(predictor.task, target, predictor.of_frame(shuffled)) - base)
        found.append({"column": column, "mean": float(np.mean(growth)), "spread": float(np.std(growth))})
    return pd.DataFrame(found).sort_values(["mean", "column"], ascending=[False, True], ignore_index=True)

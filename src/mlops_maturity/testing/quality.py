"""What can be asked of a trained model beyond its scores."""

import pandas as pd

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.training.importance import permutation_importance
from mlops_maturity.training.losses import baseline, loss

# A share of the baseline's loss: what a column may cost by chance.
HARM = 0.05


def harmful_columns(predictor: Predictor, rows: pd.DataFrame, seed: int) -> list[str]:
    """The columns without whose values the model does better.

    Args:
        predictor: the model.
        rows: held-out rows that fit the schema, with their target.
        seed: of the shuffling that takes a column's values away.
    """
    task, target = predictor.task, predictor.target.encode(rows[predictor.target.name])
    unit = loss(task, target, baseline(task, target, len(target), len(predictor.target.classes)))
    found = permutation_importance(predictor, rows, target, seed).set_index("column")["mean"]
    return list(found.index[found < -HARM * unit])

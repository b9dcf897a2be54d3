"""What can be asked of a trained model beyond its scores."""

import math

import numpy as np
import pandas as pd
import pytest

from mlops_maturity.data.conversion import replaced
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.training.importance import permutation_importance
from mlops_maturity.training.losses import baseline, loss, losses

# A share of the baseline's loss: what a column may cost by chance.
HARM = 0.05
# Fewer held-out rows say nothing of a column.
FEWEST = 30
# Standard errors of the mean over the rows: of twenty columns, chance alone brings one that far in fifty projects.
CERTAIN = 3
REPEATS = 10


def harmful_columns(predictor: Predictor, rows: pd.DataFrame, seed: int) -> list[str]:
    """The columns without whose values the model does better, by more than chance on these rows.

    It skips the test where the rows are too few.

    Args:
        predictor: the model.
        rows: held-out rows that fit the schema, with their target.
        seed: of the shuffling that takes a column's values away.
    """
    task, target = predictor.task, predictor.target.encode(rows[predictor.target.name])
    if len(rows) < FEWEST:
        pytest.skip(f"not applicable: too few rows ({len(rows)}) to tell a column that does harm from chance")
    unit = loss(task, target, baseline(task, target, len(target), len(predictor.target.classes)))
    found = permutation_importance(predictor, rows, target, seed).set_index("column")["mean"]
    before = losses(task, target, predictor.of_frame(rows))
    random = np.random.default_rng(seed)
    harmful = []
    for name in found.index[found < -HARM * unit]:
        shuffled = [replaced(rows, {name: rows[name].array[random.permutation(len(rows))]}) for _ in range(REPEATS)]
        growth = np.mean([losses(task, target, predictor.of_frame(each)) for each in shuffled], axis=0) - before
        if growth.mean() < -CERTAIN * growth.std(ddof=1) / math.sqrt(len(rows)):
            harmful.append(name)
    return harmful

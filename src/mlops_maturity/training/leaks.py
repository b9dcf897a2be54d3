"""Columns that predict the target suspiciously well all by themselves: they may be written down after it."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from mlops_maturity.data.features import bounded
from mlops_maturity.data.schema import Schema
from mlops_maturity.data.targets import Target
from mlops_maturity.project.params import Params

# Of the accuracy, or of R2. What explains so much is seldom a cause.
SUSPICIOUS = 0.98
MOST_ROWS = 5_000
FOLDS = 3


def leaks(frame: pd.DataFrame, schema: Schema, params: Params, columns: Iterable[str]) -> list[tuple[str, float]]:
    """The columns that alone reach nearly everything, each with its score in a cross-validation.

    Args:
        frame: rows that fit the schema.
        schema: of the table.
        params: the project's settings.
        columns: to look at.

    Returns:
        Their names, with the accuracy of a small tree that sees nothing else, or its R2.
    """
    known = frame[frame[params.data.target].notna()]
    known = known.sample(min(len(known), MOST_ROWS), random_state=0)
    if len(known) < 10 * FOLDS:
        return []
    classify = params.task == "classification"
    target = Target.of(known[params.data.target], schema, params).encode(known[params.data.target])
    if classify:
        counts = np.bincount(target)
        if counts.min() < FOLDS or counts.max() > SUSPICIOUS * len(target):
            return []
    tree, folds = (DecisionTreeClassifier, StratifiedKFold) if classify else (DecisionTreeRegressor, KFold)
    # A file may be sorted by the target.
    shuffled = folds(FOLDS, shuffle=True, random_state=0)
    found = []
    for name in columns:
        values = known[name]
        codes = values.cat.codes if isinstance(values.dtype, pd.CategoricalDtype) else values
        # As the model sees them: what float32 does not hold, no estimator takes.
        numbers = bounded(pd.to_numeric(codes).astype("float64").to_numpy())[:, None]
        reached = float(cross_val_score(tree(max_depth=6, random_state=0), numbers, target, cv=shuffled).mean())
        if reached >= SUSPICIOUS:
            found.append((name, reached))
    return found

"""Asking a scikit-learn estimator, with as many threads as its rows are worth."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from mlops_maturity.project.params import Task

# With fewer, the threads of boosted trees mostly wait for each other.
ROWS_FOR_THREADS = 200_000


def predict(estimator: Any, task: Task, matrix: np.ndarray) -> np.ndarray:
    """Probabilities (rows, classes), or values (rows,), of features (rows, features)."""
    with threads_for(len(matrix)):
        output: np.ndarray = (estimator.predict_proba if task == "classification" else estimator.predict)(matrix)
    return output


def threads_for(rows: int) -> AbstractContextManager[object]:
    """Keep numerical libraries to one thread, unless there are rows enough to share."""
    from threadpoolctl import threadpool_limits  # the service has it only where its model is scikit-learn's

    return threadpool_limits(1) if rows < ROWS_FOR_THREADS else nullcontext()

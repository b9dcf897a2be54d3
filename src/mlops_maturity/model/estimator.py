"""Asking a scikit-learn estimator, with as many threads as its rows are worth."""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_maturity.project.params import Task

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

# With fewer, the threads of boosted trees mostly wait for each other.
ROWS_FOR_THREADS = 200_000


def predict(estimator: Any, task: Task, inputs: Any) -> np.ndarray:
    """Probabilities (rows, classes), or values (rows,), of what the estimator's lane has it see."""
    found = answer(estimator, task, inputs)
    return found[:, 0] if task == "regression" and found.ndim == 2 else found


def answer(estimator: Any, task: Task, inputs: Any) -> np.ndarray:
    """The same with all that a regression answers: values (rows,), or with its further outputs (rows, outputs + 1)."""
    import joblib  # the service has it only where its model is scikit-learn's

    jobs = joblib.parallel_config("sequential") if len(inputs) < ROWS_FOR_THREADS else nullcontext()
    with threads_for(len(inputs)), jobs:
        output = (estimator.predict_proba if task == "classification" else estimator.predict)(inputs)
    return np.asarray(output)


def threads_for(rows: int) -> AbstractContextManager[object]:
    """Keep numerical libraries to one thread, unless there are rows enough to share."""
    return _libraries().limit(limits=1) if rows < ROWS_FOR_THREADS else nullcontext()


@cache
def _libraries() -> "ThreadpoolController":
    """The numerical libraries of this process; looking for them takes longer than most predictions."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()

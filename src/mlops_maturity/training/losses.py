"""The loss of predictions, which gates compare. Probabilities are (rows, classes), classes are numbered from 0.

NumPy alone: what asks for no more than a loss does not wait for scikit-learn.
"""

import numpy as np

from mlops_maturity.project.params import Task

# A probability of zero for what then happens would cost infinitely much, and one such row would outweigh all others.
SMALLEST_PROBABILITY = 1e-4
NO_GAIN = {"baseline": 0.0, "simple": 0.0}


def losses(task: Task, target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """The loss of each row (rows,): log loss in nats, or the squared error.

    A class of -1, which the model does not know, counts as one that it holds for next to impossible.
    """
    if task == "regression":
        squared: np.ndarray = (target - predicted) ** 2
        return squared
    numbers = target.astype(int)
    chosen = np.where(numbers < 0, 0.0, predicted[np.arange(len(target)), numbers])
    logarithms: np.ndarray = -np.log(np.clip(chosen, SMALLEST_PROBABILITY, 1))
    return logarithms


def loss(task: Task, target: np.ndarray, predicted: np.ndarray) -> float:
    """The loss that gates compare: the mean of `losses`."""
    return float(np.mean(losses(task, target, predicted)))


def baseline(task: Task, train: np.ndarray, rows: int, classes: int) -> np.ndarray:
    """What the baseline answers to so many rows: how frequent each class is in the train set, or its mean."""
    if task == "regression":
        return np.full(rows, train.mean())
    return np.broadcast_to(np.bincount(train.astype(int), minlength=classes) / len(train), (rows, classes))


def gains(
    task: Task, target: np.ndarray, predicted: np.ndarray, baseline: np.ndarray, simple: np.ndarray
) -> dict[str, float]:
    """What a model saves of the baseline's loss, and how much more of it than the simple model saves.

    Both are shares of the same loss: of the squared error, the first is R² (with the train set's mean).

    Args:
        task: classification or regression.
        target: (rows,).
        predicted: the model's predictions.
        baseline: the baseline's.
        simple: the simple model's.

    Returns:
        `baseline`: 1 is perfect, 0 no better than the baseline, negative worse; `simple`: 0 no better than the
        simple model.
    """
    return shares(*(loss(task, target, answers) for answers in (predicted, baseline, simple)))


def shares(ours: float, baseline: float, simple: float) -> dict[str, float]:
    """The same of losses: the model's, the baseline's, the simple model's."""
    return {"baseline": (baseline - ours) / baseline, "simple": (simple - ours) / baseline} if baseline > 0 else NO_GAIN

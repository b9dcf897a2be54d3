"""What is measured of predictions. Probabilities are (rows, classes), classes are numbered from 0."""

import numpy as np

from mlops_maturity.project.params import Task

# A probability of zero for what then happens would cost infinitely much, and one such row would outweigh all others.
SMALLEST_PROBABILITY = 1e-4
CALIBRATION_BINS = 10
NO_GAIN = {"trivial": 0.0, "simple": 0.0}


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


def trivial(task: Task, train: np.ndarray, rows: int, classes: int) -> np.ndarray:
    """What the trivial model answers to so many rows: how frequent each class is in the train set, or its mean."""
    if task == "regression":
        return np.full(rows, train.mean())
    return np.broadcast_to(np.bincount(train.astype(int), minlength=classes) / len(train), (rows, classes))


def gains(
    task: Task, target: np.ndarray, predicted: np.ndarray, trivial: np.ndarray, simple: np.ndarray
) -> dict[str, float]:
    """What a model saves of the trivial model's loss, and how much more of it than the simple model saves.

    Both are shares of the same loss: of the squared error, the first is R² (with the train set's mean).

    Args:
        task: classification or regression.
        target: (rows,).
        predicted: the model's predictions.
        trivial: the trivial model's.
        simple: the simple model's.

    Returns:
        `trivial`: 1 is perfect, 0 no better than the trivial model, negative worse; `simple`: 0 no better than the
        simple model.
    """
    return shares(*(loss(task, target, answers) for answers in (predicted, trivial, simple)))


def shares(ours: float, trivial: float, simple: float) -> dict[str, float]:
    """The same of losses: the model's, the trivial model's, the simple model's."""
    return {"trivial": (trivial - ours) / trivial, "simple": (simple - ours) / trivial} if trivial > 0 else NO_GAIN


def scores(task: Task, target: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """All that is reported of predictions, by name."""
    if task == "regression":
        squared = loss(task, target, predicted)
        return {
            "mae": float(np.mean(np.abs(target - predicted))),
            "mse": squared,
            "r2": float(1 - squared / target.var()) if target.var() > 0 else 0.0,
        }
    counts = confusion(target, predicted)
    right, actual, answered = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    present = actual > 0
    values = {
        "accuracy": float(right.sum() / len(target)),
        "balanced_accuracy": float(np.mean(right[present] / actual[present])),
        "calibration_error": calibration_error(target, predicted),
        "f1_macro": float(np.mean(2 * right[present] / (actual + answered)[present])),
        "log_loss": loss(task, target, predicted),
    }
    if present[:-1].all():
        areas = [area_under_curve(target == number, score) for number, score in enumerate(predicted.T)]
        values["roc_auc"] = float(np.mean(areas))
    return values


def confusion(target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Counts of rows by their class and by the class that is most probable for the model: (classes + 1, classes + 1).

    The last of each is for a class that the model does not know: -1.
    """
    size = predicted.shape[1] + 1
    cells = target.astype(int) % size * size + predicted.argmax(axis=1)
    return np.bincount(cells, minlength=size * size).reshape(size, size)


def area_under_curve(positive: np.ndarray, score: np.ndarray) -> float:
    """How probable it is that a positive row has a higher score than another; a tie counts half (Hanley, McNeil 1982).

    Args:
        positive: which rows are, (rows,); there is at least one that is and one that is not.
        score: (rows,).
    """
    _, place, ties = np.unique(score, return_inverse=True, return_counts=True)
    # Ranks from 1; rows with one score share the middle of theirs.
    ranks = np.cumsum(ties) - (ties - 1) / 2
    count = int(positive.sum())
    return float((ranks[place[positive]].sum() - count * (count + 1) / 2) / (count * (len(score) - count)))


def calibration_curve(target: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Confidence, accuracy and count of rows in bins of the predicted class's probability; empty bins are left out."""
    confidence = predicted.max(axis=1)
    right = predicted.argmax(axis=1) == target
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    counts = np.bincount(bins, minlength=CALIBRATION_BINS)
    known = counts > 0
    sums = [np.bincount(bins, weights=values, minlength=CALIBRATION_BINS)[known] for values in (confidence, right)]
    return sums[0] / counts[known], sums[1] / counts[known], counts[known]


def calibration_error(target: np.ndarray, predicted: np.ndarray) -> float:
    """Expected calibration error: the mean distance of confidence and accuracy over rows (Guo et al. 2017, eq. 3)."""
    confidence, accuracy, counts = calibration_curve(target, predicted)
    return float(np.average(np.abs(confidence - accuracy), weights=counts))

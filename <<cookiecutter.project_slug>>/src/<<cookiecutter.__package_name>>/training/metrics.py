"""What is measured of predictions. Probabilities are (rows, classes), classes are numbered from 0."""

import numpy as np
from sklearn import metrics as sk

from ..params import Task

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
        return {
            "mae": float(sk.mean_absolute_error(target, predicted)),
            "mse": loss(task, target, predicted),
            "r2": float(sk.r2_score(target, predicted)) if len(target) > 1 else 0.0,
        }
    labels = predicted.argmax(axis=1)
    present = np.unique(target)
    values = {
        "accuracy": float(sk.accuracy_score(target, labels)),
        "balanced_accuracy": float(np.mean([np.mean(labels[target == label] == label) for label in present])),
        "calibration_error": calibration_error(target, predicted),
        "f1_macro": float(sk.f1_score(target, labels, average="macro", labels=present, zero_division=0)),
        "log_loss": loss(task, target, predicted),
    }
    if len(present) == predicted.shape[1]:
        area = predicted[:, 1] if predicted.shape[1] == 2 else predicted
        values["roc_auc"] = float(sk.roc_auc_score(target, area, multi_class="ovr"))
    return values


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

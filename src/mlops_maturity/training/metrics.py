"""What is measured of predictions, by scikit-learn. Probabilities are (rows, classes), classes are numbered from 0."""

import numpy as np
from sklearn import calibration
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    mean_absolute_error,
    precision_recall_fscore_support,
    r2_score,
    roc_auc_score,
)

from mlops_maturity.data.targets import Target
from mlops_maturity.project.params import Task
from mlops_maturity.training.losses import loss

CALIBRATION_BINS = 10


def scores(task: Task, target: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """All that is reported of predictions, by name."""
    if task == "regression":
        return {
            **readable(task, target, predicted),
            "mse": loss(task, target, predicted),
            "rmse": float(np.sqrt(loss(task, target, predicted))),
            "r2": float(r2_score(target, predicted)) if np.ptp(target) > 0 else 0.0,
        }
    answers, present = predicted.argmax(axis=1), np.unique(target)
    _, recall, f1, _ = precision_recall_fscore_support(
        target, answers, labels=present, average="macro", zero_division=0
    )
    values = {
        **readable(task, target, predicted),
        "balanced_accuracy": float(recall),
        "calibration_error": calibration_error(target, predicted),
        "f1_macro": float(f1),
        "log_loss": loss(task, target, predicted),
    }
    classes = np.arange(predicted.shape[1])
    if np.isin(classes, present).all():
        # Of two classes, both have the same.
        areas = [roc_auc_score(target == number, predicted[:, number]) for number in classes[len(classes) == 2 :]]
        values["roc_auc"] = float(np.mean(areas))
    return values


def readable(task: Task, target: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """The one score that people read at a glance, by its name."""
    if task == "regression":
        return {"mae": float(mean_absolute_error(target, predicted))}
    return {"accuracy": float(accuracy_score(target, predicted.argmax(axis=1)))}


def answered(target: Target, actual: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """The share of rows that a model which may abstain answers, and the share of these that are right."""
    if target.abstain is None:
        return {}
    some = target.answered(predicted)
    right = actual[some] == predicted[some].argmax(axis=1)
    return {"answered": float(some.mean()), "accuracy_answered": float(right.mean()) if len(right) else 0.0}


def confusion(target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Counts of rows by their class and by the class that is most probable for the model: (classes, classes)."""
    counts: np.ndarray = confusion_matrix(target, predicted.argmax(axis=1), labels=np.arange(predicted.shape[1]))
    return counts


def calibration_curve(target: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Confidence, accuracy and count of rows in bins of the predicted class's probability; empty bins are left out."""
    confidence = np.clip(predicted.max(axis=1), 0, 1)
    right = predicted.argmax(axis=1) == target
    accuracy, means = calibration.calibration_curve(right, confidence, n_bins=CALIBRATION_BINS, pos_label=True)
    # Its bins: closed on the right.
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)
    counts = np.bincount(np.searchsorted(edges[1:-1], confidence))
    return means, accuracy, counts[counts > 0]


def calibration_error(target: np.ndarray, predicted: np.ndarray) -> float:
    """Expected calibration error: the mean distance of confidence and accuracy over rows (Guo et al. 2017, eq. 3)."""
    confidence, accuracy, counts = calibration_curve(target, predicted)
    return float(np.average(np.abs(confidence - accuracy), weights=counts))

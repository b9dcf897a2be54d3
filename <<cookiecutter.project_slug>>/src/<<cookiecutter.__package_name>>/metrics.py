"""Metrics of this project's own, beside those of the library."""

from collections.abc import Mapping

import numpy as np


def metrics(target: np.ndarray, predicted: np.ndarray | Mapping[str, np.ndarray]) -> dict[str, float]:
    """Further scores, by name: they are reported, and `gates.targets` in params.yaml can require them.

    Args:
        target: the true values (rows,); classes as str.
        predicted: for a regression the values (rows,); for a classification the probabilities (rows,) of each class.
    """
    if isinstance(predicted, Mapping):
        classes = np.array(list(predicted))
        chosen = classes[np.argmax(np.stack(list(predicted.values())), axis=0)]
        recalls = [np.mean(chosen[target == name] == name) for name in np.unique(target)]
        return {"worst_recall": float(min(recalls))}
    error = np.abs(predicted - target)
    return {"within_10_percent": float(np.mean(error <= 0.1 * np.abs(target)))}

"""What the model costs in production, where it has become known what was so."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from mlops_maturity.monitoring.drift import FALSE_ALARMS, Check
from mlops_maturity.monitoring.profile import Loss
from mlops_maturity.project.params import Monitoring, Task
from mlops_maturity.training.losses import losses


@dataclass(frozen=True)
class Performance:
    """What the answers of a window were worth.

    Attributes:
        rows: answers of which it is known what was so.
        loss: their mean loss.
        growth: of the loss over that on the test set, in shares of the baseline's loss: at 1 - x, a model that
            saved x of it saves nothing any more. Of the squared error, it is what R² has lost.
        scores: what people read: accuracy, or the mean absolute error.
    """

    rows: int
    loss: float
    growth: Check
    scores: dict[str, float]

    def __str__(self) -> str:
        told = ", ".join(f"{name} {value:.3g}" for name, value in self.scores.items())
        return f"loss {self.loss:.3g}, {told}; growth of the {self.growth}"


def performance(
    task: Task, target: np.ndarray, predicted: np.ndarray, reference: Loss, bounds: Monitoring
) -> Performance:
    """Measure a window.

    Where chance alone takes the mean loss of so few rows further than the bound, what chance does is the bound (the
    normal distribution of a difference of two means, Welch).

    Args:
        task: classification or regression.
        target: what was so, encoded (rows,); a class that the model does not know is -1.
        predicted: what the model answered: probabilities (rows, classes) or values (rows,).
        reference: what it cost on the test set.
        bounds: of params.yaml.
    """
    each = losses(task, target, predicted)
    mean = float(each.mean())
    # A test set on which even the frequencies of the classes were never wrong gives no unit to measure in.
    unit = reference.baseline or 1.0
    noise = float(np.sqrt(reference.spread**2 / reference.rows + each.var() / len(each)))
    growth = mean - reference.mean
    return Performance(
        rows=len(each),
        loss=mean,
        growth=Check(
            "loss",
            growth / unit,
            bounds.loss,
            float(stats.norm.isf(FALSE_ALARMS)) * noise / unit,
            float(stats.norm.sf(growth / noise)) if noise else None,
        ),
        scores=_scores(task, target, predicted),
    )


def _scores(task: Task, target: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    if task == "regression":
        return {"mae": float(np.mean(np.abs(target - predicted)))}
    return {"accuracy": float(np.mean(predicted.argmax(axis=1) == target))}

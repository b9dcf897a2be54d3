"""The pictures of an evaluation."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import MaxNLocator
from sklearn.metrics import precision_recall_curve, roc_curve

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.numbers import number
from mlops_maturity.project.paths import PLOTS
from mlops_maturity.training import drawing
from mlops_maturity.training.drawing import BLUE, GREY, ORANGE, short
from mlops_maturity.training.metrics import calibration_curve, confusion

if TYPE_CHECKING:
    from mlops_maturity.training.evaluate import Evaluation

MOST_BARS = 15
MOST_POINTS = 5_000
READABLE_CLASSES = 12

History = Sequence[Mapping[str, float]]


def draw(predictor: Predictor, evaluation: "Evaluation", history: History) -> dict[str, Path]:
    """Draw all pictures of the task and return their files by title."""
    pictures: dict[str, Callable[[Axes], None]] = {}
    if history:
        pictures["Learning curve"] = lambda axes: _learning_curve(axes, history, predictor.task)
    if predictor.task == "classification":
        pictures["Confusion matrix"] = lambda axes: _confusion(axes, predictor, evaluation)
        pictures["Calibration"] = lambda axes: _calibration(axes, evaluation)
        if len(predictor.target.classes) <= READABLE_CLASSES:
            pictures["ROC curves"] = lambda axes: _roc(axes, predictor, evaluation)
            pictures["Precision-recall curves"] = lambda axes: _precision_recall(axes, predictor, evaluation)
    else:
        pictures["Predicted and actual"] = lambda axes: _predicted(axes, evaluation, predictor.target.name)
        pictures["Residuals"] = lambda axes: _residuals(axes, evaluation, predictor.target.name)
        pictures["Residuals against predictions"] = lambda axes: _spread(axes, evaluation, predictor.target.name)
    pictures["Permutation importance"] = lambda axes: _importance(axes, evaluation)
    return {title: _save(title, picture) for title, picture in pictures.items()}


def _save(title: str, picture: Callable[[Axes], None]) -> Path:
    PLOTS.mkdir(parents=True, exist_ok=True)
    path = PLOTS / f"{title.lower().replace(' ', '_')}.png"

    def with_title(axes: Axes) -> None:
        picture(axes)
        axes.set_title(title)

    drawing.draw(with_title, path, (6.4, 4.4))
    return path


def _learning_curve(axes: Axes, history: History, task: str) -> None:
    curves = {name: [entry[name] for entry in history] for name in ("iteration", "train", "validation")}
    axes.plot(curves["iteration"], curves["train"], color=BLUE, label="train")
    axes.plot(curves["iteration"], curves["validation"], color=ORANGE, label="validation")
    best = int(np.argmin(curves["validation"]))
    axes.axvline(curves["iteration"][best], color=GREY, linestyle=":", label="best on validation")
    axes.set(xlabel="iteration", ylabel="log loss" if task == "classification" else "mean squared error")
    losses = [*curves["train"], *curves["validation"]]
    if 0 < min(losses) < max(losses) / 10:
        axes.set_yscale("log")
    else:
        _number(axes.yaxis)
    axes.legend(frameon=False)


def _confusion(axes: Axes, predictor: Predictor, evaluation: "Evaluation") -> None:
    classes = predictor.target.classes
    counts = confusion(evaluation.target, evaluation.predicted)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.grid(visible=False)
    axes.set(xlabel="predicted", ylabel="actual")
    if len(classes) > READABLE_CLASSES:
        return
    labels = [short(name) for name in classes]
    axes.set_xticks(range(len(classes)), labels, rotation=30 if max(map(len, labels)) > 6 else 0)
    axes.set_yticks(range(len(classes)), labels)
    for (row, column), count in np.ndenumerate(counts):
        axes.text(
            column, row, f"{count:,}", ha="center", va="center", color="white" if shares[row, column] > 0.5 else "black"
        )


def _calibration(axes: Axes, evaluation: "Evaluation") -> None:
    confidence, accuracy, counts = calibration_curve(evaluation.target, evaluation.predicted)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="as sure as right")
    axes.scatter(confidence, accuracy, s=20 + 180 * counts / counts.max(), color=BLUE, zorder=3, label="area: rows")
    axes.set(xlabel="probability of the predicted class", ylabel="share that is right", xlim=(0, 1.03), ylim=(0, 1.06))
    axes.legend(frameon=False, loc="upper left")


def _roc(axes: Axes, predictor: Predictor, evaluation: "Evaluation") -> None:
    for name, colour, actual, probability in _one_against_the_rest(predictor, evaluation):
        false, true, _ = roc_curve(actual, probability)
        axes.plot(false, true, color=colour, label=name)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":")
    axes.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(0, 1), ylim=(0, 1.03))
    axes.legend(frameon=False, loc="lower right")


def _precision_recall(axes: Axes, predictor: Predictor, evaluation: "Evaluation") -> None:
    for name, colour, actual, probability in _one_against_the_rest(predictor, evaluation):
        precision, recall, _ = precision_recall_curve(actual, probability)
        axes.step(recall, precision, where="post", color=colour, label=name)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.03))
    axes.legend(frameon=False, loc="lower left")


def _one_against_the_rest(
    predictor: Predictor, evaluation: "Evaluation"
) -> Iterator[tuple[str, Any, np.ndarray, np.ndarray]]:
    """Each class that the test set has and lacks: its name, a colour, which rows have it, and how probable it is."""
    classes = predictor.target.classes
    colours = colormaps["tab20" if len(classes) > 10 else "tab10"]
    # Of two classes, the first has the curves of the second, mirrored.
    for place in range(len(classes) == 2, len(classes)):
        actual = evaluation.target == place
        if 0 < actual.sum() < len(actual):
            yield short(classes[place]), colours(place), actual, evaluation.predicted[:, place]


def _predicted(axes: Axes, evaluation: "Evaluation", name: str) -> None:
    some = slice(MOST_POINTS)
    axes.scatter(evaluation.target[some], evaluation.predicted[some], s=12, alpha=0.6, color=BLUE, edgecolors="none")
    ends = [float(evaluation.target.min()), float(evaluation.target.max())]
    axes.plot(ends, ends, color=GREY, linestyle=":")
    axes.set(xlabel=f"actual {short(name)}", ylabel=f"predicted {short(name)}")
    _number(axes.xaxis, axes.yaxis)


def _residuals(axes: Axes, evaluation: "Evaluation", name: str) -> None:
    residuals = evaluation.predicted - evaluation.target
    axes.hist(residuals, bins=min(40, max(8, len(residuals) // 6)), color=BLUE, edgecolor="white")
    axes.axvline(0, color=GREY, linestyle=":")
    axes.set(xlabel=f"predicted minus actual {short(name)}", ylabel="rows")
    _number(axes.xaxis)


def _spread(axes: Axes, evaluation: "Evaluation", name: str) -> None:
    some = slice(MOST_POINTS)
    residuals = evaluation.predicted[some] - evaluation.target[some]
    axes.scatter(evaluation.predicted[some], residuals, s=12, alpha=0.6, color=BLUE, edgecolors="none")
    axes.axhline(0, color=GREY, linestyle=":")
    axes.set(xlabel=f"predicted {short(name)}", ylabel="predicted minus actual")
    _number(axes.xaxis, axes.yaxis)


def _number(*sides: Axis, most: int = 6) -> None:
    """Number an axis as the tables do."""
    for axis in sides:
        axis.set_major_formatter(lambda value, _: number(value))
        axis.set_major_locator(MaxNLocator(most))


def _importance(axes: Axes, evaluation: "Evaluation") -> None:
    top = evaluation.importance.head(MOST_BARS)[::-1]
    axes.barh([short(name) for name in top["column"]], top["mean"], xerr=top["spread"], color=BLUE, ecolor=GREY)
    axes.grid(visible=False, axis="y")
    axes.set(xlabel="growth of the loss when the column is shuffled")
    _number(axes.xaxis, most=3)

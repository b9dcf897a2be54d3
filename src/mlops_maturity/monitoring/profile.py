"""The reference that live data are compared with: how columns, predictions and loss were distributed."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from mlops_maturity.data.features import Features
from mlops_maturity.data.tables import stored
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.artefact import TRAINED_FIELDS
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import write_text
from mlops_maturity.project.params import Task
from mlops_maturity.project.paths import MODEL, REFERENCE, TEST, TRAIN
from mlops_maturity.training.losses import baseline, losses

Kind = Literal["number", "time", "category"]

# A distribution in a hundred cells of as many rows each: what falls between two edges moves the distance of two
# cumulative distributions by a hundredth at most.
CELLS = 100
# A category has a cell for each of so many values; the rest, and values never seen before, share one.
MOST_WORDS = 1_000
MOST_STRANGERS = 5


class Profile(BaseModel):
    """How the values of a column are distributed: counts of rows in cells.

    A number or a time (in microseconds since 1970) is in the cell of the last edge that it reaches; the first cell is
    for what is under every edge. A category is in the cell of its word; the last cell is for every other word.

    Attributes:
        kind: number, time or category.
        edges: of the cells, ascending; of a category, none.
        words: of the cells, the most frequent first; of a number or a time, none.
        counts: rows in each cell; one more than there are edges or words.
        missing: rows without a value.
        strangers: the most frequent words that have no cell, with their counts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    edges: list[float] = []
    words: list[str] = []
    counts: list[int]
    missing: int
    strangers: dict[str, int] = {}

    @classmethod
    def of(cls, values: pd.Series, kind: Kind) -> "Profile":
        """The profile of a column, in cells of its own.

        Args:
            values: numbers, datetime64, or words.
            kind: which of them.
        """
        if kind == "category":
            found = [(str(word), count) for word, count in _words(values).value_counts().items() if count]
            ranked = sorted(found, key=lambda item: (-item[1], item[0]))
            cells = cls(kind=kind, words=[word for word, _ in ranked[:MOST_WORDS]], counts=[], missing=0)
        else:
            cells = cls(kind=kind, edges=_edges(_numbers(values)), counts=[], missing=0)
        return cells.counting(values)

    def counting(self, values: pd.Series) -> "Profile":
        """The profile of other values of the same column, in the cells of this one."""
        if self.kind == "category":
            return self._counting_words(values)
        numbers = _numbers(values)
        known = numbers[~np.isnan(numbers)]
        counts = np.bincount(np.searchsorted(self.edges, known, side="right"), minlength=len(self.edges) + 1)
        return self.model_copy(update={"counts": counts.tolist(), "missing": len(numbers) - len(known)})

    def _counting_words(self, values: pd.Series) -> "Profile":
        words = _words(values).cat
        cell_of = {word: cell for cell, word in enumerate(self.words)}
        found = np.bincount(words.codes + 1, minlength=len(words.categories) + 1)
        counts = np.zeros(len(self.words) + 1, dtype=int)
        strangers = {}
        for word, count in zip(words.categories, found[1:].tolist(), strict=True):
            counts[cell_of.get(word, len(self.words))] += count
            if word not in cell_of and count:
                strangers[word] = count
        most = sorted(strangers.items(), key=lambda item: (-item[1], item[0]))[:MOST_STRANGERS]
        return self.model_copy(update={"counts": counts.tolist(), "missing": int(found[0]), "strangers": dict(most)})

    @property
    def known(self) -> int:
        """Rows that have a value."""
        return sum(self.counts)

    @property
    def rows(self) -> int:
        """All rows."""
        return self.known + self.missing

    def quantile(self, share: float) -> float:
        """The start of the cell in which this share of the values is reached: a quantile, to the width of a cell."""
        cell = int(np.argmax(np.cumsum(self.counts) >= share * self.known))
        return self.edges[max(cell - 1, 0)]


class Loss(BaseModel):
    """What the model cost on the test set.

    Attributes:
        rows: of the test set.
        mean: log loss in nats, or mean squared error.
        spread: standard deviation of the rows' losses.
        baseline: the mean loss of the model that answers the frequencies of the classes, or the mean.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    mean: float
    spread: float
    baseline: float


class Reference(BaseModel):
    """What a model was made of and what it answered then.

    Attributes:
        format: of this file.
        model_sha256: of the model.
        columns: the columns that the model needs, in the train set.
        prediction: its answers to the test set: classes, or values.
        loss: what they cost.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    model_sha256: str
    columns: dict[str, Profile]
    prediction: Profile
    loss: Loss

    def text(self) -> str:
        """The reference as JSON: the same for the same content, and exact, because an edge that is rounded moves."""
        content = self.model_dump(exclude_defaults=True) | {"format": 1}
        return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n"


def run() -> None:
    """Write the reference of the trained model.

    Raises:
        ProjectError: an earlier step is missing.
    """
    artefact = artefacts.read(MODEL, made_by="make train", fields=TRAINED_FIELDS)
    train, test = (stored(path, "make data") for path in (TRAIN, TEST))
    reference = reference_of(Predictor(artefact), artefact.digest, train, test)
    write_text(REFERENCE, reference.text())
    print(f"wrote {REFERENCE}: {len(reference.columns)} columns of {len(train):,} rows")


def reference_of(predictor: Predictor, digest: str, train: pd.DataFrame, test: pd.DataFrame) -> Reference:
    """The reference of a model.

    Args:
        predictor: the model.
        digest: SHA-256 of the model.
        train: the rows that it learned from.
        test: rows that it never saw: what it answers to the others is better than what it can do.
    """
    task, target = predictor.task, predictor.target
    predicted = predictor.of_frame(test)
    answers = answers_as_column(target.decode(predicted), task)
    return Reference(
        model_sha256=digest,
        columns={name: Profile.of(train[name], kind) for name, kind in kinds(predictor.features).items()},
        prediction=Profile.of(answers, "number" if task == "regression" else "category"),
        loss=_loss(predictor, target.encode(train[target.name]), target.encode(test[target.name]), predicted),
    )


def answers_as_column(answers: Iterable[Any], task: Task) -> pd.Series:
    """What a model answered as a column: values as float64, classes of whatever type as words."""
    if task == "regression":
        return pd.Series(answers, dtype="float64")
    return pd.Series([str(answer) for answer in answers], dtype="str")


def kinds(features: Features) -> dict[str, Kind]:
    """The kind of each column that a model needs."""
    found: dict[str, Kind] = dict.fromkeys(features.numbers, "number")
    return found | dict.fromkeys(features.categories, "category") | dict.fromkeys(features.times, "time")


def load_reference(model: Path) -> Reference:
    """Read the reference of a packaged model.

    Raises:
        ProjectError: the model is missing, or has no reference, or one of another version of this project.
    """
    content = artefacts.read(model, made_by="make run").reference
    if content is None:
        raise ProjectError(f"{model} has no {REFERENCE.name} to compare live data with; run `make run` again")
    try:
        return Reference.model_validate_json(content)
    except ValueError as error:
        raise ProjectError(f"{model}: the reference is damaged ({error}); run `make run` again") from None


def _edges(numbers: np.ndarray) -> list[float]:
    """The edges of cells with as many values each. A value that fills a cell or more by itself has one to itself."""
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return []
    quantiles = np.quantile(known, np.linspace(0, 1, CELLS + 1), method="inverted_cdf")
    starts, times = np.unique(quantiles, return_counts=True)
    # The largest value closes the last cell, so that a larger one is outside.
    ends = np.nextafter(np.append(starts[times > 1], starts[-1]), np.inf)
    edges: list[float] = np.union1d(starts, ends).tolist()
    return edges


def _words(values: pd.Series) -> pd.Series:
    """Words as pandas numbers them, however they came."""
    return values if isinstance(values.dtype, pd.CategoricalDtype) else values.astype("str").astype("category")


def _numbers(values: pd.Series) -> np.ndarray:
    """Numbers as they are, times as microseconds since 1970, a missing or infinite value as NaN."""
    if values.dtype.kind == "M":
        times = values.to_numpy("datetime64[us]")
        return np.where(np.isnat(times), np.nan, times.astype("int64").astype("float64"))
    numbers = values.to_numpy("float64", na_value=np.nan)
    return np.where(np.isinf(numbers), np.nan, numbers)


def _loss(predictor: Predictor, train: np.ndarray, test: np.ndarray, predicted: np.ndarray) -> Loss:
    each = losses(predictor.task, test, predicted)
    guessed = baseline(predictor.task, train, len(test), len(predictor.target.classes))
    return Loss(
        rows=len(test),
        mean=float(each.mean()),
        spread=float(each.std()),
        baseline=float(losses(predictor.task, test, guessed).mean()),
    )

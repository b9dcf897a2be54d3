"""The column that is predicted: classes as numbers for the models, and back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_maturity.data.schema import Schema
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Abstain, Params
from mlops_maturity.project.paths import PARAMS

if TYPE_CHECKING:
    import pandas as pd

# Other classes are words. The keys are types of columns.
PLAIN: dict[str, Callable[[Any], Any]] = {"boolean": bool, "integer": int, "number": float}


@dataclass(frozen=True)
class Target:
    """What is predicted.

    Attributes:
        name: the column.
        classes: the values in the order of their numbers; empty for regression.
        abstain: what is answered where no class is probable enough; None if a class always is.
        outputs: of a regression, what is answered beside the prediction, such as the ends of an interval.
    """

    name: str
    classes: tuple[Any, ...]
    abstain: Abstain | None = None
    outputs: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: "pd.Series", schema: Schema, params: Params) -> "Target":
        """The target of a project, its classes taken from the values of the train set and as they stand in JSON.

        Raises:
            ProjectError: what is answered instead of a class is one of them.
        """
        name, abstain = params.data.target, params.data.abstain
        if params.task == "regression":
            return cls(name, (), outputs=params.data.outputs)
        plain = PLAIN.get(schema.columns[name].type, str)
        classes = tuple(sorted(plain(value) for value in values.dropna().unique()))
        if abstain and abstain.answer in map(str, classes):
            raise ProjectError(
                f"{PARAMS}: data.abstain.answer: {abstain.answer!r} is a class; choose a word that is none"
            )
        return cls(name, classes, abstain)

    def encode(self, values: "pd.Series") -> np.ndarray:
        """Classes as their numbers, or values as float64: (rows,). A class that is not known is -1."""
        if not self.classes:
            return values.to_numpy("float64")
        if values.dtype == "category":
            return values.cat.set_categories(list(self.classes)).cat.codes.to_numpy("int64")
        known, given = np.array(self.classes, dtype="float64"), values.to_numpy("float64")
        numbers = np.minimum(np.searchsorted(known, given), len(known) - 1)
        return np.where(known[numbers] == given, numbers, -1)

    def decode(self, predicted: np.ndarray) -> list[Any]:
        """Probabilities (rows, classes) as the most probable class if it is probable enough, or values as they are."""
        if not self.classes:
            return [float(value) for value in predicted]
        answers = [self.classes[number] for number in predicted.argmax(axis=1)]
        if self.abstain is None:
            return answers
        other = self.abstain.answer
        return [
            answer if answered else other for answer, answered in zip(answers, self.answered(predicted), strict=True)
        ]

    def prediction(self, answer: np.ndarray) -> np.ndarray:
        """Of what a model answers, probabilities (rows, classes) or values (rows,): without further outputs."""
        found: np.ndarray = answer[:, 0] if self.outputs else answer
        return found

    def answered(self, predicted: np.ndarray) -> np.ndarray:
        """Which probabilities (rows, classes) have a class that is probable enough to be answered: (rows,)."""
        highest: np.ndarray = predicted.max(axis=1)
        return highest >= self.abstain.below if self.abstain else np.ones(len(predicted), dtype=bool)

"""The column that is predicted: classes as numbers for the models, and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..params import Params


@dataclass(frozen=True)
class Target:
    """What is predicted.

    Attributes:
        name: the column.
        classes: the values in the order of their numbers; empty for regression.
    """

    name: str
    classes: tuple[Any, ...]

    @classmethod
    def of(cls, values: pd.Series, params: Params) -> "Target":
        """The target of a project, its classes taken from the values of the train set."""
        if params.task == "regression":
            return cls(params.data.target, ())
        found = values.dropna().unique()
        return cls(params.data.target, tuple(sorted(_plain(value) for value in found)))

    def encode(self, values: pd.Series) -> np.ndarray:
        """Classes as their numbers, or values as float64: (rows,). A class that is not known is -1."""
        if not self.classes:
            return values.to_numpy("float64")
        if isinstance(values.dtype, pd.CategoricalDtype):
            return np.asarray(pd.Categorical(values, categories=list(self.classes)).codes, dtype="int64")
        numbers = {value: number for number, value in enumerate(self.classes)}
        return values.map(numbers).fillna(-1).to_numpy("int64")

    def decode(self, predicted: np.ndarray) -> list[Any]:
        """Probabilities (rows, classes) as the most probable class, or values as they are."""
        if not self.classes:
            return [float(value) for value in predicted]
        return [self.classes[number] for number in predicted.argmax(axis=1)]


def _plain(value: Any) -> Any:
    """A class as it stands in JSON: text, or a whole number."""
    return value if isinstance(value, str) else int(value)

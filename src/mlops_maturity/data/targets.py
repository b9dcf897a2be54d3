"""The column that is predicted: classes as numbers for the models, and back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_maturity.data.schema import Schema
from mlops_maturity.project.params import Params

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
    """

    name: str
    classes: tuple[Any, ...]

    @classmethod
    def of(cls, values: "pd.Series", schema: Schema, params: Params) -> "Target":
        """The target of a project, its classes taken from the values of the train set and as they stand in JSON."""
        name = params.data.target
        if params.task == "regression":
            return cls(name, ())
        plain = PLAIN.get(schema.columns[name].type, str)
        return cls(name, tuple(sorted(plain(value) for value in values.dropna().unique())))

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
        """Probabilities (rows, classes) as the most probable class, or values as they are."""
        if not self.classes:
            return [float(value) for value in predicted]
        return [self.classes[number] for number in predicted.argmax(axis=1)]

"""What an estimator sees: the columns of the matrix, for model.py of the project."""

from dataclasses import dataclass

import numpy as np

from mlops_maturity.data.features import Features


@dataclass(frozen=True)
class Inputs:
    """The columns of the float32 matrix (rows, features) that an estimator is fitted to.

    Attributes:
        names: of all columns, in order.
        numbers: positions of the columns that are numbers; a missing one is NaN.
        categories: positions of the columns that are codes of categories: 0 missing, 1 a value that the schema does not
            have, 2 and up its values in order.
        codes: of each column of `categories`, all codes that it can have.
    """

    names: list[str]
    numbers: list[int]
    categories: list[int]
    codes: list[np.ndarray]

    @classmethod
    def of(cls, features: Features) -> "Inputs":
        """The inputs of a project's model."""
        first = len(features.names) - len(features.widths)
        return cls(
            names=list(features.names),
            numbers=list(range(first)),
            categories=list(range(first, len(features.names))),
            codes=[np.arange(width, dtype=np.float32) for width in features.widths],
        )

"""What an estimator sees: the columns of the matrix or of the frame, for model.py of the project."""

from dataclasses import dataclass, field

import numpy as np

from mlops_maturity.data.features import Features


@dataclass(frozen=True)
class Frame:
    """The names of a frame's columns, by what they hold; see `mlops_maturity.data.lanes`.

    Attributes:
        numbers: float64; what features.py computes is among them.
        categories: pandas' `category`.
        texts: str, empty where it is missing.
        times: datetime64.
    """

    numbers: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Inputs:
    """What an estimator can be fitted to: a float32 matrix (rows, features), or a frame of named columns.

    An estimator that selects columns by name, or has the attribute `lane = "frame"`, is given the frame; any other is
    given the matrix. `model.lane` in params.yaml settles it otherwise.

    Attributes:
        names: of all columns of the matrix, in order.
        numbers: positions of the columns that are numbers; a missing one is NaN.
        categories: positions of the columns that are codes of categories: 0 missing, 1 a value that the schema does not
            have, 2 and up its values in order.
        codes: of each column of `categories`, all codes that it can have.
        frame: the names of the columns of the frame.
    """

    names: list[str]
    numbers: list[int]
    categories: list[int]
    codes: list[np.ndarray]
    frame: Frame = field(default_factory=Frame)

    @classmethod
    def of(cls, features: Features) -> "Inputs":
        """The inputs of a project's model."""
        first = len(features.names) - len(features.widths)
        return cls(
            names=list(features.names),
            numbers=list(range(first)),
            categories=list(range(first, len(features.names))),
            codes=[np.arange(width, dtype=np.float32) for width in features.widths],
            frame=Frame(
                numbers=[*features.numbers, *features.derived],
                categories=list(features.categories),
                texts=list(features.texts),
                times=list(features.times),
            ),
        )

"""A column does harm if the model does better without it: by more than chance, on rows enough."""

from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.testing.quality import harmful_columns


class Leaning:
    """A model of a number that adds up what some columns say."""

    task, lane = "regression", "frame"

    def __init__(self, **weights: float) -> None:
        self._weights = weights
        self.features: Any = type("Features", (), {"columns": tuple(weights)})
        self.target: Any = type(
            "Target",
            (),
            {"name": "y", "classes": (), "encode": staticmethod(lambda values: values.to_numpy("float64"))},
        )

    def of_frame(self, frame: pd.DataFrame) -> np.ndarray:
        found: np.ndarray = frame[list(self._weights)].to_numpy("float64") @ list(self._weights.values())
        return found


def table(rows: int) -> pd.DataFrame:
    random = np.random.default_rng(3)
    cause, noise = random.normal(size=(2, rows))
    return pd.DataFrame({"cause": cause, "noise": noise, "y": cause - noise * 0.5})


def harmful(rows: int, **weights: float) -> list[str]:
    return harmful_columns(cast("Predictor", Leaning(**weights)), table(rows), seed=7)


def test_harmful_columns_names_the_one_that_misleads() -> None:
    assert harmful(300, cause=1.0, noise=1.0) == ["noise"]


def test_harmful_columns_of_a_model_that_leans_on_the_right_ones_are_none() -> None:
    assert harmful(300, cause=1.0, noise=-0.5) == []


def test_harmful_columns_of_a_few_rows_are_not_applicable() -> None:
    with pytest.raises(pytest.skip.Exception, match="not applicable: too few rows \\(20\\)"):
        harmful(20, cause=1.0, noise=1.0)

"""A column that says nearly all of the target by itself is named, whatever numbers it holds."""

import numpy as np
import pandas as pd

from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.project.params import Params
from mlops_maturity.training.leaks import leaks

SCHEMA = Schema(
    columns={
        **{name: Column(type="number", missing=0.0) for name in ("chance", "huge", "leak")},
        "y": Column(type="category", categories=["a", "b"], missing=0.0),
    }
)


def test_leaks_of_a_table_with_huge_numbers_are_the_columns_that_say_the_target(params: Params) -> None:
    generator = np.random.default_rng(7)
    chance, truth = generator.normal(size=200), generator.random(200) < 0.5
    frame = pd.DataFrame({"chance": chance, "huge": chance * 1e300, "leak": truth + chance / 100})
    frame["y"] = pd.Categorical(np.where(truth, "a", "b"))
    settings = params.changed(**{"data.target": "y"})
    assert [name for name, _ in leaks(frame, SCHEMA, settings, ("chance", "huge", "leak"))] == ["leak"]


def test_leaks_of_a_table_that_is_sorted_by_its_target_are_found(params: Params) -> None:
    numbers = np.sort(np.random.default_rng(7).normal(size=200))
    frame = pd.DataFrame({"chance": numbers, "y": pd.Categorical(np.where(numbers > 0.5, "a", "b"))})
    assert [name for name, _ in leaks(frame, SCHEMA, params.changed(**{"data.target": "y"}), ("chance",))] == ["chance"]


def test_leaks_of_a_table_with_few_rows_are_not_looked_for(params: Params) -> None:
    frame = pd.DataFrame({"chance": [1.0], "huge": [1.0], "leak": [1.0], "y": pd.Categorical(["a"])})
    assert leaks(frame, SCHEMA, params.changed(**{"data.target": "y"}), ("leak",)) == []

"""A new model must not be worse than the one in production: overall, and on every value of every slice."""

import numpy as np
import pandas as pd
import pytest

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params
from mlops_maturity.training import comparison
from mlops_maturity.training.gates import Gate, require_passed

pytestmark = pytest.mark.guards("1-GATE")


@pytest.fixture
def some(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of which one in ten has another value of a slice."""
    few = np.where(np.arange(len(rows)) % 10 == 0, "few", "many")
    return rows.assign(**{"a slice": few})


def judged(
    old: np.ndarray, new: np.ndarray, some: pd.DataFrame, predictor: Predictor, params: Params
) -> dict[str, Gate]:
    """The gates of a model with some losses, beside the one in production with others."""
    losses = {"old": old, "new": new}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparison, "_losses", lambda model, _: losses["old" if model is predictor else "new"])
        models = {"v1": predictor, "new": Predictor.__new__(Predictor)}
        gates = comparison.judge(models, some, 10.0, params.changed(slices=["a slice"]))
    return {gate.name: gate for gate in gates}


def test_model_that_is_worse_on_one_slice_only_is_refused(
    some: pd.DataFrame, predictor: Predictor, params: Params
) -> None:
    good = np.full(len(some), 0.1)
    bad = np.where(some["a slice"] == "few", 2.0, 0.0)
    gates = judged(good, bad, some, predictor, params)
    assert [name for name, gate in gates.items() if not gate.passed] == ["not_worse where a slice is few"]
    with pytest.raises(ProjectError, match="not_worse where a slice is few"):
        require_passed(gates.values())


def test_model_that_is_as_good_everywhere_is_let_through(
    some: pd.DataFrame, predictor: Predictor, params: Params
) -> None:
    good = np.full(len(some), 0.1)
    gates = judged(good, good, some, predictor, params)
    assert list(gates) == ["not_worse", "not_worse where a slice is few", "not_worse where a slice is many"]
    assert all(gate.passed for gate in gates.values())


def test_model_without_a_column_that_production_needs_is_not_compared(
    some: pd.DataFrame, predictor: Predictor, params: Params
) -> None:
    models = {"v1": predictor, "new": predictor}
    with pytest.raises(ProjectError, match="v1 needs the column 'year', which the data do not have any more"):
        comparison.judge(models, some.drop(columns="year"), 10.0, params)

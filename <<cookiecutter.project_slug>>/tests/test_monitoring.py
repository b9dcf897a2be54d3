"""Values that have moved are drift by the bounds of params.yaml, and values that have not are none."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlops_maturity.data.conversion import replaced
from mlops_maturity.monitoring.drift import drift_of_table
from mlops_maturity.monitoring.profile import Reference
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import REFERENCE, TRAIN

pytestmark = [pytest.mark.requirement("1-DRIFT"), pytest.mark.requirement("MON-02")]


@pytest.fixture(scope="module")
def reference(workspace: Path) -> Reference:
    return Reference.model_validate_json((workspace / REFERENCE).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def learned(workspace: Path) -> pd.DataFrame:
    return pd.read_parquet(workspace / TRAIN)


def test_rows_that_the_model_learned_from_are_no_drift(
    learned: pd.DataFrame, reference: Reference, params: Params
) -> None:
    assert not [drift for drift in drift_of_table(learned, reference, params.monitoring) if drift.violates]


def test_column_whose_values_have_moved_is_drift(learned: pd.DataFrame, reference: Reference, params: Params) -> None:
    for name in reference.columns:
        known = learned[name].dropna()
        if known.nunique() > 1:
            lost = replaced(learned, {name: learned[name].mask(np.ones(len(learned), dtype=bool))})
            moved = [drift.column for drift in drift_of_table(lost, reference, params.monitoring) if drift.violates]
            assert moved == [name], f"monitoring in params.yaml: {name} may lose all its values without being drift"

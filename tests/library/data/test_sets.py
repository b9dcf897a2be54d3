"""Rows that nothing can be learned from are dropped and counted; too few of the others are refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from library.tables import COUNT, clean
from mlops_maturity.data import sets
from mlops_maturity.data.conversion import conform
from mlops_maturity.data.inference import infer_schema
from mlops_maturity.data.sets import learnable
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import DATA_FACTS, DATA_VALIDATION, TEST, TRAIN, VALIDATION


def learned(params: Params, frame: pd.DataFrame, **changes: Any) -> tuple[pd.DataFrame, dict[str, int]]:
    schema = infer_schema(frame)
    known = params.changed(**{"data.target": "ziel", "data.min_class_rows": 10} | changes)
    return learnable(conform(schema, frame), schema, known)


def test_learnable_rows_without_a_target_are_dropped_and_counted(params: Params) -> None:
    kept, dropped = learned(params, clean().assign(ziel=clean()["ziel"].where(COUNT >= 20)))
    assert dropped == {"ziel is missing": 20}
    assert len(kept) == len(COUNT) - 20
    assert list(kept.index) == list(range(len(kept)))


def test_learnable_rows_of_a_rare_class_are_dropped_and_counted(params: Params) -> None:
    kept, dropped = learned(params, clean().assign(ziel=clean()["ziel"].where(COUNT > 2, "selten")))
    assert dropped == {"fewer than 10 rows of their ziel (selten)": 3}
    assert set(kept["ziel"]) == {"ja", "nein"}


def test_learnable_regression_keeps_each_value(params: Params) -> None:
    kept, dropped = learned(params, clean().assign(ziel=COUNT % 40), **{"data.task": "regression"})
    assert (len(kept), dropped) == (len(COUNT), {})


@pytest.mark.parametrize(
    ("ziel", "says"),
    [
        (np.where(COUNT < 9, "a", "b"), "ziel has one value only, after 9 rows were dropped (fewer than 10 rows"),
        (["a"] * 25 + [None] * 125, r"25 rows can be learned from, 125 dropped (ziel is missing); at least 30"),
        (["a"] * 150, "ziel has one value only; there is nothing to predict"),
    ],
    ids=["one class is left", "few rows are left", "one class"],
)
def test_learnable_too_little_is_refused_with_what_was_dropped(params: Params, ziel: Any, says: str) -> None:
    with pytest.raises(ProjectError) as refused:
        learned(params, clean().assign(ziel=ziel))
    assert says in str(refused.value)


def test_learnable_more_classes_than_can_be_told_apart_are_refused(params: Params) -> None:
    frame = pd.DataFrame({"a": np.arange(303) / 7, "ziel": [f"class {number % 101}" for number in range(303)]})
    with pytest.raises(ProjectError, match="ziel has 101 classes; join some until there are at most 100"):
        learned(params, frame, **{"data.min_class_rows": 2})


def test_learnable_target_that_is_no_column_is_refused(params: Params) -> None:
    with pytest.raises(ProjectError, match=r"params\.yaml: data\.target: 'preis' is not a column of data/schema\.yaml"):
        learned(params, clean(), **{"data.target": "preis"})


@pytest.mark.guards("CI-05")
@pytest.mark.usefixtures("in_workspace")
def test_run_sets_hold_all_rows_with_all_columns(rows: pd.DataFrame, params: Params) -> None:
    parts = [pd.read_parquet(path) for path in (TRAIN, VALIDATION, TEST)]
    facts = json.loads(DATA_FACTS.read_text())
    assert facts["rows"] == dict(zip(("train", "validation", "test"), map(len, parts), strict=True))
    assert len(facts["md5"]) == 32
    together = pd.concat(parts, ignore_index=True)
    columns = list(map(str, rows))
    assert list(together) == columns
    found, expected = (frame.astype("str").sort_values(columns, ignore_index=True) for frame in (together, rows))
    pd.testing.assert_frame_equal(found, expected)
    assert together[params.data.target].notna().all()


@pytest.mark.guards("1-SKEW")
def test_run_without_validated_data_is_refused(project: Path) -> None:
    with pytest.raises(ProjectError, match=f"{DATA_VALIDATION} is missing; run `make data` first"):
        sets.run()
    assert not (project / TRAIN).exists()

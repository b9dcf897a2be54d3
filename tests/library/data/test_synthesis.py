"""Rows that are made up fit the schema and can be learned from, and none of them is a real one."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.data.synthesis import synthesise
from mlops_maturity.data.validation import problems
from mlops_maturity.project.params import Params

SCHEMA = Schema(
    columns={
        "size": Column(type="number", minimum=0.1, maximum=0.3, missing=0.2),
        "count": Column(type="integer", minimum=3, maximum=5, missing=0.0),
        "sold": Column(type="boolean", missing=0.0),
        "colour": Column(type="category", categories=["blue", "red", "green"], missing=0.1),
        "anything": Column(type="category", open=True, missing=0.0),
        "note": Column(type="text", missing=0.0),
        "when": Column(type="datetime", missing=0.0),
        "seen": Column(type="datetime", format="%d.%m.%Y", missing=0.0),
        "empty": Column(type="number", missing=1.0),
    }
)


@pytest.mark.parametrize("target", SCHEMA.columns)
def test_synthesise_rows_fit_the_schema_whatever_is_predicted(target: str) -> None:
    made = synthesise(SCHEMA, target, rows=80)
    assert list(made) == list(SCHEMA.columns)
    assert len(made) == 80
    assert problems(SCHEMA, made) == []
    assert made[target].notna().all()


def test_synthesise_rows_have_gaps_where_they_may() -> None:
    made = synthesise(SCHEMA, "count")
    assert made["empty"].isna().all()
    assert 0 < made["size"].isna().mean() < 0.2
    assert made["sold"].notna().all()


def test_synthesise_target_can_be_learned() -> None:
    schema = SCHEMA.only(["size", "count", "sold"])
    made = synthesise(schema, "size")
    model = HistGradientBoostingRegressor(max_iter=30).fit(made[["count", "sold"]][:200], made["size"][:200])
    assert model.score(made[["count", "sold"]][200:], made["size"][200:]) > 0.5


def test_synthesise_same_seed_gives_the_same_rows() -> None:
    pd.testing.assert_frame_equal(synthesise(SCHEMA, "sold"), synthesise(SCHEMA, "sold"))
    assert not synthesise(SCHEMA, "sold", seed=8).equals(synthesise(SCHEMA, "sold"))


def test_synthesise_table_of_its_target_alone_varies() -> None:
    assert np.ptp(synthesise(SCHEMA.only(["size"]), "size")["size"]) > 0


@pytest.mark.guards("CI-08")
def test_synthesise_rows_of_the_sample_are_none_of_its_own(schema: Schema, params: Params, rows: pd.DataFrame) -> None:
    made = synthesise(schema, params.data.target)
    assert problems(schema, made) == []
    assert made[params.data.target].nunique() == rows[params.data.target].nunique()
    assert len(made.merge(rows.astype(made.dtypes.to_dict()))) == 0

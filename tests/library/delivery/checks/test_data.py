"""Data for training and batches for prediction are held to their schema; what does not fit leads to nothing."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from mlops_maturity.data.reading import read_table, write_table
from mlops_maturity.data.schema import Schema
from mlops_maturity.delivery.checks import data
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import ARTEFACT
from mlops_maturity.serving import batch

pytestmark = pytest.mark.requirement("CD-04")


def wrong(frame: pd.DataFrame, predictor: Predictor, how: str) -> pd.DataFrame:
    """A table that a model cannot answer to, and says so of the column that it names first."""
    name = predictor.features.columns[0]
    if how == "lacks a column":
        return frame.drop(columns=name)
    column = predictor.schema.columns[name]
    if column.type == "category" and (column.open or not column.categories):
        pytest.skip("not exercised: there is no value that the model does not take")
    return frame.assign(**{name: "{}, which is none"})


def test_data_for_training_are_compared(
    in_workspace: Path, table: object, schema: Schema, params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    assert table
    data.run(ARTEFACT)
    said = capsys.readouterr().out
    count = len(read_table(in_workspace / params.data.raw))
    assert f"comparing {count:,} rows of {len(schema.columns)} columns with data/schema.yaml" in said
    assert "rows can be learned from" in said


def test_data_that_do_not_fit_are_no_data_for_training(
    workspace: Path, tmp_path: Path, params: Params, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("params.yaml", "data/schema.yaml", params.data.raw):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(workspace / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    frame = read_table(params.data.raw).assign(unexpected=1)
    write_table(frame, params.data.raw)
    with pytest.raises(ProjectError, match="unexpected"):
        data.run(ARTEFACT)
    assert f"comparing {len(frame):,} rows" in capsys.readouterr().out


@pytest.mark.parametrize("how", ["lacks a column", "has values of another kind"])
def test_bad_batch_is_named_and_leaves_no_output(
    in_workspace: Path, tmp_path: Path, params: Params, predictor: Predictor, how: str
) -> None:
    source, destination = tmp_path / "new.csv", tmp_path / "predicted.csv"
    name = predictor.features.columns[0]
    wrong(read_table(in_workspace / params.data.raw), predictor, how).to_csv(source, index=False)
    with pytest.raises(ProjectError) as refused:
        data.run(ARTEFACT, source)
    assert name in str(refused.value)
    with pytest.raises(ProjectError) as refused_again:
        batch.run(source, destination)
    assert str(refused_again.value) == str(refused.value)
    assert sorted(tmp_path.iterdir()) == [source]


def test_good_batch_is_counted(
    in_workspace: Path, params: Params, predictor: Predictor, capsys: pytest.CaptureFixture[str]
) -> None:
    source = in_workspace / params.data.raw
    data.run(ARTEFACT, source)
    rows, columns = len(read_table(source)), len(predictor.schema.columns)
    assert f"every value fits: {rows:,} rows of {columns} columns" in capsys.readouterr().out

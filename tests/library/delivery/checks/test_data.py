"""Data for training and batches for prediction are validated against their schema; what does not fit is refused."""

from pathlib import Path

import pandas as pd
import pytest

from library.sandbox import RAW
from mlops_maturity.data.schema import Schema
from mlops_maturity.data.tables import write_like
from mlops_maturity.delivery.checks import data
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import ARTEFACT
from mlops_maturity.serving import batch

pytestmark = pytest.mark.guards("CD-04")


@pytest.mark.usefixtures("in_workspace")
def test_check_data_for_training_counts_what_can_be_learned_from(
    table: pd.DataFrame, schema: Schema, capsys: pytest.CaptureFixture[str]
) -> None:
    data.run(ARTEFACT)
    printed = capsys.readouterr().out
    assert f"comparing {len(table):,} rows of {len(schema.columns)} columns with data/schema.yaml" in printed
    assert "rows can be learned from" in printed


@pytest.mark.usefixtures("project")
def test_check_data_for_training_with_a_rare_class_counts_what_is_dropped(
    table: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    few = table[table["species"] == "Chinstrap"].head(5)
    write_like(pd.concat([table[table["species"] != "Chinstrap"], few]), RAW)
    data.run(ARTEFACT)
    assert "of no use: 5 rows, fewer than 10 rows of their species (Chinstrap)\n" in capsys.readouterr().out


@pytest.mark.usefixtures("project")
def test_check_data_for_training_with_a_strange_column_fails(
    table: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    write_like(table.assign(unexpected=1), RAW)
    with pytest.raises(ProjectError, match="unexpected"):
        data.run(ARTEFACT)
    assert f"comparing {len(table):,} rows" in capsys.readouterr().out


@pytest.mark.parametrize("how", ["a missing column", "values of another kind"])
def test_check_data_of_a_bad_batch_fails_and_predict_writes_nothing(
    in_workspace: Path, table: pd.DataFrame, predictor: Predictor, tmp_path: Path, how: str
) -> None:
    source, destination = tmp_path / "new.csv", tmp_path / "predicted.csv"
    name = predictor.features.columns[0]
    wrong = table.drop(columns=name) if how == "a missing column" else table.assign(**{name: "{}, which is none"})
    wrong.to_csv(source, index=False)
    with pytest.raises(ProjectError) as refused:
        data.run(in_workspace / ARTEFACT, source)
    assert name in str(refused.value)
    with pytest.raises(ProjectError) as refused_again:
        batch.run(source, destination)
    assert str(refused_again.value) == str(refused.value)
    assert sorted(tmp_path.iterdir()) == [source]


def test_check_data_of_a_good_batch_counts_it(
    in_workspace: Path, table: pd.DataFrame, predictor: Predictor, capsys: pytest.CaptureFixture[str]
) -> None:
    data.run(ARTEFACT, in_workspace / RAW)
    columns = len(predictor.schema.columns)
    assert f"every value fits: {len(table):,} rows of {columns} columns" in capsys.readouterr().out

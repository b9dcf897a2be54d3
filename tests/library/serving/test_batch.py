"""Batch prediction: what does not fit the schema is named, and leaves no output."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from library.shop import REGION, TARGET, TARGETS, Shop, open_shop
from mlops_maturity.__main__ import main
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params
from mlops_maturity.serving import batch

pytestmark = pytest.mark.guards("CD-04")


@pytest.fixture
def source(shop: Shop, tmp_path: Path) -> Path:
    """A file of customers, with a column more than the model needs."""
    path = tmp_path / "new.csv"
    as_written(shop.customers(50)).assign(name="somebody").to_csv(path, index=False)
    return path


def as_written(frame: pd.DataFrame) -> pd.DataFrame:
    """A table whose times are as its schema says."""
    return frame.assign(since=frame["since"].dt.strftime("%d/%m/%Y"))


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("name", ["predicted.csv", "predicted.parquet"])
def test_predict_file_every_row_gets_its_prediction(kind: str, name: str, tmp_path: Path) -> None:
    shop = open_shop(kind)
    asked, source, destination = shop.customers(50), tmp_path / "new.parquet", tmp_path / "folder" / name
    as_written(asked).assign(name="somebody").to_parquet(source)
    assert batch.predict_file(source, destination, shop.predictor) == 50
    read = pd.read_parquet(destination) if name.endswith("t") else pd.read_csv(destination)
    expected = shop.predictor.of_frame(asked)
    assert (read["name"] == "somebody").all()
    assert (read["model_version"] == shop.predictor.version).all()
    if kind == "regression":
        np.testing.assert_allclose(read["prediction"], expected, rtol=1e-5)
        assert "probability" not in read
    else:
        assert read["prediction"].tolist() == shop.predictor.target.decode(expected)
        np.testing.assert_allclose(read["probability"], expected.max(axis=1), rtol=1e-5)


@pytest.mark.parametrize("name", ["predicted.csv", "predicted.parquet"])
def test_predict_file_columns_of_any_type_come_out_as_they_came_in(name: str, shop: Shop, tmp_path: Path) -> None:
    source, destination = tmp_path / "new.parquet", tmp_path / name
    table = pa.Table.from_pandas(as_written(shop.customers(3)), preserve_index=False)
    others = {
        "amount": pa.array([Decimal("10.50"), None, Decimal("1.00")]),
        "tags": pa.array([["a"], [], None]),
        "day": pa.array([date(2024, 2, 29), None, None]),
        "large": pa.array([2**63 - 1, None, 1]),
        "wait": pa.array([timedelta(seconds=2), None, None]),
        "kind": pa.array(["a", None, "b"]).dictionary_encode(),
    }
    for column, values in others.items():
        table = table.append_column(column, values)
    pa.parquet.write_table(table, source)
    batch.predict_file(source, destination, shop.predictor)
    if name.endswith("t"):
        found = pa.parquet.read_table(destination)
        assert found.select(table.column_names).to_pylist() == table.to_pylist()
        assert found.schema.field("amount").type == others["amount"].type
        assert len(pd.read_parquet(destination)) == 3
    else:
        row = pd.read_csv(destination, dtype=str).iloc[0]
        assert row[["amount", "day", "large", "kind"]].tolist() == ["10.50", "2024-02-29", str(2**63 - 1), "a"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda frame: frame.drop(columns="visits"), "visits: the column is missing"),
        (lambda frame: frame.assign(visits="many"), "visits: 'many' .* is not an integer"),
        (lambda frame: frame.assign(visits=np.nan), "visits: "),
        (lambda frame: frame.head(0), "has no rows"),
    ],
    ids=["column missing", "another type", "values missing", "no rows"],
)
def test_predict_file_that_does_not_fit_is_named_and_leaves_no_output(
    wrong: Callable[[pd.DataFrame], pd.DataFrame], message: str, source: Path, shop: Shop, tmp_path: Path
) -> None:
    wrong(pd.read_csv(source)).to_csv(source, index=False)
    with pytest.raises(ProjectError, match=message):
        batch.predict_file(source, tmp_path / "predicted.csv", shop.predictor)
    assert sorted(tmp_path.iterdir()) == [source]


def test_predict_file_new_category_of_an_open_column_is_predicted(source: Path, shop: Shop, tmp_path: Path) -> None:
    pd.read_csv(source).assign(**{REGION: "ouest"}).to_csv(source, index=False)
    assert batch.predict_file(source, tmp_path / "predicted.csv", shop.predictor) == 50


def test_predict_file_target_may_be_there(source: Path, shop: Shop, tmp_path: Path) -> None:
    assert TARGET in pd.read_csv(source)
    batch.predict_file(source, tmp_path / "predicted.csv", shop.predictor)
    assert TARGET in pd.read_csv(tmp_path / "predicted.csv")


def test_predict_file_name_of_another_format_is_refused(source: Path, shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"predicted.xls: the name must end in .csv or .parquet"):
        batch.predict_file(source, tmp_path / "predicted.xls", shop.predictor)


def test_predict_file_cells_come_out_as_they_came_in(source: Path, shop: Shop, tmp_path: Path) -> None:
    given = pd.read_csv(source, dtype="str").assign(number=[f"{row:03}" for row in range(50)], empty="NA")
    given.to_csv(source, index=False, sep=";")
    batch.predict_file(source, tmp_path / "predicted.csv", shop.predictor)
    options: dict[str, Any] = {"sep": ";", "dtype": "str", "keep_default_na": False}
    written = pd.read_csv(tmp_path / "predicted.csv", **options)
    pd.testing.assert_frame_equal(written[list(given)], pd.read_csv(source, **options))


def test_predict_file_columns_of_the_same_name_are_left_alone(
    source: Path, shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pd.read_csv(source).assign(prediction="mine", model_prediction="mine, too").to_csv(source, index=False)
    batch.predict_file(source, tmp_path / "predicted.csv", shop.predictor)
    written = pd.read_csv(tmp_path / "predicted.csv")
    assert (written["prediction"] == "mine").all()
    assert (written["model_prediction"] == "mine, too").all()
    assert set(written["model_prediction_"]) == {"no", "yes"}
    assert "'prediction' already: the model's is named 'model_prediction_'" in capsys.readouterr().out


@pytest.mark.parametrize(("rows", "fits"), [(50, True), (batch.ROWS_FOR_SHARES, False)])
def test_checked_share_of_missing_values_is_judged_in_many_rows(
    rows: int, fits: bool, shop: Shop, tmp_path: Path
) -> None:
    schema = shop.predictor.schema
    rare = schema.columns["member"].model_copy(update={"missing": 0.01})
    schema = schema.model_copy(update={"columns": schema.columns | {"member": rare}})
    as_written(shop.customers(rows)).assign(member=np.nan).to_csv(tmp_path / "new.csv", index=False)
    if fits:
        assert len(batch.checked(tmp_path / "new.csv", schema)[1]) == rows
        return
    with pytest.raises(ProjectError, match="member: more missing values than the accepted share"):
        batch.checked(tmp_path / "new.csv", schema)


def test_run_reports_the_rows(
    source: Path, served_project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(served_project)
    destination = source.with_name("predicted.csv")
    batch.run(source, destination)
    assert f"predicted 50 rows of {source}: {destination}" in capsys.readouterr().out
    assert len(pd.read_csv(destination)) == 50


@pytest.mark.usefixtures("in_workspace")
@pytest.mark.parametrize("arguments", [[], ["", ""], ["data/raw/penguins.csv", ""]])
def test_predict_without_a_name_takes_the_raw_data_and_the_usual_place(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(batch, "PREDICTIONS", tmp_path / "predictions.csv")
    assert main(["predict", *arguments]) == 0
    assert f"predicted 344 rows of data/raw/penguins.csv: {tmp_path / 'predictions.csv'}" in capsys.readouterr().out
    assert len(pd.read_csv(tmp_path / "predictions.csv")) == 344


@pytest.mark.usefixtures("in_workspace")
def test_predict_of_a_query_without_a_name_is_refused(
    params: Params, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mlops_maturity.project.params.load", lambda: params.changed(**{"data.raw": None}))
    assert main(["predict"]) == 1
    assert capsys.readouterr().err == "predict: name the file to predict: make predict INPUT=new.csv\n"

"""The steps work together: from the raw data to the answers of the service."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlops_maturity.__main__ import main
<% if cookiecutter.maturity_level != "0" %>
from mlops_maturity.data.features import Features
from mlops_maturity.data.schema import Schema
<% endif %>
from mlops_maturity.model.artefact import FIELDS, read
from mlops_maturity.model.predictor import Predictor
<% if cookiecutter.maturity_level != "0" %>
from mlops_maturity.pipeline.records import RunRecord
<% endif %>
<% if cookiecutter.maturity_level != "0" %>
from mlops_maturity.project.params import Params
<% endif %>
from mlops_maturity.project.paths import ARTEFACT, DATA_SHEET, MODEL, MODEL_CARD, TEST, TRAIN, VALIDATION
from mlops_maturity.testing import notebook
from mlops_maturity.testing.service import as_sent<< ", served_features" if cookiecutter.maturity_level != "0" else "" >>
from mlops_maturity.testing.workspace import Stage, stage_of, stages
from starlette.testclient import TestClient

SPLIT, FIT = stage_of(TRAIN), stage_of(MODEL)


@pytest.mark.requirement("0-PROC")
@pytest.mark.requirement("CI-05")
@pytest.mark.parametrize("stage", stages(), ids=str)
def test_stage_writes_what_it_declares(stage: Stage, workspace: Path) -> None:
    assert stage.leaves
    for path in stage.leaves:
        files = list((workspace / path).iterdir()) if (workspace / path).is_dir() else [workspace / path]
        assert files, f"{path} is empty"
        for file in files:
            assert file.stat().st_size > 0, f"{file.name} is empty"
            assert file.suffix != ".parquet" or len(pd.read_parquet(file)) > 0, f"{file.name} has no rows"


@pytest.mark.requirement("0-SPLIT")
def test_sets_share_the_rows_among_them_and_are_the_same_again(in_workspace: Path, rows: pd.DataFrame) -> None:
    files = [in_workspace / path for path in (TRAIN, VALIDATION, TEST)]
    sets, before = [pd.read_parquet(file) for file in files], [file.read_bytes() for file in files]
    found, wanted = (np.sort(pd.util.hash_pandas_object(part, index=False)) for part in (pd.concat(sets), rows))
    np.testing.assert_array_equal(found, wanted, err_msg="a row is in two sets, or in none")
    SPLIT.run()
    assert [file.read_bytes() for file in files] == before, "the same seed gives other sets"


<% if cookiecutter.maturity_level != "0" %>
@pytest.mark.requirement("1-REPRO")
<% endif %>
@pytest.mark.ml_test_score("Infra 1", 1.0)
def test_training_again_gives_the_same_model(in_workspace: Path) -> None:
    before = (in_workspace / MODEL).read_bytes()
    FIT.run()
    assert (in_workspace / MODEL).read_bytes() == before


@pytest.mark.requirement("0-HAND")
@pytest.mark.requirement("SEC-06")
def test_model_is_one_file_with_its_manifest(workspace: Path) -> None:
    packaged = read(workspace / ARTEFACT, made_by="make package")
    assert set(packaged.manifest) >= FIELDS
    assert packaged.manifest["format"] in ("onnx", "skops")


@pytest.mark.requirement("DOC-01")
@pytest.mark.parametrize(("path", "filled"), [(MODEL_CARD, "### Scores"), (DATA_SHEET, "MD5")])
def test_card_is_filled_by_the_run(path: Path, filled: str, workspace: Path) -> None:
    assert filled in (workspace / path).read_text(encoding="utf-8")


@pytest.mark.requirement("0-SERVE")
@pytest.mark.requirement("CI-06")
<% if cookiecutter.maturity_level != "0" %>
@pytest.mark.requirement("1-API")
<% endif %>
@pytest.mark.ml_test_score("Infra 3", 1.0)
def test_service_answers_as_the_model_does(client: TestClient, predictor: Predictor, rows: pd.DataFrame) -> None:
    some = rows.head(5)[list(predictor.schema.columns)]
    response = client.post("/predict", json={"records": as_sent(some, predictor.schema)})
    assert response.status_code == 200, response.text
    answers = [answer["prediction"] for answer in response.json()["predictions"]]
    expected = predictor.target.decode(predictor.of_frame(some))
    if predictor.task == "regression":
        np.testing.assert_allclose(answers, expected, rtol=1e-5)
    else:
        assert answers == expected


@pytest.mark.requirement("0-SERVE")
<% if cookiecutter.maturity_level != "0" %>
@pytest.mark.requirement("1-API")
<% endif %>
@pytest.mark.ml_test_score("Monitor 2", 1.0)
def test_service_names_what_does_not_fit_the_schema(client: TestClient, predictor: Predictor) -> None:
    response = client.post("/predict", json={"records": [{"unexpected": 1}]})
    assert response.status_code == 422
    assert "unexpected" in response.text
    assert client.get("/health").json()["model_version"] == predictor.version


@pytest.mark.requirement("CI-06")
@pytest.mark.usefixtures("in_workspace")
def test_batch_is_predicted_or_refused_as_a_whole(
    predictor: Predictor, rows: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    rows.to_parquet("batch.parquet")
    assert main(["predict", "batch.parquet", "reports/all.csv"]) == 0
    assert pd.read_csv("reports/all.csv")["prediction"].notna().sum() == len(rows)
    missing = next(iter(predictor.schema.columns))
    rows.drop(columns=missing).to_parquet("bad.parquet")
    assert main(["predict", "bad.parquet", "reports/bad.csv"]) == 1
    assert f"{missing}: the column is missing" in capsys.readouterr().err
    assert not Path("reports/bad.csv").exists()


@pytest.mark.requirement("0-PROC")
def test_notebook_runs(workspace: Path, pytestconfig: pytest.Config) -> None:
    assert notebook.run(pytestconfig.rootpath / "notebooks" / "exploration.ipynb", workspace) > 0
<% if cookiecutter.maturity_level != "0" %>


@pytest.mark.requirement("1-PARITY")
@pytest.mark.ml_test_score("Monitor 3", 1.0)
def test_training_and_service_compute_the_same_features(rows: pd.DataFrame, schema: Schema, params: Params) -> None:
    features, some = Features.of(schema, params), rows.head(500)
    records = as_sent(some, schema.only(features.columns))
    np.testing.assert_array_equal(served_features(features, schema, records), features.of_frame(some))


@pytest.mark.requirement("1-META")
def test_run_is_on_record(workspace: Path) -> None:
    record = RunRecord.model_validate_json((workspace / "run.json").read_text(encoding="utf-8"))
    assert {step.outcome for step in record.steps.values()} == {"done"}
    assert record.metrics["test"]
    assert record.artefacts


@pytest.mark.requirement("1-API")
@pytest.mark.parametrize("route", ["/health", "/ready", "/model", "/metrics"])
def test_service_reports_its_state(route: str, client: TestClient) -> None:
    assert client.get(route).status_code == 200
<% endif %>

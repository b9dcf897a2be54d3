"""The steps work together: from the raw table to the answers of service and batch."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from << cookiecutter.__package_name >>.__main__ import main
from << cookiecutter.__package_name >>.data.schema import Schema
from << cookiecutter.__package_name >>.params import Params
from << cookiecutter.__package_name >>.serving.predictor import Predictor
from << cookiecutter.__package_name >>.serving.service import create_app

pytestmark = [pytest.mark.requirement("CI-06"), pytest.mark.ml_test_score("Infra 3", 1.0)]


def test_raw_table_to_answer_of_the_service(predictor: Predictor, rows: pd.DataFrame) -> None:
    some = rows.head(5)[list(predictor.schema.columns)]
    records = [as_json(record, predictor.schema) for record in some.to_dict("records")]
    with TestClient(create_app(predictor)) as client:
        response = client.post("/predict", json={"records": records})
    assert response.status_code == 200, response.text
    answers = [answer["prediction"] for answer in response.json()["predictions"]]
    expected = predictor.target.decode(predictor.of_frame(some))
    if predictor.task == "regression":
        np.testing.assert_allclose(answers, expected, rtol=1e-5)
    else:
        assert answers == expected


@pytest.mark.usefixtures("in_workspace")
def test_raw_table_to_batch_predictions(params: Params, rows: pd.DataFrame) -> None:
    assert main(["predict", str(params.data.raw), "reports/all.csv"]) == 0
    found = pd.read_csv("reports/all.csv")
    assert found["prediction"].notna().all()
    assert len(found) >= len(rows)


@pytest.mark.usefixtures("in_workspace")
def test_batch_that_does_not_fit_writes_nothing(
    schema: Schema, predictor: Predictor, rows: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = next(iter(predictor.schema.columns))
    rows.head().drop(columns=lacking).to_csv("bad.csv", index=False)
    assert main(["predict", "bad.csv", "reports/bad.csv"]) == 1
    assert f"{lacking}: the column is missing" in capsys.readouterr().err
    assert not Path("reports/bad.csv").exists()
    assert lacking in schema.columns


def as_json(record: dict[Hashable, Any], schema: Schema) -> dict[Hashable, Any]:
    """A row of a table as it is sent to the service."""
    return {name: json_value(value, schema.columns[str(name)].type) for name, value in record.items()}


def json_value(value: Any, kind: str) -> Any:
    if pd.isna(value):
        return None
    if kind == "boolean":
        return bool(value)
    return value.isoformat() if kind == "datetime" else value

"""Another model, feature, metric or source of data is an edit of one file, and everything goes on from there."""

from collections.abc import Callable
from pathlib import Path

import onnx
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from library.sandbox import Repository
from mlops_maturity.__main__ import main
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.pipeline.steps import STEPS
from mlops_maturity.project.files import read_json
from mlops_maturity.project.paths import ARTEFACT, METRICS, TABLE
from mlops_maturity.serving.service import create_app, example

# Each takes a project through all steps.
pytestmark = [pytest.mark.guards("OWN-02"), pytest.mark.speed("all")]

PACKAGE = Path("src/penguin_species")
MODEL = '''"""The model."""

from sklearn.impute import SimpleImputer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def build(task, settings, inputs):
    return make_pipeline(SimpleImputer(), StandardScaler(), KNeighborsClassifier())
'''
FEATURES = '''"""The features."""


def features(columns):
    return {"bill_area": columns["bill_length_mm"] * columns["bill_depth_mm"], "is_male": columns["sex"] == "male"}
'''
METRICS_OF_TEAM = '''"""The metrics."""

import numpy as np


def metrics(target, predicted):
    return {"sure": float(np.mean(np.max(np.stack(list(predicted.values())), axis=0) > 0.9))}
'''
DATA = '''"""The data: what was counted in the field, and what came later."""

from pathlib import Path

import pandas as pd
from mlops_maturity.data.reading import read_table
from mlops_maturity.project.params import load as load_params


def load():
    raw = load_params().data.raw
    return pd.concat([read_table(raw), read_table(Path("data/later.csv"))], ignore_index=True)
'''


def has_another_model(_: Predictor) -> None:
    graph = onnx.load_from_string(artefacts.read(ARTEFACT, made_by="make package").model).graph
    assert {"Imputer", "Scaler", "TopK"} <= {node.op_type for node in graph.node}


def has_other_features(predictor: Predictor) -> None:
    assert set(predictor.features.derived) == {"bill_area", "is_male"}


def has_another_metric(_: Predictor) -> None:
    scores = read_json(METRICS, made_by="make evaluate")["scores"]
    assert 0 < scores["test"]["sure"] <= 1
    assert "worst_recall" not in scores["test"]


def has_more_rows(_: Predictor) -> None:
    assert len(pd.read_parquet(TABLE)) == 344 + 20


@pytest.mark.parametrize(
    ("module", "text", "holds"),
    [
        pytest.param("model", MODEL, has_another_model, id="estimator"),
        pytest.param("features", FEATURES, has_other_features, id="feature"),
        pytest.param("metrics", METRICS_OF_TEAM, has_another_metric, id="metric"),
        pytest.param("data", DATA, has_more_rows, id="source"),
    ],
)
def test_edit_of_one_module_goes_through_all_steps_to_the_service(
    module: str, text: str, holds: Callable[[Predictor], None], fresh: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fresh.path)
    (PACKAGE / f"{module}.py").write_text(text)
    lines = Path("data/raw/penguins.csv").read_text().splitlines(keepends=True)
    Path("data/later.csv").write_text("".join([lines[0], *lines[1:21]]))
    assert main(list(STEPS)) == 0
    predictor = Predictor.load(ARTEFACT)
    holds(predictor)
    with TestClient(create_app(predictor)) as client:
        response = client.post("/predict", json={"records": [example(predictor.schema)]})
    assert response.status_code == 200, response.text


def test_feature_that_is_the_same_in_every_row_is_named(
    fresh: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(fresh.path)
    (PACKAGE / "features.py").write_text(
        FEATURES.replace("return {", 'none = columns["year"] * 0\n    return {"never": 1 / none, "zero": none, ')
    )
    assert main(["ingest", "validate-data", "split", "train"]) == 0
    notes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note: ")]
    assert notes == [
        "note: features.py: 'never' has no finite value in any row of the train set; see its formula",
        "note: features.py: 'zero' is 0 in every row of the train set; see its formula",
    ]

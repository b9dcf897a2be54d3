"""A project's own scores: measured overall and on each slice, and gates on both."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_maturity.data.schema import Schema
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.artefact import TRAINED_FIELDS
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import read_json, write_json
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import MODEL, SIMPLE, TEST, TRAIN, VALIDATION
from mlops_maturity.training import models
from mlops_maturity.training.evaluate import evaluate, words_of
from mlops_maturity.training.gates import WHOLE, judge
from mlops_maturity.training.train import train_model, weights_of

METRICS = """import numpy as np


def metrics(target, predicted):
    chosen = np.array(list(predicted))[np.argmax(np.stack(list(predicted.values())), axis=0)]
    of_gentoos = target == "Gentoo"
    return {"missed_gentoos": np.mean(chosen[of_gentoos] != "Gentoo") if of_gentoos.any() else np.nan}
"""


@pytest.fixture
def measured(project: Path, trained_workspace: Path, params: Params) -> dict[str, Any]:
    path = project / "src" / project.name.replace("-", "_") / "metrics.py"
    path.write_text(METRICS)
    model, simple = (
        Predictor(artefacts.read(trained_workspace / path, "make train", TRAINED_FIELDS)) for path in (MODEL, SIMPLE)
    )
    sets = {path.stem: pd.read_parquet(trained_workspace / path) for path in (TRAIN, VALIDATION, TEST)}
    return evaluate(model, simple, sets, params)[0]


@pytest.mark.guards("1-GATE")
def test_own_score_is_measured_on_each_slice_that_it_is_defined_on(
    measured: dict[str, Any],
) -> None:
    islands = measured["slices"]["island"]
    assert islands[WHOLE]["missed_gentoos"] == measured["scores"]["test"]["missed_gentoos"]
    # Gentoos live on Biscoe alone.
    assert [island for island, values in islands.items() if "missed_gentoos" in values] == [WHOLE, "Biscoe"]


@pytest.mark.guards("1-GATE")
@pytest.mark.parametrize(("bound", "passed"), [(1.0, True), (-0.1, False)])
def test_gate_on_slices_has_the_direction_of_the_target(
    bound: float, passed: bool, measured: dict[str, Any], params: Params
) -> None:
    target = {"missed_gentoos": {"at_most": 1.0, "slices": bound}}
    gates = {gate.name: gate for gate in judge(measured, params.changed(**{"gates.targets": target}).gates)}
    assert gates["target_missed_gentoos"].passed
    on_slice = gates["target_missed_gentoos where island is Biscoe"]
    assert on_slice.at_most
    assert on_slice.passed is passed
    assert "target_missed_gentoos where island is Dream" not in gates


@pytest.mark.guards("1-GATE")
def test_gate_on_slices_read_from_the_file_has_each_slice_and_not_the_whole(
    measured: dict[str, Any], params: Params, tmp_path: Path
) -> None:
    """JSON sorts the slices by name, so none is known by its place."""
    bounds = params.changed(**{"gates.targets": {"accuracy": {"at_least": 0.5, "slices": 0.5}}}).gates
    write_json(path := tmp_path / "metrics.json", measured)
    names = {gate.name for gate in judge(read_json(path, "make evaluate"), bounds)}
    slices = {"island": ("Biscoe", "Dream", "Torgersen"), "sex": ("female", "male")}
    assert {name for name in names if " where " in name} == {
        f"target_accuracy where {column} is {value}" for column, values in slices.items() for value in values
    }


def test_gate_on_slices_of_a_score_that_only_the_whole_has_is_refused(measured: dict[str, Any], params: Params) -> None:
    bounds = params.changed(**{"gates.targets": {"roc_auc": {"at_least": 0.5, "slices": 0.5}}}).gates
    with pytest.raises(ProjectError, match="not measured on slices; there is loss, accuracy, missed_gentoos"):
        judge(measured, bounds)


def test_slice_of_a_column_that_is_not_there_is_refused(in_workspace: Path, params: Params) -> None:
    model, simple = (Predictor(artefacts.read(path, "make train", TRAINED_FIELDS)) for path in (MODEL, SIMPLE))
    sets = {path.stem: pd.read_parquet(in_workspace / path) for path in (TRAIN, VALIDATION, TEST)}
    with pytest.raises(ProjectError, match=r"params\.yaml: slices: there is no column 'region'; take it out"):
        evaluate(model, simple, sets, params.changed(slices=["region"]))


@pytest.mark.usefixtures("project")
def test_rows_count_by_their_weight(rows: pd.DataFrame, schema: Schema, params: Params) -> None:
    """Of two labels for each row, the one with the weight is learned."""
    other = rows.assign(species=rows["species"].cat.rename_categories({"Adelie": "Gentoo", "Gentoo": "Adelie"}))
    both = pd.concat([rows.assign(body_mass_g=1.0), other.assign(body_mass_g=0.0)], ignore_index=True)
    both["species"] = both["species"].astype(rows["species"].dtype)
    weighted = params.changed(**{"data.weight": "body_mass_g", "data.ignore": {"body_mass_g": "weight"}})
    for settings, accuracy in ((weighted, 0.95), (weighted.changed(**{"model.kind": "linear"}), 0.95)):
        artefact, _ = train_model(both, both, schema, settings)
        answers = Predictor(artefact).of_frame(rows).argmax(axis=1)
        assert np.mean(answers == Predictor(artefact).target.encode(rows["species"])) > accuracy


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"data.weight": "weight"}, "data.weight: 'weight' is not a column"),
        ({"data.weight": "sex"}, "data.weight: 'sex' is no number of at least zero in 344 rows"),
    ],
)
def test_weight_that_is_no_number_is_refused(
    changes: dict[str, object], says: str, rows: pd.DataFrame, params: Params
) -> None:
    settings = params.changed(**{**changes, "data.ignore": {"weight": "w", "sex": "w"}})
    with pytest.raises(ProjectError, match=says):
        weights_of(rows, settings)


def test_estimator_that_takes_no_weights_is_named() -> None:
    matrix, target = np.arange(20, dtype=np.float32)[:, None], np.arange(20) % 2
    estimator = make_pipeline(StandardScaler(), KNeighborsClassifier())
    with pytest.raises(ProjectError, match=r"the fit\(\) of KNeighborsClassifier takes no sample_weight"):
        models.fit(estimator, "classification", (matrix, target, np.ones(20)), (matrix, target))


def test_rows_are_grouped_by_whole_numbers_without_decimals() -> None:
    assert words_of(pd.Series([2.0, 0.5, None])).to_list()[:2] == ["2", "0.5"]
    assert words_of(pd.Series([2.0, None])).isna().to_list() == [False, True]
    assert words_of(pd.Series([2, 3])).to_list() == ["2", "3"]

"""The packaged model says what it is, is whole, and answers as the trained one does."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from sklearn.kernel_ridge import KernelRidge

from << cookiecutter.__package_name >> import params as settings
from << cookiecutter.__package_name >>.data.schema import Schema
from << cookiecutter.__package_name >>.errors import ProjectError
from << cookiecutter.__package_name >>.params import Params
from << cookiecutter.__package_name >>.paths import ARTEFACT, DATA_FACTS, METRICS, MODEL
from << cookiecutter.__package_name >>.serving import artefact as artefacts
from << cookiecutter.__package_name >>.serving import export, package
from << cookiecutter.__package_name >>.serving.artefact import FIELDS, TRAINED_FIELDS, Artefact
from << cookiecutter.__package_name >>.serving.predictor import Predictor, open_session
from << cookiecutter.__package_name >>.training import gates, train

pytestmark = pytest.mark.requirement("0-HAND")


@pytest.fixture(scope="module")
def packaged(workspace: Path) -> Artefact:
    return artefacts.read(workspace / ARTEFACT, made_by="make package")


def test_manifest_tells_all(packaged: Artefact, schema: Schema) -> None:
    manifest = packaged.manifest
    assert set(manifest) == FIELDS
    assert set(manifest["code"]) == {"commit", "changed"}
    assert len(manifest["data"]["md5"]) == 32
    assert manifest["metrics"]["scores"]["test"]
    assert manifest["package_versions"]["scikit-learn"]
    assert manifest["parameters"]["model"]["kind"]
    assert set(manifest["schema"]["columns"]) <= set(schema.columns)


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_manifest_without_a_field_is_refused(packaged: Artefact, field: str, tmp_path: Path) -> None:
    poorer = {name: value for name, value in packaged.manifest.items() if name != field}
    path = tmp_path / "model.zip"
    artefacts.write(Artefact(packaged.model, poorer), path)
    with pytest.raises(ProjectError, match=f"the manifest lacks {field}"):
        artefacts.read(path, made_by="make package")


def test_another_model_than_the_manifest_tells_of_is_refused(packaged: Artefact, tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    artefacts.write(Artefact(packaged.model + b"!", packaged.manifest), path)
    with pytest.raises(ProjectError, match="not the one of its manifest"):
        artefacts.read(path, made_by="make package")


@pytest.mark.requirement("SEC-06")
def test_nothing_in_it_is_a_pickle(workspace: Path, packaged: Artefact) -> None:
    with zipfile.ZipFile(workspace / ARTEFACT) as archive:
<% if cookiecutter.maturity_level == "0" %>
        assert sorted(archive.namelist()) == ["manifest.json", "model"]
<% else %>
        assert sorted(archive.namelist()) == ["manifest.json", "model", "reference.json"]
<% endif %>
    assert packaged.manifest["format"] in ("onnx", "skops")
    # Every pickle since protocol 2 begins so.
    assert not packaged.model.startswith(b"\x80")


def test_exported_model_is_the_trained_one(packaged: Artefact) -> None:
    proof = dict(packaged.manifest["parity"])
    assert proof.pop("rows") > 0
    export.Parity(**proof).check()


def test_model_that_answers_otherwise_is_refused() -> None:
    trained = np.tile([0.9, 0.1], (1000, 1))
    exported = trained.copy()
    exported[0] = [0.1, 0.9]
    with pytest.raises(ProjectError, match="parity: the exported model is not the trained one"):
        export.parity("classification", trained, exported).check()


def test_rounding_that_decides_between_equal_classes_is_no_other_answer() -> None:
    trained = np.full((1000, 2), 0.5)
    exported = trained + np.array([-3e-8, 3e-8])
    export.parity("classification", trained, exported).check()


@pytest.mark.requirement("SEC-06")
def test_model_that_onnx_cannot_say_is_written_with_skops() -> None:
    matrix = np.random.default_rng(7).normal(size=(50, 2)).astype(np.float32)
    estimator = KernelRidge().fit(matrix, matrix[:, 0])
    exported = export.export(estimator, width=2)
    assert exported.format == "skops"
    answer = open_session(exported.content, exported.format, "regression")(matrix)
    np.testing.assert_allclose(answer, estimator.predict(matrix))


def test_packaging_twice_gives_the_same_bytes(workspace: Path, tmp_path: Path) -> None:
    trained = artefacts.read(workspace / MODEL, "make train", TRAINED_FIELDS)
    metrics, facts = (json.loads((workspace / path).read_text()) for path in (METRICS, DATA_FACTS))
    for name in ("first", "second"):
        artefacts.write(package.package(trained, metrics, facts), tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


@pytest.mark.ml_test_score("Infra 1", 1.0)
def test_training_in_another_process_gives_the_same_model(workspace: Path) -> None:
    before = artefacts.read(workspace / MODEL, "make train", TRAINED_FIELDS)
    # Python orders sets and hashes by this seed, which is another one in every process.
    environment = os.environ | {"PYTHONHASHSEED": "1"}
    command = [sys.executable, "-c", f"from {train.__name__} import run; run()"]
    subprocess.run(command, cwd=workspace, env=environment, check=True, capture_output=True)
    after = artefacts.read(workspace / MODEL, "make train", TRAINED_FIELDS)
    assert after.model == before.model


@pytest.mark.requirement("0-BASE")
@pytest.mark.usefixtures("in_workspace")
@pytest.mark.parametrize("step", [gates, package])
@pytest.mark.ml_test_score("Infra 4", 1.0)
def test_gate_raised_after_the_evaluation_leaves_nothing_to_package(
    step: ModuleType, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised = params.changed(**{"gates.beats_trivial": 0.9999999})
    monkeypatch.setattr(settings, "load", lambda: raised)
    before = ARTEFACT.read_bytes()
    with pytest.raises(ProjectError, match="gate closed: beats_trivial"):
        step.run()
    assert ARTEFACT.read_bytes() == before


def test_loaded_model_answers(workspace: Path, rows: pd.DataFrame) -> None:
    predictor = Predictor.load(workspace / ARTEFACT)
    assert len(predictor.of_frame(rows)) == len(rows)

"""Packaging says where a model comes from, is the same for the same model, and packages no other one."""

from pathlib import Path
from typing import Any

import pytest

from library.shop import FACTS, METRICS, Shop, open_shop
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.artefact import FIELDS
from mlops_maturity.pipeline import package
from mlops_maturity.project import paths
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import write_json, write_text
from mlops_maturity.project.paths import ARTEFACT

pytestmark = pytest.mark.guards("0-HAND")


@pytest.fixture(scope="module")
def shop() -> Shop:
    """A trained model."""
    return open_shop()


@pytest.fixture
def metrics(shop: Shop) -> dict[str, Any]:
    """What the evaluation of the model leaves."""
    return METRICS | {"gains": {"baseline": 0.6, "simple": 0.1}, "model_sha256": shop.trained.digest}


@pytest.fixture
def here(shop: Shop, metrics: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that was trained and evaluated, as the current folder."""
    monkeypatch.chdir(shop.project(tmp_path / "shop"))
    ARTEFACT.unlink()
    artefacts.write(shop.trained, paths.MODEL)
    write_json(paths.METRICS, metrics)
    write_json(paths.DATA_FACTS, FACTS)
    write_text(paths.REFERENCE, shop.reference.text())
    return Path.cwd()


@pytest.mark.usefixtures("here")
def test_manifest_has_code_data_metrics_and_version(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    package.run()
    packaged = artefacts.read(ARTEFACT, made_by="make package")
    manifest = packaged.manifest
    assert set(manifest) >= FIELDS
    assert set(manifest["code"]) == {"commit", "changed"}
    assert manifest["data"] == {"file": "data/raw/customers.csv", **FACTS}
    assert [gate["name"] for gate in manifest["metrics"]["gates"]] == ["beats_baseline", "beats_simple"]
    assert all(gate["passed"] for gate in manifest["metrics"]["gates"])
    assert packaged.model == shop.trained.model
    assert packaged.reference == shop.reference.text().encode()
    assert f"packaged {ARTEFACT}: version {manifest['version']}" in capsys.readouterr().out


@pytest.mark.usefixtures("here")
def test_same_model_is_packaged_to_the_same_bytes() -> None:
    package.run()
    before = ARTEFACT.read_bytes()
    package.run()
    assert ARTEFACT.read_bytes() == before


@pytest.mark.usefixtures("here")
def test_model_without_a_reference_is_packaged() -> None:
    paths.REFERENCE.unlink()
    package.run()
    assert artefacts.read(ARTEFACT, made_by="make package").reference is None


@pytest.mark.usefixtures("here")
def test_evaluation_of_another_model_is_refused(metrics: dict[str, Any]) -> None:
    write_json(paths.METRICS, metrics | {"model_sha256": "0" * 64})
    with pytest.raises(ProjectError, match=r"metrics.json .* another model than models/trained.zip"):
        package.run()
    assert not ARTEFACT.exists()


@pytest.mark.guards("0-BASE", "1-GATE")
@pytest.mark.usefixtures("here")
def test_closed_gate_leaves_nothing_packaged(metrics: dict[str, Any]) -> None:
    write_json(paths.METRICS, metrics | {"gains": {"baseline": 0.05, "simple": 0.1}})
    with pytest.raises(ProjectError, match="gate failed: beats_baseline"):
        package.run()
    assert not ARTEFACT.exists()


def test_another_commit_of_the_code_is_another_version(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = set()
    for commit in ("first", "second"):
        code = {"commit": commit, "changed": False}
        monkeypatch.setattr(package, "code_commit", lambda code=code: code)
        versions.add(package.package(shop.trained, METRICS, FACTS).manifest["version"])
    assert len(versions) == 2

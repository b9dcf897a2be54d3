"""What is inside of a release: its model, and commands that need nothing but what serving needs."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from library.delivery.conftest import Stage
from library.delivery.places import release
from mlops_maturity.delivery.checks import inside
from mlops_maturity.delivery.release import Release
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Infrastructure, Shadow

# An image has what serving needs, and no data, no settings and no git.
IN_AN_IMAGE = """
import sys

for name in ("dvc", "gto", "matplotlib", "pandas", "pandera", "pyarrow", "scipy", "skl2onnx", "sklearn"):
    sys.modules[name] = None  # an import of it fails
from mlops_maturity.__main__ import main

model, infrastructure, shadow = sys.argv[1:]
codes = [
    main(["check-infra", "--model", model, "--settings", infrastructure]),
    main(["check-shadow", "--model", model, "--settings", shadow, "--log", "sqlite:///none.sqlite"]),
]
sys.exit(any(codes))
"""
# Has the model of the file `inside` in each of its images.
DOCKER = """
case "$1" in
create) echo "pulled"; echo container ;;
cp) cp inside "$3" ;;
esac
"""


@pytest.mark.guards("CD-01", "CD-10", "SEC-06")
def test_commands_in_an_image_need_the_packages_of_the_service_only(model: Path, tmp_path: Path) -> None:
    needs = Infrastructure(memory_mb=1, cpus=0.01)
    arguments = [str(model), needs.model_dump_json(), Shadow().model_dump_json()]
    command = [sys.executable, "-c", IN_AN_IMAGE, *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "PASS package onnxruntime: " in done.stdout
    assert "shadow not exercised: the log has 0 of " in done.stdout


@pytest.fixture
def shipped(
    predictor: Predictor, model: Path, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Release:
    """A release of the packaged model, whose image Docker has."""
    monkeypatch.chdir(tmp_path)
    Path("inside").write_bytes(model.read_bytes())
    stage("docker", DOCKER)
    return replace(release("good"), model=predictor.version)


@pytest.mark.guards("CD-02", "CD-09")
def test_model_of_a_release_is_taken_out_of_its_image_once(shipped: Release, tmp_path: Path) -> None:
    found = inside.model_of(shipped)
    assert found == Path("models", f"{shipped.model}.zip")
    assert found.read_bytes() == Path("inside").read_bytes()
    notes = tmp_path / "bin" / "docker.txt"
    create, copy, remove = notes.read_text().splitlines()
    assert (create, remove) == (f"create {shipped.image}", "rm container")
    assert copy.startswith(f"cp container:{inside.MODEL} ")
    assert inside.model_of(shipped) == found
    assert len(notes.read_text().splitlines()) == 3


@pytest.mark.guards("CD-02", "CD-09")
def test_model_of_a_release_with_another_model_inside_is_refused(shipped: Release) -> None:
    other = replace(shipped, model="another")
    with pytest.raises(ProjectError, match=rf"has model {shipped.model} inside and not another; build it again"):
        inside.model_of(other)
    assert list(Path("models").iterdir()) == []


@pytest.mark.guards("CD-02")
def test_model_of_a_release_that_cannot_be_copied_fails(shipped: Release, stage: Stage) -> None:
    stage("docker", 'case "$1" in create) echo container ;; cp) echo "no such\nfile" >&2; exit 1 ;; esac')
    with pytest.raises(ProjectError, match=r"`docker cp .*` failed: no such file"):
        inside.model_of(shipped)
    assert list(Path("models").iterdir()) == []

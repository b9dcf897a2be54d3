"""The repository is one of level 0: data in DVC, CI by hand, and nothing that promises more."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

from << cookiecutter.__package_name >>.params import Params

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.requirement("0-CI")
def test_workflows_start_by_hand_only() -> None:
    for path in sorted((ROOT / ".github" / "workflows").glob("*.y*ml")):
        # YAML reads the key `on` as a truth value.
        triggers = yaml.safe_load(path.read_text())[True]
        assert set(triggers) == {"workflow_dispatch"}, f"{path.name} starts by itself: level 0 runs CI by hand"


@pytest.mark.requirement("0-NOT")
@pytest.mark.parametrize("path", ["dvc.yaml", "deploy"])
def test_nothing_of_a_higher_level_is_there(path: str) -> None:
    assert not (ROOT / path).exists()


@pytest.mark.requirement("0-DATA")
def test_raw_data_and_models_are_not_in_git(params: Params) -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    heavy = (".csv", ".parquet", ".onnx", ".skops", ".zip", ".pkl", ".joblib")
    assert not [path for path in tracked if path.endswith(heavy)]
    assert f"{params.data.raw}.dvc" in tracked


@pytest.mark.requirement("0-DATA")
def test_raw_data_are_tracked_by_dvc(params: Params) -> None:
    pointer = yaml.safe_load((ROOT / f"{params.data.raw}.dvc").read_text())
    assert pointer["outs"][0]["path"] == params.data.raw.name
    assert len(pointer["outs"][0]["md5"]) == 32


@pytest.mark.requirement("0-PROC")
def test_notebook_runs(workspace: Path) -> None:
    notebook = nbformat.reads((ROOT / "notebooks" / "exploration.ipynb").read_text(), as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(workspace)}}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in shown)


@pytest.mark.requirement("0-PROC")
def test_commands_are_explained() -> None:
    command = [sys.executable, "-m", "<< cookiecutter.__package_name >>", "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for name in ("data", "train", "evaluate", "package", "run", "predict", "serve"):
        assert name in text

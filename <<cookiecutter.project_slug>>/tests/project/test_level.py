<% set level = cookiecutter.maturity_level | int %>
<% if level == 0 %>
"""The repository is one of level 0: data in DVC, CI by hand, and nothing that promises more."""
<% elif level == 1 %>
"""The repository is one of level 1: data in DVC, a pipeline, checks of every change, training that starts by itself."""
<% else %>
"""The repository is one of level 2: what level 1 has, and changes that go through three environments to production."""
<% endif %>

<% if level > 0 %>
import re
<% endif %>
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

from << cookiecutter.__package_name >>.commands import COMMANDS
from << cookiecutter.__package_name >>.params import Params
from << cookiecutter.__package_name >>.steps import STEPS

ROOT = Path(__file__).resolve().parents[2]
<% if level > 0 %>
<% set files = {"github": [".github/workflows/*.yml"], "gitlab": [".gitlab-ci.yml", ".gitlab/*.yml"], "jenkins": ["Jenkinsfile", "jenkins/*.Jenkinsfile"]} %>
CI = << files[cookiecutter.ci_provider] | tojson >>
<% endif %>


<% if level == 0 %>
@pytest.mark.requirement("0-NOT")
@pytest.mark.parametrize("path", ["dvc.yaml", "deploy"])
def test_nothing_of_a_higher_level_is_there(path: str) -> None:
    assert not (ROOT / path).exists()


<% else %>
@pytest.mark.requirement("1-SYM")
def test_training_is_one_command() -> None:
    """A developer, CI and continuous training all run `make run`, which is `dvc repro`."""
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"^run: .*\n\t@\$\(REPRO\)$", makefile, re.MULTILINE)
    files = [path for pattern in CI for path in ROOT.glob(pattern)]
    assert files
    direct = r"(\$\(RUN\)|-m \S+).* train\b"
    others = [path.name for path in [ROOT / "Makefile", *files] if re.search(direct, path.read_text())]
    assert not others, f"{others} train in another way than by the pipeline"


<% endif %>
@pytest.mark.requirement("0-DATA")
@pytest.mark.ml_test_score("Data 5", 0.5)
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
    for name in (*STEPS, *COMMANDS):
        assert name in text

<% set level = cookiecutter.maturity_level | int %>
<% if level == 0 %>
"""The repository is one of level 0: data in DVC, CI by hand, and nothing that promises more."""
<% else %>
"""The repository is one of level 1: data in DVC, a pipeline, checks of every change, training that starts by itself."""
<% endif %>

<% if level > 0 %>
import re
<% endif %>
import subprocess
import sys
from pathlib import Path
<% if level > 0 %>
from typing import Any
<% endif %>

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

from << cookiecutter.__package_name >>.commands import COMMANDS
from << cookiecutter.__package_name >>.params import Params
from << cookiecutter.__package_name >>.steps import STEPS

ROOT = Path(__file__).resolve().parents[2]


<% if level == 0 %>
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


<% else %>
def workflow(name: str) -> dict[Any, Any]:
    """A workflow. YAML reads the key `on` as a truth value."""
    parsed: dict[Any, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text())
    return parsed


def commands(name: str) -> list[str]:
    return [step["run"] for job in workflow(name)["jobs"].values() for step in job["steps"] if "run" in step]


@pytest.mark.requirement("1-CI")
def test_every_change_is_checked_and_nothing_is_delivered_by_it() -> None:
    assert {"pull_request", "push"} <= set(workflow("checks.yml")[True])
    assert {"make lint", "make check-commit", "make test"} <= set(commands("checks.yml"))
    assert not {"make image", "make deploy", "make promote"} & set(commands("checks.yml"))


@pytest.mark.requirement("CI-10")
def test_checks_need_no_secret() -> None:
    assert "secrets" not in (ROOT / ".github" / "workflows" / "checks.yml").read_text()
    assert "pull_request_target" not in workflow("checks.yml")[True]


@pytest.mark.requirement("1-TRIG")
def test_training_starts_on_demand_on_schedule_on_new_data_on_degraded_performance_and_on_drift() -> None:
    starts = workflow("train.yml")[True]
    assert {"workflow_dispatch", "schedule"} <= set(starts)
    assert starts["push"]["paths"] == ["data/raw/*.dvc"]
    assert set(starts["repository_dispatch"]["types"]) == {"new-data", "degraded", "drift"}
    assert {"make monitor", "make trigger"} <= set(commands("train.yml"))


@pytest.mark.requirement("1-CD")
def test_only_what_passed_its_gates_is_delivered() -> None:
    order = [command for command in commands("train.yml") if command != "make setup"]
    wanted = ["make run", "make publish", "make promote", "make image", "make deploy"]
    assert [command for command in order if command in wanted] == wanted
    jobs = workflow("train.yml")["jobs"].values()
    lenient = [part for job in jobs for part in (job, *job["steps"]) if "continue-on-error" in part]
    lenient += [step for job in jobs for step in job["steps"] if "if" in step and step.get("run") in wanted]
    assert not lenient, "what may be left out or may fail"


@pytest.mark.requirement("1-SYM")
def test_training_is_one_command() -> None:
    """A developer, CI and continuous training all run `make run`, which is `dvc repro`."""
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"^run: .*\n\t@\$\(REPRO\)$", makefile, re.MULTILINE)
    files = [ROOT / "Makefile", *(ROOT / ".github" / "workflows").glob("*.yml")]
    others = [path.name for path in files if re.search(r"(\$\(RUN\)|-m \S+).* train\b", path.read_text())]
    assert not others, f"{others} train in another way than by the pipeline"


<% endif %>
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
    for name in (*STEPS, *COMMANDS):
        assert name in text

"""The user's own table at the first question: understood, reviewed as files, and everything after it green."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from _pytest.mark import ParameterSet
from conftest import Bake, Project
from tables import HOPELESS, NOISE, REAL, UGLY, WRITERS, Frame, clean

DATA = ("ingest", "validate-data", "split")
STEPS = (*DATA, "train", "evaluate", "validate-model", "package", "predict")
# One process for all steps: imports are most of their time, and each step alone is tested elsewhere.
RUN_ALL = """
import sys
from mlops_maturity.__main__ import main
for step in {steps}:
    if main([step, *({predict} if step == "predict" else [])]):
        sys.exit(1)
"""


def run_all(project: Project, python: Path, steps: tuple[str, ...] = STEPS) -> Any:
    raw = next(path for path in (project.path / "data" / "raw").iterdir() if path.suffix not in (".dvc", ""))
    predict = [f"data/raw/{raw.name}", "reports/predictions.parquet"]
    code = RUN_ALL.format(steps=steps, predict=predict)
    return project.python(python, "-c", code, check=False)


def settings(project: Project) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(project.text("params.yaml"))
    return content


# The others of the same kind take minutes together, and are of speed `deep`.
FEW = {
    "breast cancer: spaces in names, two classes",
    "cars: dates, words, missing values",
    "identifiers",
    "names with anything in them",
    "numbers with words among them",
    "a target with missing values",
}


def tables(names: Iterable[str]) -> list[ParameterSet]:
    return [pytest.param(name, marks=[] if name in FEW else pytest.mark.speed("deep")) for name in names]


@pytest.mark.parametrize("name", tables(REAL))
def test_real_table_runs_through(name: str, bake: Bake, project_python: Path, tmp_path: Path) -> None:
    frame, target, expected = REAL[name]
    table = frame()
    table.to_csv(tmp_path / "table.csv", index=False)
    project = bake(project_name="Own Data", dataset=str(tmp_path / "table.csv"), target=target)
    done = run_all(project, project_python)
    assert done.returncode == 0, done.stdout + done.stderr
    found = settings(project)
    for path, value in expected.items():
        section, key = path.split(".")
        assert found[section][key] == value
    assert None not in (found["data"]["task"], found["model"]["kind"], found["gates"]["beats_simple"])
    assert len(pd.read_parquet(project.path / "reports" / "predictions.parquet")) == len(table)


@pytest.mark.parametrize("name", tables(UGLY))
def test_ugly_table_is_understood(name: str, bake: Bake, project_python: Path, tmp_path: Path) -> None:
    frame, said = UGLY[name]
    done = run_all(bake_own(bake, tmp_path, frame), project_python)
    assert done.returncode == 0, done.stdout + done.stderr
    assert said in done.stdout


@pytest.mark.parametrize("name", HOPELESS)
def test_hopeless_table_is_refused_in_one_line(name: str, bake: Bake, project_python: Path, tmp_path: Path) -> None:
    frame, said = HOPELESS[name]
    project = bake_own(bake, tmp_path, frame)
    before = project.files(), project.text("params.yaml")
    done = run_all(project, project_python)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert (project.files(), project.text("params.yaml")) == before


def test_table_without_a_signal_trains_and_its_model_is_not_packaged(
    bake: Bake, project_python: Path, tmp_path: Path
) -> None:
    project = bake_own(bake, tmp_path, NOISE)
    done = run_all(project, project_python)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "gate failed: " in line
    assert not (project.path / "models" / "model.zip").exists()


@pytest.mark.parametrize("name", WRITERS)
def test_any_programs_file_is_read(name: str, bake: Bake, project_python: Path, tmp_path: Path) -> None:
    WRITERS[name](clean(), tmp_path / name)
    project = bake(project_name="Own Data", dataset=str(tmp_path / name), target="ziel")
    done = run_all(project, project_python, steps=DATA)
    assert done.returncode == 0, done.stdout + done.stderr
    columns = yaml.safe_load(project.text("data/schema.yaml"))["columns"]
    assert columns["größe"]["type"] == "number"
    assert columns["farbe"]["categories"] == ["blau", "grün", "rot"]


def test_second_run_changes_no_reviewed_file(bake: Bake, project_python: Path, tmp_path: Path) -> None:
    project = bake_own(bake, tmp_path, clean)
    reviewed = ("params.yaml", "data/schema.yaml", "metrics.json", "docs/model_card.md", "docs/data_sheet.md")
    runs = []
    for _ in range(2):
        assert run_all(project, project_python, STEPS[:-1]).returncode == 0
        runs.append([project.text(path) for path in reviewed])
    assert runs[0] == runs[1]


def test_params_keep_their_comments(bake: Bake, project_python: Path, tmp_path: Path) -> None:
    project = bake_own(bake, tmp_path, clean)
    before = project.text("params.yaml").splitlines()
    assert run_all(project, project_python, DATA).returncode == 0
    after = project.text("params.yaml").splitlines()
    assert [line for line in after if "#" in line and ": " not in line.split("#")[0]] == [
        line for line in before if "#" in line and ": " not in line.split("#")[0]
    ]
    assert not [line for line in after if "null" in line and "by:" not in line and not line.startswith("#")]


CARS = (REAL["cars: dates, words, missing values"][0], "Miles_per_Gallon")


@pytest.mark.parametrize(
    ("level", "table"),
    [
        pytest.param("0", (clean, "ziel"), marks=pytest.mark.speed("deep")),
        pytest.param("0", CARS, marks=pytest.mark.speed("deep")),
        ("1", CARS),
    ],
    ids=["0 words", "0 dates", "1 dates"],
)
def test_suites_are_green_with_and_without_the_data(
    level: str, table: tuple[Frame, str], bake: Bake, environment: Callable[..., Path], tmp_path: Path
) -> None:
    python = environment("none", level)
    frame, target = table
    frame().to_csv(tmp_path / "table.csv", index=False)
    answers = {"dataset": str(tmp_path / "table.csv"), "target": target, "maturity_level": level}
    project = bake(project_name="Own Data", **answers)
    assert run_all(project, python, DATA).returncode == 0
    with_data = project.python(python, "-m", "pytest", "-q", check=False)
    assert with_data.returncode == 0, with_data.stdout
    # As in a fork: no data, no secret, only what is in git.
    (project.path / "data" / "raw" / "table.csv").unlink()
    shutil.rmtree(project.path / ".dvc" / "cache")
    without = project.python(python, "-m", "pytest", "-q", check=False)
    assert without.returncode == 0, without.stdout
    assert "not exercised: the real data are not at hand" in without.stdout


def bake_own(bake: Bake, folder: Path, frame: Frame) -> Project:
    frame().to_csv(folder / "table.csv", index=False)
    return bake(project_name="Own Data", dataset=str(folder / "table.csv"), target="ziel")

"""The pipeline runs what has changed and nothing else, ends where it was cut off, and says how a model came about."""

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml
from sandbox import ROOT, Repository, environment

from mlops_maturity.pipeline.records import ARTEFACTS, RunRecord
from mlops_maturity.pipeline.steps import STEPS
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import PARAMS

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
# What every step uses and what shapes no result of theirs.
COMMON = {"__init__", "__main__", "commands", "errors", "files", "params", "paths", "repository", "runs", "steps"}


def outputs(stage: str) -> list[str]:
    content = STAGES[stage]
    entries = [*content.get("outs", ()), *content.get("metrics", ())]
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


@pytest.mark.requirement("CI-05")
@pytest.mark.parametrize("stage", STAGES)
def test_stage_leaves_what_it_declares(stage: str, trained: Path) -> None:
    assert outputs(stage)
    for path in outputs(stage):
        found = trained / "here" / path
        files = list(found.iterdir()) if found.is_dir() else [found]
        assert files, f"{path} is empty"
        for file in files:
            assert file.stat().st_size > 0, f"{file.name} is empty"
            if file.suffix == ".parquet":
                assert len(pd.read_parquet(file)) > 0
            if file.suffix == ".json":
                json.loads(file.read_text())


@pytest.mark.requirement("CI-05")
def test_pipeline_and_steps_declare_the_same() -> None:
    for stage, content in STAGES.items():
        steps = content["cmd"].split(" -m ")[1].split()[1:]
        assert {str(path) for step in steps for path in STEPS[step].leaves} == set(outputs(stage)), stage
    assert [step for content in STAGES.values() for step in content["cmd"].split(" -m ")[1].split()[1:]] == list(STEPS)


@pytest.mark.requirement("1-PIPE")
@pytest.mark.parametrize("stage", STAGES)
def test_stage_depends_on_the_code_that_it_runs(stage: str) -> None:
    """A module that shapes a result and is not declared would leave a stale model where it was."""
    package = ROOT / "src" / "mlops_maturity"
    declared = {path for path in STAGES[stage]["deps"] if path.startswith("src/")}
    steps = STAGES[stage]["cmd"].split(" -m ")[1].split()[1:]
    entries = [package / f"{STEPS[step].module.strip('.').replace('.', '/')}.py" for step in steps]
    used = {path.relative_to(ROOT) for path in imported(package, entries)}
    lacking = [
        str(path)
        for path in sorted(used)
        if path.stem not in COMMON and not declared & {str(path), *map(str, path.parents)}
    ]
    assert not lacking, f"dvc.yaml: add these to the deps of {stage}: {lacking}"


@pytest.mark.requirement("1-PIPE")
@pytest.mark.parametrize("stage", STAGES)
def test_stage_depends_on_the_files_that_it_reads(stage: str) -> None:
    steps = [STEPS[step] for step in STAGES[stage]["cmd"].split(" -m ")[1].split()[1:]]
    needed = {path for step in steps for path in step.needs} - {path for step in steps for path in step.leaves}
    # Of the settings a stage declares those that it asks for.
    lacking = {str(path) for path in needed - {PARAMS}} - set(STAGES[stage]["deps"])
    assert not lacking, f"dvc.yaml: add these to the deps of {stage}: {sorted(lacking)}"


def imported(package: Path, files: list[Path]) -> set[Path]:
    """The modules of the package that these files import at the top, directly or not, and the files themselves."""
    found: set[Path] = set()
    while files:
        file = files.pop()
        if file in found:
            continue
        found.add(file)
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ImportFrom) and node.level:
                folder = file.parents[node.level - 1]
                base = folder.joinpath(*node.module.split(".")) if node.module else folder
                candidates = [base.with_suffix(".py"), *(base / f"{alias.name}.py" for alias in node.names)]
                files += [path for path in candidates if path.exists() and package in path.parents]
    return found


@pytest.mark.requirement("1-PIPE")
def test_second_run_executes_nothing(repository: Repository) -> None:
    before = repository.lock()
    assert "Data and pipelines are up to date" in repository.repro()
    assert repository.lock() == before
    assert repository.run("git", "status", "--porcelain") == ""


@pytest.mark.requirement("1-PIPE")
def test_change_runs_what_depends_on_it(repository: Repository, params: Params) -> None:
    repository.set("model.seed", params.model.seed + 1)
    said = repository.repro()
    assert "Stage 'split' didn't change" in said
    assert "Running stage 'train'" in said


@pytest.mark.requirement("1-PIPE")
def test_failed_run_resumes_where_it_failed(repository: Repository) -> None:
    repository.set("gates.targets", {"no such score": 1.0})
    assert "gates.targets: no such score is not measured" in repository.repro(check=False)
    repository.set("gates.targets", {})
    said = repository.repro()
    assert "Stage 'train' didn't change" in said
    assert "Running stage 'train'" not in said


@pytest.mark.requirement("1-PIPE")
def test_killed_run_ends_in_the_same_lock(repository: Repository) -> None:
    expected = repository.lock()
    (repository.path / "dvc.lock").unlink()
    shutil.rmtree(repository.path / ".dvc" / "cache")
    shutil.rmtree(repository.path / ".dvc" / "tmp")
    command = [sys.executable, "-m", "dvc", "repro", "--force"]
    log = repository.path.parent / "log"
    with log.open("w") as file:
        run = subprocess.Popen(
            command,
            cwd=repository.path,
            env=environment(repository.path),
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while "Running stage 'train'" not in log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.3)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    repository.repro()
    assert repository.lock() == expected


@pytest.mark.requirement("1-REPRO")
@pytest.mark.ml_test_score("Infra 1", 1.0)
def test_training_in_another_folder_gives_the_same_hashes(repository: Repository, tmp_path: Path) -> None:
    shutil.copytree(repository.path, tmp_path / "another folder", symlinks=True)
    other = Repository(tmp_path / "another folder")
    other.run(sys.executable, "-m", "dvc", "repro", "--force", "--no-run-cache")
    assert other.lock() == repository.lock()


@pytest.mark.requirement("1-SKEW")
@pytest.mark.parametrize("defect", ["missing", "unexpected", "out of domain"])
@pytest.mark.ml_test_score("Monitor 2", 1.0)
def test_data_that_do_not_fit_the_schema_stop_before_training(
    defect: str, repository: Repository, params: Params
) -> None:
    raw = repository.path / params.data.raw
    frame = pd.read_parquet(raw) if raw.suffix in (".parquet", ".pq") else pd.read_csv(raw)
    column = next(name for name in frame if name != params.data.target)
    match defect:
        case "missing":
            frame, said = frame.drop(columns=column), f"{column}: the column is missing"
        case "unexpected":
            frame["unexpected"], said = 1, "unexpected: the column is not in the schema"
        case _:
            frame[params.data.target], said = None, f"{params.data.target}: more missing values"
    frame.to_parquet(raw, index=False) if raw.suffix in (".parquet", ".pq") else frame.to_csv(raw, index=False)
    repository.run(sys.executable, "-m", "dvc", "add", "--quiet", str(params.data.raw))
    model = (repository.path / "models" / "model.zip").read_bytes()
    printed = repository.repro(check=False)
    assert said in printed
    assert "Running stage 'train'" not in printed
    assert (repository.path / "models" / "model.zip").read_bytes() == model


@pytest.mark.requirement("1-META")
def test_run_is_on_record(trained: Path) -> None:
    here = trained / "here"
    record = RunRecord.model_validate_json((here / "run.json").read_text())
    assert sorted(record.steps) == sorted(STEPS)
    for step in record.steps.values():
        assert step.outcome == "done"
        assert step.seconds is not None
        assert step.ended is not None
        assert step.started <= step.ended
    assert all(record.metrics[name] for name in ("train", "test"))
    assert record.parameters["model"]["kind"]
    assert set(record.artefacts) == set(map(str, ARTEFACTS))
    assert record.versions["scikit-learn"]
    assert len(str(record.code["commit"])) == 40
    assert record.executor.name
    assert record.previous_model is None


@pytest.mark.requirement("1-META")
def test_model_in_production_is_on_record(in_production: Repository) -> None:
    in_production.project("validate-model")
    record = RunRecord.model_validate_json((in_production.path / "run.json").read_text())
    assert record.previous_model == "v1"


@pytest.mark.requirement("1-META")
def test_failed_step_is_on_record(repository: Repository) -> None:
    repository.set("gates.targets", {"no such score": 1.0})
    repository.repro(check=False)
    record = RunRecord.model_validate_json((repository.path / "run.json").read_text())
    assert record.steps["evaluate"].outcome == "failed"
    assert record.steps["train"].outcome == "done"


@pytest.mark.requirement("CI-09")
def test_commit_with_its_data_pushed_is_accepted(repository: Repository) -> None:
    shutil.rmtree(repository.path / ".dvc" / "cache")
    for path in ("data/processed", "models", "reports"):
        shutil.rmtree(repository.path / path)
    said = repository.project("check-commit")
    assert "dvc.lock is of this commit's code, data and settings" in said
    assert "everything that DVC tracks is in its remote" in said
    assert not (repository.path / "models").exists()


@pytest.mark.requirement("CI-09")
def test_commit_with_a_stale_lock_is_refused(repository: Repository, params: Params) -> None:
    repository.set("model.seed", params.model.seed + 1)
    assert "dvc.lock is stale: train" in repository.project("check-commit", check=False)
    shutil.rmtree(repository.path / "data" / "processed")
    shutil.rmtree(repository.path / ".dvc" / "cache")
    assert "dvc.lock is stale: train would run" in repository.project("check-commit", check=False), "in a clone"


@pytest.mark.requirement("CI-09")
def test_commit_whose_data_were_not_pushed_is_refused(repository: Repository) -> None:
    storage = repository.path.parent / "storage"
    shutil.rmtree(storage / "files")
    assert "not in the DVC remote: " in repository.project("check-commit", check=False)


@pytest.mark.requirement("CI-10")
def test_remote_that_cannot_be_asked_is_said_and_not_counted(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "summary.md"
    monkeypatch.setenv(ci.SUMMARY, str(page))
    shutil.rmtree(repository.path.parent / "storage")
    for said in (repository.project("check-commit"), page.read_text()):
        assert "NOT CHECKED, whether the data were pushed" in said

"""run.json says how the model at hand came about: which steps ran when, by whom, with what, and to what effect."""

import json
from pathlib import Path

import pytest

from library.sandbox import Repository
from mlops_maturity.pipeline.records import ARTEFACTS, RunRecord, executor, recorded
from mlops_maturity.pipeline.steps import STEPS
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import METRICS, RUN_RECORD

pytestmark = pytest.mark.guards("1-META")

SIGNS = ("GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "RUN_ID")


@pytest.fixture(autouse=True)
def _by_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SIGNS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def here(in_production: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A clone whose model is in production, as the current folder."""
    monkeypatch.chdir(in_production.path)
    return in_production


def record() -> RunRecord:
    return RunRecord.model_validate_json(RUN_RECORD.read_text())


@pytest.mark.usefixtures("in_workspace")
def test_record_of_a_run_has_every_step_and_what_came_of_it() -> None:
    found = record()
    assert sorted(found.steps) == sorted(STEPS)
    for step in found.steps.values():
        assert step.outcome == "done"
        assert step.seconds is not None
        assert step.ended is not None
        assert step.started <= step.ended
    assert all(found.metrics[name] for name in ("train", "test"))
    assert found.parameters["model"]["kind"] == "gradient_boosting"
    assert set(found.artefacts) == set(map(str, ARTEFACTS))
    assert found.versions["scikit-learn"]
    assert len(str(found.code["commit"])) == 40
    assert found.executor.name
    assert found.previous_model is None


@pytest.mark.usefixtures("here")
def test_record_names_the_model_that_was_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    before = record()
    monkeypatch.setenv("RUN_ID", "the run")
    with recorded("validate-model"):
        running = record().steps["validate-model"]
        assert (running.outcome, running.ended, running.seconds) == ("running", None, None)
    after = record()
    assert (after.previous_model, after.run) == ("v1", "the run")
    assert after.steps["validate-model"].run == "the run"
    assert after.steps["train"] == before.steps["train"], "it was up to date, and keeps its note"


def test_record_of_a_failed_step_says_so(here: Repository) -> None:
    def fail() -> None:
        with recorded("evaluate"):
            raise ProjectError("it fails")

    with pytest.raises(ProjectError, match="it fails"):
        fail()
    assert record().steps["evaluate"].outcome == "failed"
    assert record().steps["train"].outcome == "done"
    assert json.loads((here.path / RUN_RECORD).read_text())


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("content", ["<<<<<<< HEAD\n{}\n", '{"steps": {"train": 1}}'])
def test_record_that_is_damaged_is_begun_anew(content: str) -> None:
    RUN_RECORD.write_text(content)
    with recorded("train"):
        pass
    assert list(record().steps) == ["train"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("content", [b"", b"<<<<<<< HEAD\n{", b"\xff", b"[]", b"null", b"{}", b"[" * 100_000])
def test_record_of_a_run_with_damaged_metrics_has_none_of_them(content: bytes) -> None:
    METRICS.write_bytes(content)
    with recorded("train"):
        pass
    assert record().metrics == {}
    assert record().steps["train"].outcome == "done"


def test_record_in_an_empty_folder_has_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with recorded("ingest"):
        pass
    found = record()
    assert (found.parameters, found.artefacts, found.metrics) == ({}, {}, {})
    assert found.code == {"commit": None, "changed": True}
    assert found.steps["ingest"].outcome == "done"


@pytest.mark.parametrize(
    ("kind", "variables"),
    [
        ("github", {"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "somebody", "GITHUB_RUN_ID": "7"}),
        ("gitlab", {"GITLAB_CI": "true", "GITLAB_USER_LOGIN": "somebody", "CI_JOB_ID": "7"}),
        ("jenkins", {"JENKINS_URL": "https://ci.example", "BUILD_USER_ID": "somebody", "BUILD_TAG": "7"}),
    ],
)
def test_executor_in_ci_is_who_started_the_job(
    kind: str, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = executor()
    assert (found.kind, found.name, found.job) == (kind, "somebody", "7")
    assert "cores" in found.machine


def test_executor_on_a_machine_is_the_person_whom_git_knows(here: Repository) -> None:
    here.run("git", "config", "user.name", "Somebody")
    found = executor()
    assert (found.kind, found.name, found.job) == ("person", "Somebody", None)

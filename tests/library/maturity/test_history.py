"""What a project has done is read from the records that the commands leave, and proves what they say."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from library.maturity.conftest import Project
from mlops_maturity.delivery import records
from mlops_maturity.delivery.release import Release
from mlops_maturity.maturity import history
from mlops_maturity.maturity.evidence import KINDS
from mlops_maturity.maturity.history import History
from mlops_maturity.pipeline.steps import STEPS
from mlops_maturity.pipeline.trigger import CLAIM, Claim
from mlops_maturity.project.files import write_json
from mlops_maturity.project.paths import MONITORING, RUN_RECORD, TUNING
from mlops_maturity.project.repository import EMPTY_TREE, git

pytestmark = pytest.mark.guards("T-12")


@pytest.fixture(autouse=True)
def _new_project(project: Project) -> None:
    """A project of level 2 that has done nothing."""
    project("2")
    git("add", "--all")
    git("commit", "--quiet", "--message", "Start")


def found() -> dict[str, str]:
    """What each kind of record says; kinds without one are left out."""
    done = history.read()
    return {name: said for name, kind in KINDS.items() if (said := kind.found(done))}


def ran(outcome: str = "done", by: str = "person", steps: tuple[str, ...] = tuple(STEPS)) -> None:
    """A run of some steps was recorded; the last one had this outcome."""
    at = "2026-05-04T10:00:00Z"
    noted = {step: {"run": "r1", "started": at, "ended": at, "seconds": 1.0, "outcome": "done"} for step in steps}
    noted[steps[-1]]["outcome"] = outcome
    executor = {"kind": by, "name": "Ada", "job": None, "machine": "Linux"}
    record = {"run": "r1", "code": {}, "executor": executor, "versions": {}, "parameters": {}, "steps": noted}
    write_json(RUN_RECORD, record | {"artefacts": {}, "previous_model": None, "metrics": {}})


def tagged(*names: str) -> None:
    """Each tag is of a commit of its own, unless it is a stage."""
    for name in names:
        git("commit", "--quiet", "--allow-empty", "--message", name)
        git("tag", "--annotate", "--message", "model abc", name)


def staged(number: int, version: int) -> None:
    git("tag", "--annotate", "--message", "stage", f"model#prod#{number}", f"model@v{version}.0.0^{{commit}}")


def release(key: str = "r1", digest: str = "sha256:0123456789abcdef") -> Release:
    return Release(key, f"image@{digest}", digest, "code", "model", "0123456789abcdef")


def note(environment: str, kind: records.Kind = "deploy", result: records.Result = "good", key: str = "r1") -> None:
    records.note(environment, kind, release(key), result)


def test_new_project_has_done_nothing() -> None:
    assert history.read() == History()
    assert found() == {}


def test_run_record_proves_a_run_only_if_all_steps_are_done() -> None:
    ran(outcome="failed")
    assert "completed run" not in found()
    ran(steps=("ingest", "train"))
    assert "completed run" not in found()
    RUN_RECORD.write_text("<<<<<<< HEAD")
    assert found() == {}
    ran()
    assert found() == {"completed run": f"run.json: all {len(STEPS)} steps done, the last run is r1 by Ada"}


def test_run_record_that_ci_wrote_is_found_in_the_past() -> None:
    for by in ("person", "github", "person"):
        ran(by=by)
        git("add", "--all")
        git("commit", "--quiet", "--message", by)
        assert ("run by CI" in found()) == ("github" in git("log", "--format=%s").splitlines())
    assert found()["run by CI"].endswith(" of 2026-05-04 was written by CI")


def test_versions_and_stages_prove_registration_comparison_and_rollback() -> None:
    tagged("model@v1.0.0")
    assert found() == {"version": "v1 was registered on 2026-05-04 by Ada"}
    staged(1, 1)
    assert found()["production model"] == "v1 is in production"
    assert "comparison" not in found()
    tagged("model@v2.0.0")
    assert found()["comparison"] == "v2 was compared with the model in production when it was registered"
    staged(2, 2)
    assert "rollback" not in found()
    staged(3, 1)
    assert found()["rollback"] == "v1 was put back into production after v2"


def test_deployments_prove_their_environment_only_if_they_were_good() -> None:
    note("staging", result="failed")
    note("staging", kind="check")
    assert set(found()) == {"release"}
    note("staging")
    assert found()["staging"] == "staging: deployed r1 with model model on 2026-05-04 by Ada"
    assert "same digest" not in found()
    note("production")
    assert found()["same digest"] == "r1 went from staging to production as sha256:0123456789ab"
    assert "test" not in found()
    assert found()["release"] == "r1 was built of commit 0123456789"


def test_second_release_in_production_took_the_place_of_the_first() -> None:
    note("production")
    note("production")
    assert "replacement" not in found()
    note("production", key="r2")
    assert found()["replacement"] == "r2 took the place of r1 in production"


def test_rollback_of_a_deployment_is_proof() -> None:
    note("production", kind="rollback", result="failed")
    assert "rollback" not in found()
    note("production", kind="rollback")
    assert found()["rollback"] == "production: rollback to r1 with model model on 2026-05-04 by Ada"


def test_claims_prove_triggers_and_the_monitoring_that_started_them() -> None:
    parent: list[str] = []
    for reasons in (["schedule"], ["drift", "new-data"], ["demand"]):
        content = json.dumps({"chance": "x", "data": "y", "reasons": reasons})
        made = git("commit-tree", EMPTY_TREE, *parent, "-m", content)
        git("update-ref", CLAIM, made)
        parent = ["-p", made]
        assert "training" in found()
        assert ("live data" in found()) == (reasons != ["schedule"])
    assert found()["training"] == "a training was started on 2026-05-04 (demand)"
    assert found()["live data"] == "monitoring started a training on 2026-05-04 (drift)"
    assert "live labels" not in found()
    at = datetime(2026, 5, 4, 10, tzinfo=UTC)
    assert history.read().trainings[0] == Claim(at, "y", ("schedule",))


def test_verdicts_of_monitoring_prove_what_had_enough_data() -> None:
    verdicts = {"drift": True, "degraded": False, "stale": True, "silent": True, "unhealthy": False}
    triggers = {name: {"exercised": done, "fires": False, "reason": "quiet"} for name, done in verdicts.items()}
    write_json(MONITORING, {"triggers": triggers})
    assert found() == {
        "live data": "reports/monitoring.json, drift: quiet",
        "age": "reports/monitoring.json, stale: quiet",
    }
    triggers["unhealthy"]["exercised"] = True
    write_json(MONITORING, {"triggers": triggers})
    assert found()["live service"] == "reports/monitoring.json, unhealthy: quiet"
    MONITORING.write_text("half of a")
    assert found() == {}


def test_table_of_a_search_proves_tuning() -> None:
    TUNING.parent.mkdir(exist_ok=True)
    TUNING.write_text("candidate,rows,loss\n0,10,0.5\n0,20,0.5\n")
    assert found() == {}
    TUNING.write_text("candidate,rows,loss\n0,10,0.5\n1,10,0.4\n")
    assert found() == {"search": "reports/tuning.csv compares 2 settings of the model"}
    TUNING.write_text("something,else\n1,2\n")
    assert found() == {}


def test_records_of_origin_are_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git("init", "--quiet", "--bare", str(tmp_path / "origin"))
    git("remote", "add", "origin", str(tmp_path / "origin"))
    note("test")
    git("clone", "--quiet", str(tmp_path / "origin"), str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    assert found()["test"] == "test: deployed r1 with model model on 2026-05-04 by Ada"

"""A release replaces another only if it passes its checks; if not, the other one serves on, and that is recorded."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from library.delivery.places import Place, deployed, release
from mlops_maturity.delivery import deploy, records, rollback, status, stop, verify
from mlops_maturity.delivery.checks import by_hand
from mlops_maturity.delivery.release import Release
from mlops_maturity.project.errors import ProjectError

pytestmark = pytest.mark.guards("CD-10")

# What staging asks of `new`, where `old` serves.
STAGING = [
    "infra of m-old",
    "shadow of m-old",
    "start new",
    "api of m-new",
    "switch",
    "api of m-new",
    "load of m-new",
    "settle",
]


def noted(environment: str) -> list[tuple[str, str, str]]:
    known = records.history(environment)
    return [(record.kind, record.release.key, record.result) for record in known if record.result != "begun"]


def test_deploy_to_staging_checks_before_beside_and_after(place: Place) -> None:
    deployed(place, "staging", "old")
    place.next = release("new")
    deploy.run("staging")
    assert place.done == STAGING
    assert place.serves == release("new")
    assert noted("staging") == [("deploy", "old", "good"), ("deploy", "new", "good")]


def test_deploy_to_test_runs_no_load_test_and_compares_with_nothing(place: Place) -> None:
    deploy.run("test")
    checked = "api of m-first"
    assert place.done == ["infra of nothing", "start first", checked, "switch", checked, "settle"]


@pytest.mark.parametrize("broken", ["infra", "shadow", "start", "ready", "api", "switch", "load"])
def test_deploy_that_fails_is_rolled_back_and_recorded(place: Place, broken: str) -> None:
    deployed(place, "staging", "old")
    place.next, place.broken = release("new"), {broken}
    with pytest.raises(ProjectError, match=r"broken|instead of model"):
        deploy.run("staging")
    assert place.serves == release("old")
    started = broken not in ("infra", "shadow")
    assert (place.done[-1] == "back") is started
    assert "settle" not in place.done
    assert noted("staging")[-1] == ("deploy", "new", "failed")
    assert records.serving(records.history("staging")) == [release("old")]


def test_deploy_that_fails_reports_why(place: Place) -> None:
    deployed(place, "staging", "old")
    place.next, place.broken = release("new"), {"load"}
    with pytest.raises(ProjectError) as refusal:
        deploy.run("staging")
    why = "load of m-new is broken; rolled back: there is as it was before"
    assert str(refusal.value) == why
    assert records.history("staging")[-1].why == why


def test_deploy_that_is_interrupted_leaves_the_old_release(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(place, "test", "old")
    place.next = release("new")

    def interrupt() -> None:
        place.serves = place.next
        raise KeyboardInterrupt

    monkeypatch.setattr(place, "switch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        deploy.run("test")
    assert place.serves == release("old")


@contextmanager
def killed() -> Iterator[None]:
    """What is done in the block is not noted when it has ended."""
    note = records.note

    def begin(environment: str, kind: records.Kind, release: Release, result: records.Result, why: str = "") -> None:
        if result == "begun":
            note(environment, kind, release, result, why)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "note", begin)
        yield


def test_deploy_that_was_killed_is_not_taken_for_the_old_release(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed(place, "staging", "old", "older than that")
    place.next = release("new")
    with killed():
        deploy.run("staging")
    capsys.readouterr()
    told = "make deploy ENV=staging` deploys again, `make rollback ENV=staging` takes it back"
    refused: tuple[Callable[[], object], ...] = (
        lambda: verify.run("staging"),
        lambda: by_hand.hold_serving("staging", "api"),
        lambda: deploy.run("production", confirm="old"),
    )
    for run in refused:
        with pytest.raises(ProjectError, match=rf"^deploy of new in staging began on .*Z and has not ended: `{told}"):
            run()
    status.run()
    assert "\nstaging: NOT KNOWN: deploy of new in staging began" in capsys.readouterr().out
    status.run(as_json=True)
    assert json.loads(capsys.readouterr().out)["staging"]["serves"] is None
    assert "has not ended" in status.served("m-older than that")["staging"]["not known"]
    assert records.good_runs(records.history("staging"), release("new")) == 0
    assert place.serves == release("new")


@pytest.mark.parametrize("again", [1, 3])
def test_deploy_again_after_a_kill_ends_it(place: Place, again: int) -> None:
    deployed(place, "staging", "old")
    place.next = release("new")
    for _ in range(again):
        with killed():
            deploy.run("staging")
    deploy.run("staging")
    assert records.serving(records.history("staging")) == [release("old"), release("new")]
    verify.run("staging")
    assert records.good_runs(records.history("staging"), release("new")) == 2


def test_rollback_after_a_killed_deployment_brings_back_what_served(place: Place) -> None:
    with killed():
        deploy.run("test")
    with pytest.raises(ProjectError, match="nothing served in test before first"):
        rollback.run("test")
    deployed(place, "test", "old")
    place.next = release("new")
    with killed():
        deploy.run("test")
    rollback.run("test")
    assert place.serves == release("old")
    assert records.serving(records.history("test")) == [release("old")]


def test_rollback_that_was_killed_is_done_again(place: Place) -> None:
    deployed(place, "test", "first", "second", "third")
    for _ in range(2):
        with killed():
            rollback.run("test")
        assert place.serves == release("second")
    rollback.run("test")
    assert place.serves == release("second")
    assert records.serving(records.history("test")) == [release("first"), release("second")]


def test_stop_after_a_kill_stops_whatever_serves(place: Place) -> None:
    with killed():
        deploy.run("test")
    place.done.clear()
    stop.run("test")
    assert place.done == ["stop"]
    deploy.run("test")
    with killed():
        stop.run("test")
    place.done.clear()
    stop.run("test")
    assert place.done == ["stop"]
    assert records.serving(records.history("test")) == []


def test_deploy_without_a_place_reports_what_to_set(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in (deploy, rollback, stop, verify):
        monkeypatch.setattr(module, "place_of", lambda *_: nullcontext(None))
    deploy.run("staging")
    verify.run("staging", enough=True)
    deploy.run("production", confirm="model")
    rollback.run("production")
    stop.run("staging")
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 5
    assert all(line.startswith("NOT DEPLOYED: set DEPLOY_") for line in told)
    assert (place.done, records.history("staging"), records.history("production")) == ([], [], [])


def test_rollback_brings_back_what_served_before(place: Place) -> None:
    deployed(place, "test", "first", "second", "third")
    rollback.run("test", "it is slow")
    assert place.serves == release("second")
    assert place.done == ["start second", "switch", "settle"]
    last = records.history("test")[-1]
    assert (last.kind, last.release, last.result, last.why) == ("rollback", release("second"), "good", "it is slow")
    rollback.run("test")
    assert place.serves == release("first")
    with pytest.raises(ProjectError, match="nothing served in test before first"):
        rollback.run("test")


def test_stop_leaves_nothing_that_serves_or_can_be_brought_back(place: Place) -> None:
    deployed(place, "test", "first", "second")
    stop.run("test", "nobody tests")
    assert (place.done, place.serves) == (["stop"], None)
    last = records.history("test")[-1]
    assert (last.kind, last.release, last.result, last.why) == ("stop", release("second"), "good", "nobody tests")
    with pytest.raises(ProjectError, match="nothing served in test before now"):
        rollback.run("test")
    stop.run("test")
    assert place.done == ["stop"], "it is stopped already"
    deployed(place, "test", "third")
    assert place.serves == release("third")


def test_stop_of_production_is_refused(place: Place) -> None:
    deployed(place, "staging", "first")
    verify.run("staging", enough=True)
    deploy.run("production", confirm="first")
    with pytest.raises(ProjectError, match="production is not stopped by a command"):
        stop.run("production")
    assert place.serves == release("first")


def test_rollback_after_a_failed_deployment_passes_over_it(place: Place) -> None:
    deployed(place, "test", "first", "second")
    place.next, place.broken = release("bad"), {"api"}
    with pytest.raises(ProjectError):
        deploy.run("test")
    place.broken = set()
    rollback.run("test")
    assert place.serves == release("first")


def test_rollback_that_does_not_get_ready_leaves_what_serves(place: Place) -> None:
    deployed(place, "test", "first", "second")
    place.broken = {"ready"}
    with pytest.raises(ProjectError, match="rolled back"):
        rollback.run("test")
    assert place.serves == release("second")
    assert records.serving(records.history("test"))[-1] == release("second")


def test_deploy_of_a_release_that_was_rolled_back_is_allowed(place: Place) -> None:
    deployed(place, "test", "first", "second")
    rollback.run("test")
    deployed(place, "test", "second")
    assert records.serving(records.history("test")) == [release("first"), release("second")]


def test_deploy_pushes_its_record(place: Place, tmp_path: Path) -> None:
    deployed(place, "test", "first")
    listed = subprocess.run(["git", "ls-remote", tmp_path / "origin"], capture_output=True, text=True, check=True)
    assert "refs/deployments/test" in listed.stdout

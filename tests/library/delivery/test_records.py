"""What was deployed is noted in git, where others see it, and nobody's note is lost."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from library.delivery.places import Place, deployed, release
from mlops_maturity.delivery import records, rollback, status
from mlops_maturity.delivery.records import Kind, Record, Result
from mlops_maturity.project.errors import ProjectError

START = datetime(2026, 1, 1, tzinfo=UTC)


def happened(*entries: tuple[Kind, str, Result]) -> list[Record]:
    return [
        Record(kind, release(key), result, "", START + timedelta(hours=hour), "Tester")
        for hour, (kind, key, result) in enumerate(entries)
    ]


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.guards("CD-09")
@pytest.mark.usefixtures("place")
def test_note_records_what_when_who_and_the_result() -> None:
    records.note("test", "deploy", release("first"), "failed", "it is\nslow")
    (record,) = records.history("test")
    assert (record.kind, record.release) == ("deploy", release("first"))
    assert (record.result, record.why) == ("failed", "it is slow")
    assert timedelta() <= datetime.now(UTC) - record.at < timedelta(minutes=5)
    assert record.by
    assert git("log", "--format=%s", "refs/deployments/test").startswith('{"by": ')
    assert records.history("staging") == []


@pytest.mark.guards("CD-08")
@pytest.mark.usefixtures("place")
def test_note_while_another_is_made_loses_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records.note("staging", "deploy", release("first"), "good")
    other = tmp_path / "other"
    git("clone", "--quiet", str(tmp_path / "origin"), str(other))
    monkeypatch.chdir(other)
    records.note("staging", "check", release("first"), "good")
    monkeypatch.chdir(tmp_path / "here")
    fetch, late = records.fetch, iter([None])
    # It looks before the other note is there, and pushes after it.
    monkeypatch.setattr(records, "fetch", lambda: next(late, fetch) and fetch())
    records.note("staging", "check", release("first"), "failed")
    assert [record.result for record in records.history("staging")] == ["good", "good", "failed"]
    shared = git("ls-remote", "origin", "refs/deployments/staging").split()[0]
    assert shared == git("rev-parse", "refs/deployments/staging")


@pytest.mark.guards("CD-08")
@pytest.mark.usefixtures("place")
def test_note_that_cannot_be_pushed_fails(tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "origin")
    with pytest.raises(ProjectError, match="what was done in test could not be noted: git push"):
        records.note("test", "deploy", release("first"), "good")


@pytest.mark.guards("CD-10")
def test_serving_follows_deployments_rollbacks_and_stops() -> None:
    known = happened(
        ("deploy", "first", "good"),
        ("deploy", "bad", "failed"),
        ("deploy", "second", "good"),
        ("check", "second", "good"),
        ("deploy", "third", "good"),
        ("rollback", "second", "good"),
    )
    assert records.serving(known) == [release("first"), release("second")]
    assert records.since(known) == START + timedelta(hours=5)
    assert records.since(known[:4]) == START + timedelta(hours=2)
    assert records.serving([]) == []
    assert records.serving([*known, *happened(("stop", "second", "good"))]) == []


@pytest.mark.guards("CD-08")
def test_good_runs_are_counted_since_the_last_failure() -> None:
    good: tuple[Kind, str, Result] = ("check", "first", "good")
    known = happened(("deploy", "first", "good"), good, ("check", "second", "failed"))
    assert records.good_runs(known, release("first")) == 2
    assert records.good_runs(happened(good, good, ("check", "first", "failed"), good), release("first")) == 1
    assert records.good_runs(happened(good), release("second")) == 0
    assert records.good_runs(happened(good, ("stop", "first", "good")), release("first")) == 1


@pytest.mark.guards("META")
def test_served_names_the_environments_of_a_model(place: Place) -> None:
    deployed(place, "test", "first", "second")
    deployed(place, "staging", "second")
    found = status.served("m-second")
    assert list(found) == ["test", "staging"]
    assert (found["test"]["release"], found["test"]["digest"]) == ("second", "sha256:second")
    assert datetime.strptime(found["test"]["since"], "%Y-%m-%d %H:%MZ").replace(tzinfo=UTC) <= datetime.now(UTC)
    rollback.run("test")
    assert list(status.served("m-second")) == ["staging"]


@pytest.mark.guards("META")
def test_status_prints_what_serves_and_what_was_done(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    deployed(place, "test", "first", "second")
    rollback.run("test", "it is slow")
    capsys.readouterr()
    status.run()
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "test: first, model m-first, commit abcdef, sha256:first"
    assert told[1].startswith("  rollback of first (model m-first): good | ")
    assert told[1].endswith(" | it is slow")
    assert told[-2:] == ["staging: nothing was deployed yet", "production: nothing was deployed yet"]

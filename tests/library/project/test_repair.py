"""What `kill -9` leaves of DVC's own files stops no later command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from library.in_process import command
from library.sandbox import RAW, Repository
from mlops_maturity.project import sources
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import ARTEFACT
from mlops_maturity.project.repair import LOCK, READERS_AND_WRITERS, is_whole, repair
from mlops_maturity.project.repository import git

pytestmark = pytest.mark.guards("1-PIPE")

POINTER = sources.pointer_of(RAW)
MODEL_POINTER = sources.pointer_of(ARTEFACT)


@pytest.fixture
def here(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A clone whose pipeline ran, as the current folder."""
    monkeypatch.chdir(repository.path)
    monkeypatch.setattr("mlops_maturity.project.repair.SECONDS_TO_WRITE", 0)
    return repository


@pytest.mark.usefixtures("here")
def test_lock_cut_off_anywhere_is_whole_or_takes_that_of_the_last_commit() -> None:
    content = LOCK.read_bytes()
    kept = 0
    for end in range(0, len(content), len(content) // 50):
        LOCK.write_bytes(content[:end])
        repair()
        assert is_whole(LOCK.read_bytes())
        kept += LOCK.read_bytes() != content
    assert kept < 50, "none was found to be cut off"


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("left", [b"", b"schema: '2.0'\nstages:\n  train:\n", b"\x00\x00", b"{"])
def test_lock_that_is_in_no_commit_and_half_written_goes(left: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    git("rm", "--quiet", "--cached", str(LOCK))
    git("commit", "--quiet", "--message", "Forget it")
    LOCK.write_bytes(left)
    repair()
    assert not LOCK.exists()
    assert capsys.readouterr().out == "dvc.lock was half written: a new one takes its place\n"


@pytest.mark.usefixtures("here")
def test_lock_that_is_whole_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    content = LOCK.read_bytes()
    repair()
    assert LOCK.read_bytes() == content
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("left", ["", '{"/data', "[]"])
def test_commands_after_a_kill_go_on_by_themselves(left: str) -> None:
    READERS_AND_WRITERS.parent.mkdir(exist_ok=True)
    READERS_AND_WRITERS.write_text(left)
    LOCK.write_text("")
    assert "is of this commit's code" in command("check-commit")
    assert git("status", "--porcelain") == ""
    assert not READERS_AND_WRITERS.exists() or READERS_AND_WRITERS.read_text() == "{}"


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("left", [b"", b"outs:\n- md5: 764efa883", b"outs:\n", b"{", b"\x00\x00"])
def test_pointer_that_is_half_written_takes_that_of_the_last_commit_or_goes(
    left: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    content = POINTER.read_bytes()
    POINTER.write_bytes(left)
    MODEL_POINTER.write_bytes(left)
    repair()
    assert POINTER.read_bytes() == content
    assert not MODEL_POINTER.exists()
    assert capsys.readouterr().out == (
        f"{POINTER} was half written: that of the last commit takes its place\n"
        f"{MODEL_POINTER} was half written: a new one takes its place\n"
    )


@pytest.mark.usefixtures("here")
def test_pointer_that_people_are_to_merge_is_left_alone() -> None:
    both = b"<<<<<<< HEAD\nouts:\n- md5: a\n=======\nouts:\n- md5: b\n>>>>>>> theirs\n"
    POINTER.write_bytes(both)
    repair()
    assert POINTER.read_bytes() == both
    with pytest.raises(ProjectError, match=f"{POINTER} is damaged; `git restore {POINTER}` brings back"):
        sources.require_as_pointed_to(RAW)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("left", [b"stages: [", b"\xff", b"[1]", b"stages: {train: []}"])
def test_pipeline_that_cannot_be_read_is_named_in_one_line(left: bytes) -> None:
    sources.PIPELINE.write_bytes(left)
    with pytest.raises(ProjectError, match=r"^dvc.yaml is not a pipeline: [^\n]+$"):
        sources.tracked(RAW)


def test_rwlock_keeps_those_who_are_at_work_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    READERS_AND_WRITERS.parent.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", "input()", "dvc", "repro"], stdin=subprocess.PIPE) as process:
        at_work = {"pid": process.pid, "cmd": "/bin/dvc dvc repro"}
        killed = {"pid": os.getpid(), "cmd": "/bin/dvc repro train"}
        held = {"read": {"data": [at_work], "src": [killed, at_work]}, "write": {"a": at_work, "b": killed}}
        READERS_AND_WRITERS.write_text(json.dumps(held))
        repair()
        assert json.loads(READERS_AND_WRITERS.read_text()) == {
            "read": {"data": [at_work], "src": [at_work]},
            "write": {"a": at_work},
        }
        before = READERS_AND_WRITERS.stat().st_ino
        repair()
        assert READERS_AND_WRITERS.stat().st_ino == before, "nothing was to be changed"
        process.communicate(b"\n")
    repair()
    assert json.loads(READERS_AND_WRITERS.read_text()) == {"read": {}, "write": {}}

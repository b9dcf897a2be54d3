"""What `kill -9` leaves of DVC's own files stops no later command."""

from pathlib import Path

import pytest

from library.in_process import command
from library.sandbox import Repository
from mlops_maturity.project.repair import LOCK, READERS_AND_WRITERS, is_whole, repair
from mlops_maturity.project.repository import git

pytestmark = pytest.mark.guards("1-PIPE")


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
@pytest.mark.parametrize("left", ["", '{"/data'])
def test_commands_after_a_kill_go_on_by_themselves(left: str) -> None:
    READERS_AND_WRITERS.parent.mkdir(exist_ok=True)
    READERS_AND_WRITERS.write_text(left)
    LOCK.write_text("")
    assert "is of this commit's code" in command("check-commit")
    assert git("status", "--porcelain") == ""
    assert not READERS_AND_WRITERS.exists() or READERS_AND_WRITERS.read_text() == "{}"


def test_rwlock_in_use_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    READERS_AND_WRITERS.parent.mkdir(parents=True)
    READERS_AND_WRITERS.write_text('{"data": {}}')
    repair()
    assert READERS_AND_WRITERS.exists()

"""What the project asks git, and the commit that a model's code is of."""

import os
from pathlib import Path

import pytest

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.repository import CODE, answer, code_commit, git, has_origin, introduce


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, as the current folder."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Tester")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "tester@example.invalid")
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet")
    Path("params.yaml").write_text("seed: 1\n")
    save("Start")
    return tmp_path


def save(message: str) -> None:
    git("add", "--all")
    git("commit", "--quiet", "--message", message)


def test_git_that_refuses_fails_in_one_line(here: Path) -> None:
    assert git("rev-parse", "--show-toplevel", folder=here.parent / here.name) == str(here)
    with pytest.raises(ProjectError, match=r"^git switch: fatal: invalid reference: nowhere$"):
        git("switch", "nowhere")
    assert answer("switch", "nowhere") == ""


def test_git_that_was_killed_says_which_file_keeps_the_next_from_working(here: Path) -> None:
    for path, command in ((".git/index.lock", ("add", "--all")), (".git/refs/tags/v1.lock", ("tag", "v1"))):
        lock = here / path
        lock.touch()
        with pytest.raises(ProjectError) as refused:
            git(*command)
        assert str(refused.value) == f"another git is at work, or was killed; if none is, delete {lock} and try again"
        lock.unlink()
        git(*command)


def test_git_that_is_not_installed_fails_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ProjectError, match=r"^git status: git is not installed$"):
        git("status")
    assert answer("status") == ""


@pytest.mark.guards("0-HAND", "1-META")
def test_code_commit_is_the_last_one_that_changed_the_code(here: Path) -> None:
    first = git("rev-parse", "HEAD")
    Path("metrics.json").write_text("{}")
    save("What a run leaves")
    assert code_commit() == {"commit": first, "changed": False}, "the same code has the same model"
    Path("params.yaml").write_text("seed: 2\n")
    assert code_commit() == {"commit": first, "changed": True}
    save("Change")
    assert code_commit() == {"commit": git("rev-parse", "HEAD"), "changed": False}
    assert {"src", "params.yaml", "data/schema.yaml", "requirements.lock"} <= set(CODE)
    assert here == Path.cwd()


def test_code_commit_outside_of_git_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert code_commit() == {"commit": None, "changed": True}


def test_code_commit_before_the_first_commit_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet")
    assert code_commit() == {"commit": None, "changed": False}


@pytest.mark.guards("1-META")
def test_code_commit_of_a_shallow_clone_is_refused(
    here: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("params.yaml").write_text("seed: 2\n")
    save("Change")
    clone = tmp_path_factory.mktemp("clone")
    git("clone", "--quiet", "--depth=1", here.as_uri(), str(clone))
    monkeypatch.chdir(clone)
    with pytest.raises(ProjectError, match=r"a part of the history only, .*`git fetch --unshallow` brings the rest"):
        code_commit()


@pytest.mark.guards("1-META")
@pytest.mark.usefixtures("here")
def test_code_commit_where_git_does_not_answer_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ProjectError, match="git is not installed"):
        code_commit()


@pytest.mark.guards("1-META")
def test_code_commit_in_a_folder_of_somebody_else_is_refused_with_the_way_out(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(
        ProjectError, match=r"dubious ownership .*`git config --global --add safe\.directory /"
    ) as refused:
        code_commit()
    assert str(refused.value).isprintable()
    assert here == Path.cwd()


def test_has_origin_follows_the_remotes(here: Path) -> None:
    assert not has_origin()
    git("remote", "add", "origin", str(here))
    assert has_origin()


def test_introduce_names_this_process_where_nobody_has_a_name(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {f"GIT_{role}_{what}" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {name: value for name, value in os.environ.items() if name not in names}
    monkeypatch.setattr(os, "environ", environment)
    git("config", "user.email", "me@example.invalid")
    introduce()
    assert not names & set(environment)
    git("config", "--unset", "user.email")
    introduce()
    assert {environment[name] for name in names} == {"Continuous training", "training@example.invalid"}
    assert here == Path.cwd()

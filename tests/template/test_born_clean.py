"""A project is born with its code in git and its data in DVC, whatever git is like on the machine."""

import hashlib
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import COOKIECUTTER, Bake, Project, clean_environment, contents, run, write_csv

CANARY = "canary-7c1f"
SAMPLE_ROW = "Adelie,Torgersen,39.1,18.7,181"
OWN = ["dataset=own.csv", "target=price"]
DVC = str(Path(sys.executable).with_name("dvc"))
NO_IDENTITY = {"GIT_CONFIG_NOSYSTEM": "1"}


@pytest.fixture(scope="module")
def own_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with a value that is found wherever it gets to."""
    table = write_csv(tmp_path_factory.mktemp("own") / "own.csv", "size", "price")
    with table.open("a") as file:
        file.write(f"{CANARY},0\n")
    return table


@pytest.fixture(scope="module", params=["sample none", "sample aws", "own none", "own gcp"])
def project(request: pytest.FixtureRequest, baked: Bake, own_table: Path) -> Project:
    """A project that nothing is changed in."""
    data, cloud = request.param.split()
    return baked(cloud=cloud, **({"dataset": str(own_table), "target": "price"} if data == "own" else {}))


def generate(folder: Path, *answers: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Generate a project with this environment, as from a terminal."""
    command = [*COOKIECUTTER, "--no-input", *answers]
    return run(command, folder, check=False, environment=clean_environment(**environment))


def git(folder: Path, *arguments: str) -> str:
    return run(["git", *arguments], folder).stdout.strip()


def holds(folder: Path, text: str) -> bool:
    """Whether the text is in anything that git holds, reachable or not."""
    return text.encode() in subprocess.check_output(["git", "cat-file", "--batch", "--batch-all-objects"], cwd=folder)


def raw_file(project: Project) -> Path:
    return next((project.path / "data" / "raw").glob("*.csv"))


@pytest.mark.guards("T-08")
def test_one_commit_on_main_and_nothing_left_to_commit(project: Project) -> None:
    assert git(project.path, "log", "--all", "--format=%d %s") == "(HEAD -> main) Start from the template"
    assert git(project.path, "status", "--porcelain", "--untracked-files=all") == ""
    assert git(project.path, "fsck", "--strict") == ""


def test_git_holds_pointers_and_no_data_but_the_storage_of_the_sample(project: Project, own_table: Path) -> None:
    own = raw_file(project).name == own_table.name
    tracked = git(project.path, "ls-files").splitlines()
    assert f"data/raw/{raw_file(project).name}.dvc" in tracked
    assert f"data/raw/{raw_file(project).name}" not in tracked
    assert not [path for path in tracked if path.startswith(".dvc/cache")]
    carried = not own and "url = ../storage" in project.text(".dvc/config")
    assert any(path.startswith("storage/") for path in tracked) == carried
    assert holds(project.path, SAMPLE_ROW) == carried
    assert not holds(project.path, CANARY)


def test_pointer_and_cache_hold_what_the_file_is(project: Project) -> None:
    raw = raw_file(project)
    digest = hashlib.md5(raw.read_bytes(), usedforsecurity=False).hexdigest()
    [out] = yaml.safe_load(raw.with_name(f"{raw.name}.dvc").read_text())["outs"]
    assert out == {"md5": digest, "size": raw.stat().st_size, "hash": "md5", "path": raw.name}
    entry = project.path / ".dvc" / "cache" / "files" / "md5" / digest[:2] / digest[2:]
    assert entry.read_bytes() == raw.read_bytes()
    assert stat.S_IMODE(entry.stat().st_mode) == 0o444, "what is in the cache is never to change"
    assert stat.S_IMODE(raw.stat().st_mode) & stat.S_IWUSR, "the file in the work tree may"


@pytest.mark.guards("T-08")
def test_dvc_agrees(project: Project) -> None:
    assert project.run(DVC, "status").stdout == "Data and pipelines are up to date.\n"
    assert git(project.path, "status", "--porcelain") == ""


def test_hooks_bring_the_data_of_a_branch_and_of_a_merge(copy_of: Bake) -> None:
    project = copy_of()
    (project.path / ".venv").symlink_to(Path(sys.prefix))
    project.run(".venv/bin/pre-commit", "install")
    raw = raw_file(project)
    before = raw.read_bytes()
    project.run("git", "switch", "--quiet", "--create", "new-rows")
    after = before + before.splitlines(keepends=True)[-1]
    raw.write_bytes(after)
    project.run(DVC, "add", "--quiet", str(raw))
    project.run("git", "commit", "--quiet", "--all", "--message=More rows")
    project.run("git", "switch", "main")
    assert raw.read_bytes() == before
    project.run("git", "merge", "new-rows")
    assert raw.read_bytes() == after


# Where git is not as one would like it


@pytest.mark.parametrize(("author", "name"), [("A. Person <a@b>", "A. Person a@b"), ("<.;>", "author")])
def test_without_an_identity_a_placeholder_signs_and_a_note_says_so(author: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    done = generate(tmp_path, f"author={author}", HOME=str(tmp_path / "home"), **NO_IDENTITY)
    assert done.returncode == 0, done.stderr
    assert "git commit --amend --reset-author" in done.stdout
    signed = git(tmp_path / "penguin-species", "log", "--format=%an %ae|%cn %ce")
    assert signed == f"{name} author@example.invalid|{name} author@example.invalid"


def test_with_an_identity_that_one_signs_and_no_note_is_printed(tmp_path: Path) -> None:
    done = generate(tmp_path)
    assert "placeholder" not in done.stdout
    assert git(tmp_path / "penguin-species", "log", "--format=%an %ae") == "Tester tester@example.invalid"


def test_without_git_it_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    before = contents(tmp_path)
    done = generate(tmp_path, PATH=str(tmp_path / "bin"))
    assert done.returncode == 1
    assert done.stdout.startswith("git was not found; install it")
    assert done.stdout.count("\n") == 1
    assert contents(tmp_path) == before


SETTINGS = """
[user]
    name = Me
    email = me@example.invalid
[commit]
    gpgSign = true
[gpg]
    program = false
[core]
    hooksPath = {home}/hooks
    excludesFile = {home}/ignored
    autocrlf = true
[init]
    defaultBranch = trunk
    templateDir = {home}/template
"""


def test_settings_of_the_user_do_not_hinder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for hook in ("pre-commit", "prepare-commit-msg", "commit-msg"):
        path = home / "hooks" / hook
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\ntouch {home}/hook-ran\nexit 1\n")
        path.chmod(0o755)
    (home / ".gitconfig").write_text(SETTINGS.format(home=home))
    (home / "ignored").write_text("*.dvc\nstorage\n*.json\ndata/\nmodels/\n")
    (home / "template" / "info").mkdir(parents=True)
    (home / "template" / "info" / "exclude").write_text("params.yaml\n")
    done = generate(tmp_path, HOME=str(home))
    assert done.returncode == 0, done.stderr
    project = tmp_path / "penguin-species"
    assert git(project, "log", "--format=%d %an") == "(HEAD -> main) Me"
    assert not (home / "hook-ran").exists()
    tracked = git(project, "ls-files").splitlines()
    assert {"data/raw/penguins.csv.dvc", ".template.json", "params.yaml"} <= set(tracked)
    assert any(path.startswith("storage/") for path in tracked)
    mine = run(["git", "status", "--porcelain"], project, environment=clean_environment(HOME=str(home)))
    assert mine.stdout == ""
    (project / "data" / "notes.yaml").touch()
    (project / "models").mkdir()
    (project / "models" / ".gitignore").touch()
    mine = run(["git", "add", "--all", "--dry-run"], project, environment=clean_environment(HOME=str(home)))
    assert mine.stdout.split() == ["add", "'data/notes.yaml'", "add", "'models/.gitignore'"]


def test_inside_another_repository_it_is_left_to_the_user(tmp_path: Path, own_table: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=outer")
    done = generate(tmp_path, f"dataset={own_table}", "target=price")
    assert done.returncode == 0, done.stderr
    assert f"inside the git repository {tmp_path}" in done.stdout
    project = Project(tmp_path / "penguin-species")
    assert not (project.path / ".git").exists()
    assert git(tmp_path, "log", "--format=%s") == "outer"
    assert git(tmp_path, "diff", "--cached", "--name-only") == ""
    assert project.run(DVC, "status").stdout == "Data and pipelines are up to date.\n"
    project.run(DVC, "push")
    [stored] = [path for path in (project.path / "storage").rglob("*") if path.is_file()]
    assert stored.read_bytes() == own_table.read_bytes()
    git(tmp_path, "add", "penguin-species")
    assert not holds(tmp_path, CANARY), "adding the folder put data into git"


def test_in_an_ignored_folder_of_another_repository_it_is_a_repository_of_its_own(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("/penguin-species/\n")
    done = generate(tmp_path)
    assert "inside the git repository" not in done.stdout
    project = tmp_path / "penguin-species"
    assert git(project, "rev-parse", "--show-toplevel") == str(project)
    assert git(project, "status", "--porcelain") == ""


# Where writing fails


def test_nothing_is_left_when_the_data_cannot_be_written(tmp_path: Path) -> None:
    """A limit on the size of a file stands for a full disk: both fail in the middle of the copy."""
    write_csv(tmp_path / "own.csv", "size", "price", rows=200_000)
    before = contents(tmp_path)
    limited = ["sh", "-c", 'ulimit -f 1024 && exec "$@"', "sh", *COOKIECUTTER, "--no-input", *OWN]
    done = run(limited, tmp_path, check=False)
    assert done.returncode == 1
    assert done.stdout.startswith("the project could not be written: ")
    assert "File too large" in done.stdout
    assert done.stdout.count("\n") == 1
    assert contents(tmp_path) == before


def test_a_terminal_that_cannot_show_the_name_is_no_reason_to_fail(tmp_path: Path) -> None:
    done = generate(tmp_path, "project_name=Größe 😀", "project_slug=size", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert git(tmp_path / "size", "status", "--porcelain") == ""

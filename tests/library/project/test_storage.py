"""What the project asks DVC: a commit must have the data that it names, and a lock that is of its code."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from library.in_process import command
from library.sandbox import Repository
from mlops_maturity.project import job, storage
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.repository import git


@pytest.fixture
def here(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A clone whose pipeline ran, as the current folder."""
    monkeypatch.chdir(repository.path)
    return repository


# Whether a commit and the DVC remote agree


@pytest.mark.guards("CI-09")
def test_check_commit_with_its_data_pushed_passes_without_fetching_them(here: Repository) -> None:
    for folder in (".dvc/cache", "data/processed", "models", "reports"):
        shutil.rmtree(here.path / folder)
    printed = command("check-commit")
    assert "dvc.lock is of this commit's code, data and settings" in printed
    assert "everything that DVC tracks is in its remote" in printed
    assert not Path("models").exists()


@pytest.mark.guards("CI-09")
def test_check_commit_with_a_stale_lock_fails(here: Repository) -> None:
    here.set("model.seed", 8)
    assert "dvc.lock is stale: train" in command("check-commit", check=False)
    for folder in (".dvc/cache", "data/processed"):
        shutil.rmtree(here.path / folder)
    assert "dvc.lock is stale: train would run" in command("check-commit", check=False), "in a clone without data"


@pytest.mark.guards("CI-09")
def test_check_commit_with_a_broken_pipeline_reports_what_dvc_says(here: Repository) -> None:
    (here.path / "dvc.yaml").write_text("stages: [")
    with pytest.raises(ProjectError, match=r"^dvc repro: '\./dvc\.yaml' is invalid\.$"):
        storage.require_current()


@pytest.mark.guards("CI-09")
def test_check_commit_whose_data_were_not_pushed_fails(here: Repository) -> None:
    shutil.rmtree(here.path.parent / "storage" / "files")
    printed = command("check-commit", check=False)
    assert "not in the DVC remote: data/processed/" in printed
    assert "data/raw/penguins.csv" in printed


@pytest.mark.guards("CI-10")
def test_check_commit_without_the_remote_reports_that_it_is_not_checked(
    here: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "summary.md"
    monkeypatch.setenv(job.SUMMARIES[0], str(page))
    shutil.rmtree(here.path.parent / "storage")
    for told in (command("check-commit"), page.read_text()):
        assert "NOT CHECKED, whether the data were pushed" in told


@pytest.mark.guards("CI-09")
def test_check_commit_before_the_first_training_has_nothing_that_is_stale(
    fresh: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fresh.path)
    assert "there is no dvc.lock: nothing was trained yet" in command("check-commit")


# Fetching


def test_fetch_of_a_tracked_file_pulls_it_where_it_is_missing(here: Repository) -> None:
    raw, cached = Path("data/raw/penguins.csv"), here.path / ".dvc" / "cache"
    content = raw.read_bytes()
    storage.fetch(raw)
    raw.unlink()
    shutil.rmtree(cached)
    storage.fetch(raw)
    assert raw.read_bytes() == content
    storage.fetch(Path("data/raw/untracked.csv"))
    assert not Path("data/raw/untracked.csv").exists()


def test_fetch_of_a_file_that_cannot_be_pulled_says_where_to_read_on(here: Repository) -> None:
    shutil.rmtree(here.path.parent / "storage" / "files")
    shutil.rmtree(here.path / ".dvc" / "cache")
    Path("data/raw/penguins.csv").unlink()
    with pytest.raises(ProjectError, match=r"penguins\.csv is missing and cannot be pulled: `make pull` prints why"):
        storage.fetch(Path("data/raw/penguins.csv"))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("command", "said"), [("pull", "pulled"), ("push", "pushed")])
def test_pull_and_push_that_fail_say_where_to_read_on(command: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    {"pull": storage.pull, "push": storage.push}[command]()
    failing = SimpleNamespace(run=lambda told, check: SimpleNamespace(returncode=int(told[-1] == command or check)))
    monkeypatch.setattr(storage, "subprocess", failing)
    with pytest.raises(ProjectError, match=f"not everything could be {said}: see above"):
        {"pull": storage.pull, "push": storage.push}[command]()


# Another tree


def test_share_with_a_tree_lets_it_use_the_cache_and_the_folders_of_the_clone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "elsewhere" / "there"
    for folder in (here / ".dvc", there / ".dvc"):
        folder.mkdir(parents=True)
    (there / "carried").mkdir()
    (here / ".dvc" / "config").write_text(
        "['remote \"near\"']\n  url = ../../near\n['remote \"carried\"']\n  url = ../carried\n"
        "['remote \"far\"']\n  url = s3://bucket\n"
    )
    (here / ".dvc" / "config.local").write_text("['remote \"far\"']\n  profile = mine\n")
    monkeypatch.chdir(here)
    storage.share_with(there)
    written = (there / ".dvc" / "config.local").read_text()
    assert f"dir = {here}/.dvc/cache" in written
    assert f"url = {tmp_path}/near" in written
    assert "profile = mine" in written, "the access to the remote"
    assert "carried" not in written, "a folder that git carries is the tree's own"


# Differences


@pytest.mark.guards("1-CI")
def test_diff_shows_changed_settings_here_and_on_the_page_of_the_run(
    here: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(job.SUMMARIES[1], str(tmp_path / "pages" / "summary.md"))
    assert storage.difference("main") == "Metrics and settings are those of main."
    here.set("model.seed", 8)
    storage.diff("main")
    printed = capsys.readouterr().out
    assert "| params.yaml | model.seed | 7      | 8           |" in printed
    assert (tmp_path / "pages" / "summary.md").read_text() == printed


def test_difference_from_a_commit_that_is_not_there_is_said(here: Repository) -> None:
    assert storage.difference("nowhere") == (
        "Nothing to compare with: there is no nowhere; push `main`, or name another commit: make diff BASE=HEAD~1"
    )
    assert here.path == Path.cwd()


# Content


def test_md5_of_a_file_is_the_one_of_the_lock(here: Repository) -> None:
    lock = here.lock()
    outs = yaml.safe_load(lock)["stages"]["package"]["outs"]
    found = storage.md5_of(lock, "models/model.zip")
    assert [{"path": "models/model.zip", "md5": found}] == [{key: out[key] for key in ("path", "md5")} for out in outs]
    assert storage.holds(Path("models/model.zip"), found)
    assert not storage.holds(Path("models/model.zip"), "0" * 32)
    assert not storage.holds(Path("nowhere.zip"), found)


@pytest.mark.parametrize("lock", ["", "schema: '2.0'", "stages: {train: {cmd: x}}"])
def test_md5_of_a_file_that_the_lock_does_not_name_fails(lock: str) -> None:
    with pytest.raises(ProjectError, match=r"dvc\.lock does not name models/model\.zip; run `make run`"):
        storage.md5_of(lock, "models/model.zip")


def test_dvc_in_a_process_of_its_own_returns_what_it_prints_or_says_why_not(
    here: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    assert storage.dvc("root", folder=here.path / "data").strip() == ".."
    with pytest.raises(ProjectError, match=r"^dvc pull: .*nothing\.dvc"):
        storage.dvc("pull", "nothing.dvc", folder=here.path)


def test_not_in_remote_of_a_commit_that_is_pushed_is_nothing(here: Repository) -> None:
    assert storage.not_in_remote() == []
    assert git("-C", str(here.path), "status", "--porcelain") == ""

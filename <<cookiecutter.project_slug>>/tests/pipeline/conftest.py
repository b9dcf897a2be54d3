"""A repository of its own with a pipeline that really ran, for each test to change."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from sandbox import ROOT, Repository

from << cookiecutter.__package_name >>.params import Params

CODE = ("src", "params.yaml", "dvc.yaml", "data/schema.yaml", "docs", "requirements.lock", ".dvcignore", ".gitignore")


@pytest.fixture(scope="session")
def trained(table: Any, params: Params, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the clone in `here`, after one run of the pipeline, everything committed and pushed."""
    folder = tmp_path_factory.mktemp("pipeline")
    here = Repository(folder / "here")
    for name in CODE:
        source, copy = ROOT / name, here.path / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, copy)
    raw = here.path / params.data.raw
    raw.parent.mkdir()
    if raw.suffix in (".parquet", ".pq"):
        table.frame.to_parquet(raw, index=False)
    else:
        table.frame.to_csv(raw, index=False)
    # The suite asks whether the pipeline works. Whether the model is good enough, the suite on the model asks.
    for gate in ("beats_trivial", "beats_simple"):
        here.set(f"gates.{gate}", -1e9)
    here.set("gates.targets", {})
    (folder / "origin").mkdir()
    here.run("git", "init", "--quiet", "--bare", "../origin")
    here.run("git", "init", "--quiet", "--initial-branch=main")
    here.run("git", "remote", "add", "origin", "../origin")
    here.run(sys.executable, "-m", "dvc", "init", "--quiet")
    here.run(sys.executable, "-m", "dvc", "remote", "add", "--quiet", "--default", "storage", "../storage")
    here.run(sys.executable, "-m", "dvc", "add", "--quiet", str(params.data.raw))
    here.run("git", "add", "--all")
    here.run("git", "commit", "--quiet", "--message", "Code and data")
    here.repro()
    here.commit("Train")
    here.run("git", "push", "--quiet", "origin", "main")
    return folder


@pytest.fixture(scope="session")
def promoted(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with the model registered and in production."""
    here = copied(trained, tmp_path_factory.mktemp("promoted"))
    here.project("register")
    here.project("promote")
    return here.path.parent


@pytest.fixture
def repository(trained: Path, tmp_path: Path) -> Repository:
    """A copy of the clone whose pipeline ran, and of its remotes, to be changed."""
    return copied(trained, tmp_path)


@pytest.fixture
def in_production(promoted: Path, tmp_path: Path) -> Repository:
    """A copy of the clone whose model is in production, and of its remotes, to be changed."""
    return copied(promoted, tmp_path)


def copied(folder: Path, to: Path) -> Repository:
    """The clone, its git remote and its DVC remote point to each other by relative paths, so a copy is whole."""
    return Repository(shutil.copytree(folder, to / "copy", symlinks=True) / "here")

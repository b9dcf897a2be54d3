"""A repository of its own to try commands in: what a test changes there, nobody else sees."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from << cookiecutter.__package_name >>.params import Params

ROOT = Path(__file__).resolve().parent.parent
CODE = ("src", "params.yaml", "dvc.yaml", "data/schema.yaml", "docs", "requirements.lock", ".dvcignore", ".gitignore")
# As the project's own: left to itself, DVC reports each of its commands to its makers, from a second process.
DVC_CONFIG = """[core]
    remote = storage
    analytics = false
    check_update = false
['remote "storage"']
    url = ../../storage
"""


@dataclass(frozen=True)
class Repository:
    """A clone that is worked in, with a git remote and a DVC remote beside it."""

    path: Path

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command here and return all that it prints."""
        done = subprocess.run(
            command, cwd=self.path, env=environment(self.path), capture_output=True, text=True, check=False
        )
        said = done.stdout + done.stderr
        assert not check or done.returncode == 0, said
        assert check or done.returncode != 0, f"it should have been refused:\n{said}"
        return said

    def repro(self, *, check: bool = True) -> str:
        """Run the pipeline, as `make run` does."""
        return self.run(sys.executable, "-m", "dvc", "repro", check=check)

    def project(self, *arguments: str, check: bool = True) -> str:
        """Run a command of the project, as its verbs do."""
        return self.run(sys.executable, "-m", "<< cookiecutter.__package_name >>", *arguments, check=check)

    def commit(self, message: str = "Change") -> None:
        """Push the data and commit everything."""
        self.run(sys.executable, "-m", "dvc", "push", "--quiet")
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--allow-empty", "--message", message)

    def set(self, path: str, value: object) -> None:
        """Change a setting of params.yaml."""
        content = yaml.safe_load((self.path / "params.yaml").read_text())
        *sections, key = path.split(".")
        section = content
        for name in sections:
            section = section[name]
        section[key] = value
        (self.path / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))

    def lock(self) -> str:
        """dvc.lock."""
        return (self.path / "dvc.lock").read_text()


def environment(folder: Path) -> dict[str, str]:
    """What commands see: this Python first, and the package of that folder."""
    names = {f"GIT_{role}_{what}": "test" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | names | {"PATH": path, "PYTHONPATH": str(folder / "src"), "GIT_CONFIG_GLOBAL": os.devnull}


@pytest.fixture(scope="session")
def untrained(table: Any, params: Params, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the clone in `here`, code and data committed and pushed; no step was run."""
    folder = tmp_path_factory.mktemp("untrained")
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
    (here.path / ".dvc" / "config").write_text(DVC_CONFIG)
    here.run(sys.executable, "-m", "dvc", "add", "--quiet", str(params.data.raw))
    here.commit("Code and data")
    here.run("git", "push", "--quiet", "origin", "main")
    return folder


@pytest.fixture(scope="session")
def trained(untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, after one run of the pipeline, everything committed and pushed."""
    here = copied(untrained, tmp_path_factory.mktemp("trained"))
    here.repro()
    here.commit("Train")
    here.run("git", "push", "--quiet", "origin", "main")
    return here.path.parent


@pytest.fixture(scope="session")
def promoted(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with the model registered and in production."""
    here = copied(trained, tmp_path_factory.mktemp("promoted"))
    here.project("register")
    registry = "from << cookiecutter.__package_name >> import registry"
    here.run(sys.executable, "-c", f"{registry}; registry.assign(registry.versions()[-1])")
    return here.path.parent


@pytest.fixture
def fresh(untrained: Path, tmp_path: Path) -> Repository:
    """A copy of the clone in which no step was run, and of its remotes, to be changed."""
    return copied(untrained, tmp_path)


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

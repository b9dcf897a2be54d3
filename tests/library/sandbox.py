"""Repositories to try commands in, each a clone with its remotes beside it: what a test changes, nobody else sees."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from mlops_maturity.__main__ import main
from mlops_maturity.model import artefact
from mlops_maturity.pipeline.steps import STEPS
from mlops_maturity.project.paths import ARTEFACT, PRODUCTION
from mlops_maturity.registry import versions

COMMAND = Path(sys.executable).with_name("mlops-maturity")
DVC = (sys.executable, "-m", "dvc")
RAW = Path("data/raw/penguins.csv")
# As the project's own, but with the remote beside the clone, not in it.
DVC_CONFIG = """[core]
    remote = storage
    analytics = false
    check_update = false
['remote "storage"']
    url = ../../storage
"""
# The tests ask whether the pipeline works, not whether the model is good enough.
NO_GATE = -1e9


@dataclass(frozen=True)
class Repository:
    """A clone that is worked in, with a git remote and a DVC remote beside it."""

    path: Path

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command here, which must succeed (or fail, without `check`), and return all that it prints."""
        done = subprocess.run(
            command, cwd=self.path, env=environment(self.path), capture_output=True, text=True, check=False
        )
        printed = done.stdout + done.stderr
        assert not check or done.returncode == 0, printed
        assert check or done.returncode != 0, f"it should have been refused:\n{printed}"
        return printed

    def repro(self, *, check: bool = True) -> str:
        """Run the pipeline, as `make run` does."""
        return self.run(*DVC, "repro", check=check)

    def project(self, *arguments: str, check: bool = True) -> str:
        """Run a command of the library, as the targets of the Makefile do."""
        return self.run(str(COMMAND), *arguments, check=check)

    def commit(self, message: str = "Change") -> None:
        """Push the data and commit everything."""
        self.run(*DVC, "push", "--quiet")
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--allow-empty", "--message", message)

    def set(self, path: str, value: object) -> None:
        """Change a setting of params.yaml, named by its path: `set("gates.beats_simple", 0.1)`."""
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
    """What commands see: this Python and its commands first, and the package of that folder."""
    names = {f"GIT_{role}_{what}": "test" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    path = f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | names | {"PATH": path, "PYTHONPATH": str(folder / "src"), "GIT_CONFIG_GLOBAL": os.devnull}


Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def untrained(sample_project: Path, once: Once) -> Path:
    """A folder with the clone in `here`, code and data committed and pushed; no step was run."""

    def fill(folder: Path) -> None:
        here = Repository(folder / "here")
        shutil.copytree(sample_project, here.path, ignore=shutil.ignore_patterns(".git", "__pycache__"), symlinks=True)
        (here.path / "storage").rename(folder / "storage")
        (here.path / ".dvc" / "config").write_text(DVC_CONFIG)
        for gate in ("beats_baseline", "beats_simple"):
            here.set(f"gates.{gate}", NO_GATE)
        here.set("gates.targets", {})
        here.run("git", "init", "--quiet", "--bare", "--initial-branch=main", "../origin")
        here.run("git", "init", "--quiet", "--initial-branch=main")
        here.run("git", "remote", "add", "origin", "../origin")
        here.run("git", "add", "--all")
        here.run("git", "commit", "--quiet", "--message", "Code and data")
        here.run("git", "push", "--quiet", "origin", "main")

    return once("untrained", fill)


@pytest.fixture(scope="session")
def trained(untrained: Path, once: Once) -> Path:
    """The same, after one run of all steps, everything committed and pushed."""

    def fill(folder: Path) -> None:
        here = copied(untrained, folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(here.path)
            # In this process, which imports once what `dvc repro` would import for each step.
            assert main(list(STEPS)) == 0
        here.run(*DVC, "commit", "--quiet", "--force")
        here.commit("Train")
        here.run("git", "push", "--quiet", "origin", "main")

    return once("trained", fill) / "copy"


@pytest.fixture(scope="session")
def promoted(trained: Path, once: Once) -> Path:
    """The same, with the model as version 1, which is in production."""

    def fill(folder: Path) -> None:
        here = copied(trained, folder)
        model = here.path / ARTEFACT
        subject = f"{versions.SUBJECT}{artefact.read(model, made_by='make run').manifest['version']}"
        for tag, message in ((f"{versions.NAME}@v1.0.0", subject), (f"{versions.NAME}#{versions.STAGE}#1", "Assign")):
            here.run("git", "tag", "--annotate", "--message", message, tag)
        here.run("git", "push", "--quiet", "--tags", "origin")
        shutil.copyfile(model, here.path / PRODUCTION)

    return once("promoted", fill) / "copy"


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

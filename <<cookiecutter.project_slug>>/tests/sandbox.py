"""A repository of its own to try commands in: what a test changes there, nobody else sees."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent


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

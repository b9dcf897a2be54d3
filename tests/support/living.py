"""A project that a team goes on with, and a template that has a history."""

import shutil
import sys
from pathlib import Path

from conftest import TEMPLATE, Project, clean_environment, run


class Versions:
    """The template as a repository of its own, with the tags v1 and v2."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "template"
        listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], TEMPLATE).stdout
        for name in filter(None, listed.split("\0")):
            if (TEMPLATE / name).exists() and not name.startswith(("tests/", "benchmarks/")):
                (self.path / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(TEMPLATE / name, self.path / name)
        self.git("init", "--quiet", "--initial-branch=main")
        self._commit("v1")
        project = "<<cookiecutter.project_slug>>"
        for path, old, new in (
            (f"{project}/Makefile", "READY := .venv/ready\n", "READY := .venv/ready\nHOST ?= 127.0.0.1\n"),
            ("src/mlops_maturity/data/conversion.py", '"""\n', '"""\n\n# Fixed.\n'),
            (f"{project}/SECURITY.md", "# ", "# Fixed: "),
        ):
            text = (self.path / path).read_text()
            assert old in text
            (self.path / path).write_text(text.replace(old, new, 1))
        self._commit("v2")

    def git(self, *arguments: str) -> str:
        return run(["git", *arguments], self.path).stdout.strip()

    def bake(self, folder: Path, version: str = "v1", **answers: str) -> Project:
        """Generate a project with one of the versions."""
        self.git("checkout", "--quiet", version)
        command = [sys.executable, "-m", "cookiecutter", "--no-input", "--default-config", f"--output-dir={folder}"]
        run([*command, str(self.path), *(f"{name}={answer}" for name, answer in answers.items())], folder.parent)
        self.git("checkout", "--quiet", "main")
        (path,) = folder.iterdir()
        return Project(path)

    def _commit(self, tag: str) -> None:
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--message", tag)
        self.git("tag", tag)


class Team:
    """A project in somebody's hands."""

    def __init__(self, project: Project, python: Path, template: str) -> None:
        self.project = project
        self.path = project.path
        self.python = python
        self.template = template

    def asks(self, *arguments: str, template: str | None = None) -> str:
        """Run a command of the project that must end well."""
        done = self.answer(*arguments, template=template)
        assert done[0] == 0, done[1]
        return done[1]

    def is_refused(self, *arguments: str, template: str | None = None) -> str:
        """Run one that must be refused, and return its last line."""
        code, said = self.answer(*arguments, template=template)
        assert code == 1, said
        return said.splitlines()[-1]

    def git(self, *arguments: str) -> str:
        return self.project.run("git", *arguments).stdout.strip()

    def commit(self, message: str = "Work") -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def step(self, *steps: str) -> None:
        self.project.python(self.python, "-m", "mlops_maturity", *steps)

    def dvc(self, *arguments: str) -> None:
        self.project.run(str(self.python.with_name("dvc")), *arguments)

    def files(self) -> dict[str, bytes]:
        """Everything that the team's commit has, with the way to run it."""
        assert self.git("status", "--porcelain") == ""
        names = filter(None, self.git("ls-files", "-z").split("\0"))
        return {name: (self.path / name).read_bytes() for name in names}

    def answer(self, *arguments: str, template: str | None = None) -> tuple[int, str]:
        """The exit code of a command of the project, and what it printed."""
        at = f"--template={self.template if template is None else template}"
        path = f"{self.python.parent}:{clean_environment()['PATH']}"
        done = run(
            [str(self.python), "-m", "mlops_maturity", *arguments, at],
            self.path,
            check=False,
            environment=clean_environment(PYTHONPATH=str(self.path / "src"), PATH=path),
        )
        return done.returncode, done.stdout + done.stderr

"""A version of the template, and what it makes of some answers."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.repository import git

SAMPLE = "sample"
QUESTIONS = "cookiecutter.json"
# The data's name and its target are all that the template renders; a stand-in has more columns than a header could
# hide behind another separator, and enough rows to be accepted.
EMPTY_COLUMNS = 80
ROWS = 60


class Template:
    """A copy of the template and of its history, in a temporary folder.

    Attributes:
        newest: its newest commit; None if it has no history.
    """

    def __init__(self, source: str, folder: Path) -> None:
        """Fetch it.

        Args:
            source: a path, an address, or an abbreviation of cookiecutter's (gh:owner/name).
            folder: an empty one, for everything that is made here.

        Raises:
            ProjectError: it cannot be reached.
        """
        self._folder = folder
        self._source = source
        local = Path(source).expanduser()
        self._clone, self.newest = folder / "template", None
        if (local / QUESTIONS).exists() and not (local / ".git").exists():
            self._clone = local.absolute()
            return
        try:
            git("clone", "--quiet", "--no-checkout", "--", _address(source, local), str(self._clone))
            self.newest = git("rev-parse", "HEAD", folder=self._clone)
        except ProjectError as error:
            raise ProjectError(
                f"the template cannot be reached at {source} ({error}); give its path or address: TEMPLATE="
            ) from None

    def commit(self, version: str | None) -> str | None:
        """The commit of a version: a tag, a branch or a commit; None if the template has no history.

        Raises:
            ProjectError: it has no such version.
        """
        if self.newest is None:
            if version:
                raise ProjectError(
                    f"{self._source} has no history to find version {version} in; give a repository: TEMPLATE="
                )
            return None
        verify = ("rev-parse", "--verify", "--quiet", "--end-of-options")
        for name in (f"refs/tags/{version}", f"refs/remotes/origin/{version}", str(version)):
            with suppress(ProjectError):
                return git(*verify, f"{name}^{{commit}}", folder=self._clone)
        raise ProjectError(
            f"the template at {self._source} has no version {version}; give another: VERSION= or TEMPLATE="
        )

    def render(self, commit: str | None, answers: Mapping[str, str], name: str) -> Path:
        """Generate a project from some answers, and drop the repository that it comes with.

        Args:
            commit: of the template.
            answers: what that version does not ask is left out; what is missing gets its default.
            name: of the folder to generate in.

        Raises:
            ProjectError: the template refuses the answers; the text is its own.
        """
        template, folder = self._at(commit), self._folder / name
        asked = json.loads((template / QUESTIONS).read_text(encoding="utf-8"))
        given = {question: answer for question, answer in answers.items() if question in asked}
        if given.get("dataset", SAMPLE) != SAMPLE:
            given["dataset"] = str(self._stand_in(given["dataset"], given["target"]))
        command = [sys.executable, "-m", "cookiecutter", "--no-input", "--default-config", f"--output-dir={folder}"]
        command += [str(template), *(f"{question}={answer}" for question, answer in given.items())]
        # A home of its own: cookiecutter notes there what it was asked.
        home = self._folder / "home"
        home.mkdir(exist_ok=True)
        done = subprocess.run(
            command, env=os.environ | {"HOME": str(home)}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ProjectError((done.stderr or done.stdout).strip().splitlines()[-1])
        (project,) = folder.iterdir()
        shutil.rmtree(project / ".git")
        return project

    def _at(self, commit: str | None) -> Path:
        if commit is None:
            return self._clone
        folder = self._folder / commit
        if not folder.exists():
            git("worktree", "add", "--quiet", "--detach", str(folder), commit, folder=self._clone)
        return folder

    def _stand_in(self, name: str, target: str) -> Path:
        """A file in the place of the data, which may not be at hand."""
        path = self._folder / "data" / name
        path.parent.mkdir(exist_ok=True)
        if path.suffix in (".parquet", ".pq"):
            path.write_bytes(b"PAR1")
        else:
            with path.open("w", encoding="utf-8", newline="") as file:
                rest = [""] * EMPTY_COLUMNS
                csv.writer(file).writerows([[target, *rest], *([str(row), *rest] for row in range(ROWS))])
        return path


def _address(source: str, local: Path) -> str:
    if local.exists():
        return str(local.absolute())
    from cookiecutter.config import BUILTIN_ABBREVIATIONS
    from cookiecutter.repository import expand_abbreviations

    return str(expand_abbreviations(source, BUILTIN_ABBREVIATIONS))

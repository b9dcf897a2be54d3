"""Where the project came from: what .template.json says, and what only this clone knows."""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.foreign import parsed
from mlops_maturity.project.repository import answer, git

ORIGIN = Path(".template.json")
# A path of this machine belongs to this clone and into no commit.
KEY = "mlops-maturity.template"
# The addresses whose code somebody has agreed to run in this clone.
AGREED = "mlops-maturity.agreed"
# Answers that become names of files.
NAMES = ("dataset", "project_slug")
# What opens an expression of the template: an answer with it would be run.
MARKS = re.compile("<[<%#]")


@dataclass(frozen=True)
class Origin:
    """What it takes to render the project again.

    Attributes:
        answers: to the questions of the template.
        commit: of the template; None if it was a folder without a history.
        source: the address of the template; None if it was a folder of one machine.
    """

    answers: Mapping[str, str]
    commit: str | None
    source: str | None

    @classmethod
    def read(cls, path: Path = ORIGIN) -> "Origin":
        """Read it.

        Raises:
            ProjectError: it is missing or damaged, or has what the template never writes: a path, say.
        """
        try:
            content: dict[str, Any] = parsed(path.read_bytes())
            return cls(_safe(content["answers"]), _line(content, "commit"), _line(content, "template"))
        except FileNotFoundError:
            raise ProjectError(f"{path} is missing: restore it with `git restore {path}`") from None
        except (ValueError, KeyError, TypeError) as error:
            raise ProjectError(f"{path} is damaged ({error!r}): restore it with `git restore {path}`") from None

    def write(self, path: Path) -> None:
        """Write it as the template does."""
        content = {"answers": dict(self.answers), "commit": self.commit, "template": self.source}
        path.write_text(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")

    def found(self, given: str) -> str:
        """Where the template is: its code will run here, so an address that only a file names is asked about.

        Args:
            given: a path or an address that replaces what is known; empty for none.

        Raises:
            ProjectError: nothing says where, or nobody agrees to the address.
        """
        if given:
            return given
        if self.source:
            _agree(self.source)
        if source := self.source or answer("config", "--get", KEY):
            return source
        raise ProjectError(f"{ORIGIN} has no address of the template; give its path or address: TEMPLATE=")


def remember(given: str) -> None:
    """Keep what was given for the next time: a path of this machine, or an address whose code may run."""
    path = Path(given).expanduser()
    if given and path.exists():
        git("config", KEY, str(path.absolute()))
    elif given:
        git("config", "--add", AGREED, given)


def _agree(address: str) -> None:
    """Ask once in each clone whether the code at an address may run on this machine."""
    if address in answer("config", "--get-all", AGREED).splitlines():
        return
    told = f"the template is at {address}, as {ORIGIN} says, and its code runs on this machine"
    if not sys.stdin.isatty():
        raise ProjectError(f"{told}; to agree, give the address: TEMPLATE={address}")
    if input(f"{told}. Go on? [y/N] ").strip().lower() not in ("y", "yes"):
        raise ProjectError(f"nothing was changed; another template: TEMPLATE=, or correct {ORIGIN}")
    git("config", "--add", AGREED, address)


def _safe(answers: Mapping[str, Any]) -> dict[str, str]:
    """The answers, if they are such as a prompt takes: the template's own checks come after names were used."""
    found: dict[str, Any] = dict(answers)
    for question, given in found.items():
        if question.startswith("_"):
            raise ValueError(f"{question} is not a question")
        if not isinstance(given, str) or not given.isprintable() or MARKS.search(given):
            raise ValueError(f"{question}: must be one line of text, without <<, <% and <#")
        if question in NAMES and (given in ("", ".", "..") or "/" in given):
            raise ValueError(f"{question}: {given} is a path")
    return found


def _line(content: Mapping[str, Any], name: str) -> str | None:
    """A line of text, or nothing."""
    found = content[name]
    if found is None or (isinstance(found, str) and found.isprintable() and not found.startswith("-")):
        return found
    raise ValueError(f"{name}: must be one line of text")

"""Where the project came from: what .template.json says, and what only this clone knows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.repository import answer, git

ORIGIN = Path(".template.json")
# A path of this machine belongs to this clone and into no commit.
KEY = "mlops-maturity.template"


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
            ProjectError: it is missing or damaged.
        """
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return cls(dict(content["answers"]), content["commit"], content["template"])
        except FileNotFoundError:
            raise ProjectError(f"{path} is missing: restore it with `git restore {path}`") from None
        except (ValueError, KeyError, TypeError) as error:
            raise ProjectError(f"{path} is damaged ({error!r}): restore it with `git restore {path}`") from None

    def write(self, path: Path) -> None:
        """Write it as the template does."""
        content = {"answers": dict(self.answers), "commit": self.commit, "template": self.source}
        path.write_text(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")

    def found(self, given: str) -> str:
        """Where the template is.

        Args:
            given: a path or an address that replaces what is known; empty for none.

        Raises:
            ProjectError: nothing says where.
        """
        if source := given or self.source or answer("config", "--get", KEY):
            return source
        raise ProjectError(f"{ORIGIN} has no address of the template; give its path or address: TEMPLATE=")


def remember(given: str) -> None:
    """Keep a path of this machine for the next time; an address is for .template.json to keep."""
    path = Path(given).expanduser()
    if given and path.exists():
        git("config", KEY, str(path.absolute()))

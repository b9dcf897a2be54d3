"""Where the project came from, as .template.json tells it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_maturity.project.errors import ProjectError

ORIGIN = Path(".template.json")


@dataclass(frozen=True)
class Origin:
    """What it takes to render the project again.

    Attributes:
        answers: the questions of the template, with what was answered.
        commit: of the template; none where it was a folder without a history.
        source: where others find the template; none where it was a folder of one machine.
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
            raise ProjectError(f"{path} is missing: bring it back from the project's history") from None
        except (ValueError, KeyError, TypeError) as error:
            raise ProjectError(f"{path} is damaged ({error!r}): bring it back from the project's history") from None

    def write(self, path: Path) -> None:
        """Write it as the template does."""
        content = {"answers": dict(self.answers), "commit": self.commit, "template": self.source}
        path.write_text(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")

"""What every delivery ends with: nothing is configured yet, or the new version answers, or it does not."""

import time
from collections.abc import Callable

from .. import ci
from ..errors import ProjectError

# Asked inside of the container: from outside, nobody need reach its port. Whoever is not ready answers with an error.
ASK = (
    "python",
    "-c",
    "import json; from urllib.request import urlopen as ask; at = 'http://127.0.0.1:8000';"
    "ask(f'{at}/ready', timeout=2); print(json.load(ask(f'{at}/health', timeout=2))['model_version'])",
)


def not_delivered(what_to_set: str) -> None:
    """Say that nothing was delivered: a new repository has no place to deliver to, and that is no failure."""
    _tell(f"NOT DELIVERED: set {what_to_set}")


def await_version(version: str, place: str, ask: Callable[[], str], seconds: float = 60) -> None:
    """Wait until the service answers with the version that was delivered.

    Args:
        version: the version of the model.
        place: where the service is, for people.
        ask: returns the version that answers, or nothing while none does.
        seconds: how long to wait.

    Raises:
        ProjectError: it does not in that time.
    """
    until = time.monotonic() + seconds
    while (found := ask()) != version:
        if time.monotonic() > until:
            told = f"model {found}" if found else "nobody"
            raise ProjectError(f"{told} answers at {place} instead of model {version}, {seconds:.0f} s after delivery")
        time.sleep(min(1, seconds))
    _tell(f"delivered model {version} to {place}: it answers")


def _tell(line: str) -> None:
    print(line)
    ci.summary(line)

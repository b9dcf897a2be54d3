"""What every deployment ends with: nothing is configured yet, or the new release answers, or it does not."""

import time
from collections.abc import Mapping
from typing import Any
from urllib.request import Request, urlopen

from mlops_maturity.delivery.place import Address
from mlops_maturity.project import job
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.foreign import parsed

PAUSE = 0.1


def not_deployed(what_to_set: str) -> None:
    """Say that nothing was deployed: a new repository has no place to deploy to, and that is no failure."""
    tell(f"NOT DEPLOYED: set {what_to_set}")


def await_model(version: str, address: Address, place: str, seconds: float = 60) -> None:
    """Wait until the service is ready and answers with the model that was deployed.

    Args:
        version: of the model.
        address: of the service.
        place: where the service is, for people.
        seconds: how long to wait.

    Raises:
        ProjectError: it does not in that time.
    """
    until = time.monotonic() + seconds
    while (found := answering(address)) != version:
        if time.monotonic() > until:
            told = f"model {found}" if found else "nobody"
            raise ProjectError(f"{told} answers at {place} instead of model {version}, after {seconds:.0f} s")
        time.sleep(min(PAUSE, seconds))


def answering(address: Address) -> str:
    """The version of the model that answers, or nothing while none is ready."""
    try:
        get(address, "/ready")
        return str(get(address, "/health")["model_version"])
    except (OSError, ValueError):
        return ""


def get(address: Address, path: str) -> Mapping[str, Any]:
    """The JSON object that a service answers.

    Raises:
        OSError: nobody answers, or with an error.
        ValueError: it is no JSON.
    """
    request = Request(f"{address.url}{path}", headers=address.headers)  # noqa: S310 - the place's own address
    with urlopen(request, timeout=5) as response:  # noqa: S310
        answer: Mapping[str, Any] = parsed(response.read())
        return answer


def tell(line: str) -> None:
    """Say a line here and on the page of the run."""
    print(line)
    job.summary(line)

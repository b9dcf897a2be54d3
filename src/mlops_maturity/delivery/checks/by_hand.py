"""Checks that a person asks for in an environment. Nothing comes of them: nothing is noted, nothing taken back."""

from importlib import import_module

from mlops_maturity.delivery import records
from mlops_maturity.delivery.arrival import tell
from mlops_maturity.delivery.deploy import Trial
from mlops_maturity.delivery.environments import environments, place_of, what_to_set
from mlops_maturity.delivery.release import Release
from mlops_maturity.project.errors import ProjectError


def hold_serving(environment: str, check: str) -> None:
    """Hold what serves in an environment to a check.

    Args:
        environment: its name.
        check: the module, as an environment names it.

    Raises:
        ProjectError: nothing serves there, a deployment has not ended, or the check fails.
    """
    records.fetch()
    known = records.history(environment)
    records.require_finished(environment, known)
    served = records.serving(known)
    if not served:
        raise ProjectError(f"nothing serves in {environment} yet; `make deploy ENV={environment}` comes first")
    _hold(environment, check, served[-1])


def hold_next(environment: str, check: str) -> None:
    """Hold the release that comes next in an environment to a check that it must pass before it goes there.

    Raises:
        ProjectError: there is no such release, or the check fails.
    """
    records.fetch()
    source = import_module(environments()[environment].source)
    _hold(environment, check, source.next_release(environment))


def _hold(environment: str, check: str, release: Release) -> None:
    with place_of(environment) as place:
        if place is None:
            tell(f"NOT CHECKED: set {what_to_set()}")
            return
        Trial(environment, release, place).hold_to((check,))

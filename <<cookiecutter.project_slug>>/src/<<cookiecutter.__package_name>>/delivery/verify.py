"""The checks of an environment, once more, for what serves there: each good run counts."""

from ..environments import ENVIRONMENTS, WHAT_TO_SET, place_of
from ..errors import ProjectError
from . import records
from .arrival import not_deployed, tell
from .deploy import Trial


def run(environment: str) -> None:
    """Hold what serves in an environment to its checks, and note what came of it.

    Raises:
        ProjectError: nothing serves there, or a check fails. Nothing is taken back: users had it before.
    """
    policy = ENVIRONMENTS[environment]
    with place_of(environment, policy.port) as place:
        if place is None:
            not_deployed(WHAT_TO_SET)
            return
        records.fetch()
        served = records.serving(records.history(environment))
        if not served:
            raise ProjectError(f"nothing serves in {environment} yet; `make deploy ENV={environment}` comes first")
        release = served[-1]
        try:
            Trial(environment, release, place).hold_to(policy.after)
        except ProjectError as error:
            records.note(environment, "check", release, "failed", str(error))
            raise
    records.note(environment, "check", release, "good")
    good = records.good_runs(records.history(environment), release)
    tell(f"{release.key} in {environment} ({place.name}) holds: {good} good runs since the last bad one")

"""Rollback: the release that served before serves again, in one command."""

from ..environments import ENVIRONMENTS, WHAT_TO_SET, place_of
from ..errors import ProjectError
from . import records
from .arrival import not_deployed, tell
from .deploy import Trial, replace
from .following import follow


def run(environment: str, why: str = "") -> None:
    """Bring back the release that served before, and note it.

    Args:
        environment: where.
        why: the reason, for those who read the record.

    Raises:
        ProjectError: nothing served before, or it does not get ready; what serves now goes on then.
    """
    policy = ENVIRONMENTS[environment]
    with place_of(environment, policy.port) as place:
        if place is None:
            not_deployed(WHAT_TO_SET)
            return
        records.fetch()
        served = records.serving(records.history(environment))
        if len(served) < 2:
            raise ProjectError(f"nothing served in {environment} before {served[-1].key if served else 'now'}")
        release = served[-2]
        # It was checked when it was deployed. What must be so now is that it answers.
        replace(Trial(environment, release, place))
    records.note(environment, "rollback", release, "good", why)
    tell(f"rolled back {environment} ({place.name}) from {served[-1].key} to {release.key} with model {release.model}")
    if policy.leads:
        follow(release)

"""Stopping an environment: nothing serves there until the next deployment."""

from mlops_maturity.delivery import records
from mlops_maturity.delivery.arrival import not_deployed, tell
from mlops_maturity.delivery.environments import environments, place_of, what_to_set
from mlops_maturity.project.errors import ProjectError


def run(environment: str, why: str = "") -> None:
    """Take what serves in an environment away, and note it. Its prediction log stays.

    Args:
        environment: where.
        why: the reason, for those who read the record.

    Raises:
        ProjectError: the environment has users who rely on it, or the place refuses.
    """
    policy = environments()[environment]
    if policy.leads:
        raise ProjectError(f"{environment} is not stopped by a command; `make rollback` brings back what served before")
    with place_of(environment) as place:
        if place is None:
            not_deployed(what_to_set())
            return
        records.require_key(environment)
        records.fetch()
        known = records.history(environment)
        unfinished = records.unfinished(known)
        served = [unfinished.release] if unfinished else records.serving(known)
        if not served:
            tell(f"nothing serves in {environment}")
            return
        with records.noted(environment, "stop", served[-1], why):
            place.stop()
    tell(f"stopped {environment} ({place.name}): {served[-1].key} does not serve any more")

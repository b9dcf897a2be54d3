"""Rollback: the release that served before serves again, in one command."""

from mlops_maturity.delivery import records, trust
from mlops_maturity.delivery.arrival import not_deployed, tell
from mlops_maturity.delivery.deploy import Trial, replace
from mlops_maturity.delivery.environments import environments, place_of, what_to_set
from mlops_maturity.delivery.following import follow
from mlops_maturity.delivery.release import Release
from mlops_maturity.project import signing
from mlops_maturity.project.errors import ProjectError


def run(environment: str, why: str = "") -> None:
    """Bring back the release that served before, and note it.

    Args:
        environment: where.
        why: the reason, for those who read the record.

    Raises:
        ProjectError: nothing served before, or it does not get ready; what serves now goes on then.
    """
    policy = environments()[environment]
    with place_of(environment) as place:
        if place is None:
            not_deployed(what_to_set())
            return
        records.require_key(environment)
        records.fetch()
        served = records.serving(records.history(environment))
        release = _before(environment, served)
        # It was checked when it was deployed. What must be so now is that it answers.
        replace(Trial(environment, release, place))
    records.note(environment, "rollback", release, "good", why)
    tell(f"rolled back {environment} ({place.name}) from {served[-1].key} to {release.key} with model {release.model}")
    if policy.leads:
        follow(release)


def _before(environment: str, served: list[Release]) -> Release:
    """The newest release before the one that serves, of those that may be believed."""
    now = served[-1].key if served else "now"
    if len(served) < 2:
        raise ProjectError(f"nothing served in {environment} before {now}")
    for release in served[-2::-1]:
        try:
            trust.require(environment, release)
        except ProjectError as error:
            signing.pass_over(release.key, str(error))
        else:
            return release
    raise ProjectError(f"nothing that may be believed served in {environment} before {now}")

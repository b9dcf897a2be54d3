"""Rollback: the release that served before serves again, in one command."""

from dataclasses import replace

from mlops_maturity.delivery import deploy, records, trust
from mlops_maturity.delivery.arrival import not_deployed, tell
from mlops_maturity.delivery.deploy import Trial
from mlops_maturity.delivery.environments import environments, place_of, what_to_set
from mlops_maturity.delivery.following import follow
from mlops_maturity.delivery.records import Record
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
        now, earlier = _past(records.history(environment))
        release = _newest(environment, now, earlier)
        # It was checked when it was deployed. What must be so now is that it answers.
        with records.noted(environment, "rollback", release, why):
            deploy.replace(Trial(environment, release, place))
    tell(f"rolled back {environment} ({place.name}) from {now} to {release.key} with model {release.model}")
    if policy.leads:
        follow(release)


def _past(known: list[Record]) -> tuple[str, list[Release]]:
    """What serves, or was to serve when a deployment was killed; and what served before it, the oldest first."""
    served, unfinished = records.serving(known), records.unfinished(known)
    if unfinished and unfinished.kind == "deploy":
        return unfinished.release.key, served
    now = served[-1].key if served else "now"
    if unfinished and unfinished.kind == "rollback":
        # It is done again.
        return now, records.serving([*known, replace(unfinished, result="good")])
    return now, served[:-1]


def _newest(environment: str, now: str, earlier: list[Release]) -> Release:
    """The newest of some releases that may be believed."""
    if not earlier:
        raise ProjectError(f"nothing served in {environment} before {now}")
    for release in reversed(earlier):
        try:
            trust.require(environment, release)
        except ProjectError as error:
            signing.pass_over(release.key, str(error))
        else:
            return release
    raise ProjectError(f"nothing that may be believed served in {environment} before {now}")

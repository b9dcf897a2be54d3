"""The checks of an environment, once more, for what serves there: each good run counts."""

from mlops_maturity.delivery import records
from mlops_maturity.delivery.arrival import not_deployed, tell
from mlops_maturity.delivery.deploy import Trial
from mlops_maturity.delivery.environments import environments, place_of, what_to_set
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError


def run(environment: str, enough: bool = False) -> None:
    """Hold what serves in an environment to its checks, and note what came of it.

    Args:
        environment: its name.
        enough: do so until there are as many good runs as production asks for.

    Raises:
        ProjectError: a check fails, or a deployment has not ended. Nothing is taken back: users had it before.
    """
    policy = environments()[environment]
    with place_of(environment) as place:
        if place is None:
            not_deployed(what_to_set())
            return
        records.require_key(environment)
        records.fetch()
        known = records.history(environment)
        records.require_finished(environment, known)
        served = records.serving(known)
        if not served:
            tell(f"NOT VERIFIED: nothing serves in {environment} yet")
            return
        release, wanted = served[-1], settings.load().delivery.staging_runs if enough else 0
        while (good := _hold(Trial(environment, release, place), policy.after)) < wanted:
            print(f"{good} of {wanted} good runs")
    tell(f"{release.key} in {environment} ({place.name}) holds: {good} good runs since the last bad one")


def _hold(trial: Trial, checks: tuple[str, ...]) -> int:
    """Hold it to the checks once; how many good runs that makes."""
    environment, release = trial.environment, trial.release
    try:
        trial.hold_to(checks)
    except ProjectError as error:
        records.note(environment, "check", release, "failed", str(error))
        raise
    records.note(environment, "check", release, "good")
    return records.good_runs(records.history(environment), release)

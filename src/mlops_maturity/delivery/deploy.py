"""Deploying a release: checked before, beside and after; if anything fails, the old one goes on serving."""

from importlib import import_module
from pathlib import Path
from typing import Protocol

from mlops_maturity.delivery import records
from mlops_maturity.delivery.arrival import await_model, not_deployed, tell
from mlops_maturity.delivery.environments import environments, place_of, what_to_set
from mlops_maturity.delivery.place import Address, Place
from mlops_maturity.delivery.release import Release
from mlops_maturity.project import signing
from mlops_maturity.project.errors import ProjectError


class Check(Protocol):
    """What a module of checks has: the function that holds a deployment to one of them."""

    def hold(self, trial: "Trial") -> None:
        """Raise ProjectError, with what was compared, if the check fails."""


class Condition(Protocol):
    """What a module of conditions has: the function that says whether a release may go to an environment."""

    def require(self, environment: str, release: Release, confirm: str) -> str:
        """Raise ProjectError if it may not; return why it waits for a person, or nothing."""


class Trial:
    """A release on trial in an environment, as the checks see it.

    Attributes:
        environment: its name.
        release: what is deployed.
        place: where it is deployed.
        address: where it is asked; before it runs, where the release before is.
    """

    def __init__(self, environment: str, release: Release, place: Place) -> None:
        self.environment = environment
        self.release = release
        self.place = place
        self.address = Address("")

    def hold_to(self, checks: tuple[str, ...], *, started: bool = False) -> None:
        """Hold the release to some checks.

        Args:
            checks: the modules that have them.
            started: ask the release that was started, and not the one that answers the users.

        Raises:
            ProjectError: one of them fails.
        """
        if not checks:
            return
        with self.place.reach(started) as self.address:
            for module in checks:
                check: Check = import_module(module)
                check.hold(self)


def run(environment: str, model: Path | None = None, confirm: str = "") -> bool:
    """Deploy to an environment, and note what came of it.

    Args:
        environment: its name.
        model: of the release; by default, the environment knows which release is its next.
        confirm: the key of the release, typed by a person, where the environment asks for it.

    Returns:
        Whether it was deployed: there may be no place yet, or a person is waited for.

    Raises:
        ProjectError: there is no such release, it may not go there, or it fails a check; the old one serves then.
    """
    policy = environments()[environment]
    with place_of(environment) as place:
        if place is None:
            not_deployed(what_to_set())
            return False
        records.require_key(environment)
        if policy.leads:
            signing.warn()
        records.fetch()
        release = import_module(policy.source).next_release(environment, model)
        for module in policy.conditions:
            condition: Condition = import_module(module)
            if waits := condition.require(environment, release, confirm):
                tell(f"WAITS FOR A PERSON: {waits}; make deploy ENV={environment} CONFIRM={release.key}")
                return False
        put(release, environment, place)
        return True


def put(release: Release, environment: str, place: Place) -> None:
    """Put a release in the place of the one that serves.

    Raises:
        ProjectError: it fails a check; the old one serves then.
    """
    policy, trial = environments()[environment], Trial(environment, release, place)
    with records.noted(environment, "deploy", release):
        trial.hold_to(policy.before)
        replace(trial, policy.beside, policy.after)
    tell(f"deployed {release.key} with model {release.model} to {environment} ({place.name}): it answers")
    if policy.leads:
        import_module("mlops_maturity.delivery.following").follow(release)


def replace(trial: Trial, beside: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> None:
    """Start a release, check it, and let it answer all requests; or take all of that back.

    Args:
        trial: the release and its place.
        beside: checks before users meet it.
        after: checks once it serves.

    Raises:
        ProjectError: it does not get ready, or fails a check; the old one serves then.
    """
    place, model = trial.place, trial.release.model
    try:
        place.start(trial.release)
        with place.reach(started=True) as address:
            await_model(model, address, place.name)
        trial.hold_to(beside, started=True)
        place.switch()
        with place.reach() as address:
            await_model(model, address, place.name)
        trial.hold_to(after)
    except BaseException as error:
        place.back()
        if isinstance(error, ProjectError):
            raise ProjectError(f"{error}; rolled back: {place.name} is as it was before") from None
        raise
    place.settle()

"""A place to deploy to that notes what is done there, and releases to deploy."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from subprocess import CompletedProcess

from mlops_maturity.delivery import deploy
from mlops_maturity.delivery.deploy import Trial
from mlops_maturity.delivery.place import Address
from mlops_maturity.delivery.release import Release
from mlops_maturity.project.errors import ProjectError


def release(key: str, *, code: str = "code") -> Release:
    """A release: another key, another model and other bytes."""
    digest = f"sha256:{key}"
    return Release(key, f"registry.example/service@{digest}", digest, code, f"m-{key}", "abcdef")


class Place:
    """Stands for a machine or a cluster.

    Attributes:
        name: of it.
        done: what was done there, in order.
        serves: what its users meet.
        broken: the checks, and the moments, that fail; `ready` is the one when it is to answer.
        next: what is built, and comes next to test and staging.
    """

    name = "there"

    def __init__(self) -> None:
        self.done: list[str] = []
        self.serves: Release | None = None
        self.broken: set[str] = set()
        self.next = release("first")
        self._old: Release | None = None
        self._new: Release | None = None

    def try_out(self, release: Release, arguments: Sequence[str]) -> CompletedProcess[str]:
        """Nothing is run here: checks are noted instead."""
        return CompletedProcess([release.key, *arguments], 0, "", "")

    def start(self, release: Release) -> None:
        self._old, self._new = self.serves, release
        self._note(f"start {release.key}")

    def switch(self) -> None:
        self._note("switch")
        self.serves = self._new

    def settle(self) -> None:
        self._note("settle")

    def back(self) -> None:
        self._note("back")
        self.serves = self._old

    def stop(self) -> None:
        self._note("stop")
        self.serves = None

    @contextmanager
    def reach(self, started: bool = False) -> Iterator[Address]:
        """Its address is the model that answers there."""
        found = self._new if started else self.serves
        yield Address(found.model if found else "")

    def answers(self, version: str, address: Address, place: str) -> None:
        """Stands for waiting until a model answers."""
        if "ready" in self.broken or address.url != version:
            raise ProjectError(f"model {address.url} answers at {place} instead of model {version}")

    def check(self, name: str, trial: Trial) -> None:
        """Stands for a check: it is held to what answers at the address of the trial."""
        self._note(f"{name} of {trial.address.url or 'nothing'}")

    def _note(self, what: str) -> None:
        self.done.append(what)
        if what.partition(" ")[0] in self.broken:
            raise ProjectError(f"{what} is broken")


def deployed(place: Place, environment: str, *keys: str) -> None:
    """Deploy releases one after the other."""
    for key in keys:
        place.next = release(key)
        deploy.run(environment)
    place.done.clear()

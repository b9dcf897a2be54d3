"""Where an environment's service runs, as deployments see it, whatever it is: one machine or a cluster."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from subprocess import CompletedProcess
from typing import Protocol

from mlops_maturity.delivery.release import Release


@dataclass(frozen=True)
class Address:
    """Where a service is asked.

    Attributes:
        url: without a path: `http://127.0.0.1:8000`.
        headers: to send with each request; they choose between two versions that run side by side.
    """

    url: str
    headers: dict[str, str] = field(default_factory=dict)


class Place(Protocol):
    """A machine or a cluster that serves one environment.

    A deployment calls `start`, `switch` and `settle` in this order, and `back` instead of the next one if something is
    wrong. Where two versions cannot run side by side, `start` replaces the old one, and `back` brings it back.
    """

    @property
    def name(self) -> str:
        """What people know it by."""

    def try_out(self, release: Release, arguments: Sequence[str]) -> CompletedProcess[str]:
        """Run a command of the package in a container of its own, beside what serves, and return what it printed."""

    def start(self, release: Release) -> None:
        """Start a release beside the one that serves, and wait until it is ready."""

    def switch(self) -> None:
        """Let the release that was started answer all requests."""

    def settle(self) -> None:
        """End the release that served before, once it has answered what it began."""

    def back(self) -> None:
        """Let the release that served before answer all requests again, and end the other one."""

    def stop(self) -> None:
        """End all that serves there; what it logged stays."""

    def reach(self, started: bool = False) -> AbstractContextManager[Address]:
        """Make the service reachable from here.

        Args:
            started: ask the release that was started, and not the one that answers the users.
        """

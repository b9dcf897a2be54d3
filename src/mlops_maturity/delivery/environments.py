"""The environments that releases go through, what each asks of them, and where it is."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from mlops_maturity.delivery import docker, kubernetes
from mlops_maturity.delivery.place import Place
from mlops_maturity.project import answers


class Target(Protocol):
    """What services are deployed to: the module that knows how.

    Attributes:
        WHAT_TO_SET: the variables that say where, in words.
    """

    WHAT_TO_SET: str

    def place_of(self, environment: str, port: int) -> AbstractContextManager[Place | None]:
        """Where an environment is; None if nothing says where."""


@dataclass(frozen=True)
class Environment:
    """What an environment asks of a release. Each entry names a module.

    Attributes:
        port: where it answers on a machine that it shares with others.
        source: tells which release is the next one.
        conditions: must be met before anything is done.
        before: checks that take place while the old release serves.
        beside: checks of the new release before users meet it.
        after: checks of the new release once it serves.
        leads: whether the registry of models follows what serves here.
    """

    port: int
    source: str
    conditions: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    leads: bool = False


AUTOMATION = {"production": Environment(port=8000, source="mlops_maturity.delivery.build")}
DELIVERY = {
    "test": Environment(
        port=8002,
        source="mlops_maturity.delivery.candidate",
        before=("mlops_maturity.delivery.checks.infra",),
        beside=("mlops_maturity.delivery.checks.api",),
        after=("mlops_maturity.delivery.checks.api",),
    ),
    "staging": Environment(
        port=8001,
        source="mlops_maturity.delivery.candidate",
        before=("mlops_maturity.delivery.checks.infra", "mlops_maturity.delivery.checks.shadow"),
        beside=("mlops_maturity.delivery.checks.api",),
        after=("mlops_maturity.delivery.checks.api", "mlops_maturity.delivery.checks.load"),
    ),
    "production": Environment(
        port=8000,
        source="mlops_maturity.delivery.promotion",
        conditions=("mlops_maturity.delivery.promotion",),
        before=("mlops_maturity.delivery.checks.infra", "mlops_maturity.delivery.checks.shadow"),
        beside=("mlops_maturity.delivery.checks.api",),
        after=("mlops_maturity.delivery.checks.api",),
        leads=True,
    ),
}
TARGETS: Mapping[str, Target] = {"docker": docker, "kubernetes": kubernetes}


def environments() -> Mapping[str, Environment]:
    """The environments of the project at hand: production alone at level 1, three of them at level 2."""
    return DELIVERY if answers.load().level == 2 else AUTOMATION


def place_of(environment: str) -> AbstractContextManager[Place | None]:
    """Where an environment is; None if nothing says where."""
    target = TARGETS[answers.load().deploy_target]
    return target.place_of(environment, environments()[environment].port)


def what_to_set() -> str:
    """What must be set for a deployment, in words."""
    return TARGETS[answers.load().deploy_target].WHAT_TO_SET

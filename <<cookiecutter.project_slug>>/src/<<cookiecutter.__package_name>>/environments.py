"""The environments that releases go through, and what each asks of them."""

from dataclasses import dataclass

from .delivery.<< cookiecutter.deploy_target >> import WHAT_TO_SET, place_of

__all__ = ["ENVIRONMENTS", "WHAT_TO_SET", "Environment", "place_of"]


@dataclass(frozen=True)
class Environment:
    """What an environment asks of a release. Each entry is a module, relative to the package `delivery`.

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


<% if cookiecutter.maturity_level == "1" %>
ENVIRONMENTS = {"production": Environment(port=8000, source=".release")}
<% else %>
ENVIRONMENTS = {
    "test": Environment(
        port=8002,
        source=".candidate",
        before=("..checks.infra",),
        beside=("..checks.api",),
        after=("..checks.api",),
    ),
    "staging": Environment(
        port=8001,
        source=".candidate",
        before=("..checks.infra", "..checks.shadow"),
        beside=("..checks.api",),
        after=("..checks.api", "..checks.load"),
    ),
    "production": Environment(
        port=8000,
        source=".promotion",
        conditions=(".promotion",),
        before=("..checks.infra", "..checks.shadow"),
        beside=("..checks.api",),
        after=("..checks.api",),
        leads=True,
    ),
}
<% endif %>

"""When windows of live predictions ask for a new model: a single bad one never does."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Trigger:
    """Whether a new model is asked for.

    Attributes:
        fires: it is.
        exercised: there was enough to judge by. What could not be judged is not fine: the reason says what is missing.
        reason: which rule, which value, which bound, where; in words.
    """

    fires: bool
    exercised: bool
    reason: str


def fires(violations: Sequence[bool], windows: int, violating: int) -> bool:
    """The rule: at least `violating` of the last `windows` windows are over a bound, and the newest one is.

    One window may be odd by chance or for a day, and what is over again needs no new model.

    Args:
        violations: of each complete window, the newest last.
        windows: how many of them count.
        violating: how many of those must be over a bound.
    """
    last = list(violations)[-windows:]
    return bool(last) and last[-1] and sum(last) >= violating

"""Values of now and what they may be, for a person who reads them and for the verdict that is made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from mlops_maturity.monitoring.windows import Trigger
from mlops_maturity.training.page import table

CSS = {True: "over", False: "", None: "faint"}


@dataclass(frozen=True)
class Measure:
    """What was measured.

    Attributes:
        name: of what.
        value: how much it is, in words; or why it could not be measured.
        limit: what it may be, in words.
        violates: it is not what it may be; None if it could not be measured.
    """

    name: str
    value: str
    limit: str = ""
    violates: bool | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.value}" + (f" ({self.limit})" if self.limit else "")


def judged(measures: Sequence[Measure]) -> Trigger:
    """The verdict: what violates, or else all that was measured. It is no verdict if nothing could be measured."""
    known = [measure for measure in measures if measure.violates is not None]
    over = [measure for measure in known if measure.violates]
    reason = "; ".join(map(str, over or known or measures))
    return Trigger(fires=bool(over), exercised=bool(known), reason=reason)


def shown(measures: Sequence[Measure]) -> str:
    """All of it as a section of the monitoring page, in HTML."""
    rows = [
        (
            escape(measure.name),
            f'<div class="{CSS[measure.violates]}">{escape(measure.value)}</div>',
            escape(measure.limit),
        )
        for measure in measures
    ]
    return "<h2>Age and service</h2>" + table(
        ("measure", "now", "limit"), rows, name="Age and service", css="words columns"
    )


def lasting(seconds: float) -> str:
    """A time span as people say it: `40 minutes`, `7.5 hours`, `12 days`."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{round(seconds / length, 1):g} {unit}"
    return f"{max(seconds, 0):.0f} seconds"

"""What monitoring found, for the page and for machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mlops_maturity.monitoring.drift import Check, Drift
from mlops_maturity.monitoring.performance import Performance
from mlops_maturity.monitoring.profile import Profile
from mlops_maturity.monitoring.windows import Trigger
from mlops_maturity.project.params import Monitoring


@dataclass(frozen=True)
class Words:
    """How a verdict is told to people.

    Attributes:
        about: what it is about.
        fires: what is said of it when it fires.
        quiet: what is said of it when it does not.
        advice: what to do then.
        asks: what it leads to.
    """

    about: str
    fires: str
    quiet: str
    advice: str
    asks: str = "a new training is requested"


@dataclass(frozen=True)
class DataWindow:
    """A window of predictions and how far its data have moved, the worst column first."""

    begin: float
    end: float
    rows: int
    drifts: Sequence[Drift]

    @property
    def violates(self) -> bool:
        """Whether any column has drifted."""
        return self.drifts[0].violates


@dataclass(frozen=True)
class LossWindow:
    """A window of labelled predictions and what they were worth."""

    begin: float
    end: float
    performance: Performance

    @property
    def violates(self) -> bool:
        """Whether the loss has grown too much."""
        return self.performance.growth.violates


@dataclass(frozen=True)
class Findings:
    """All that was found; windows have the newest last.

    Attributes:
        log: URL of the prediction log without a password.
        version: of the model.
        data: complete windows of predictions.
        loss: windows of labelled predictions.
        newest: the columns of the newest window, in cells of their own, for the pictures.
        triggers: the verdicts by name: `drift` and `degraded`.
    """

    log: str
    version: str
    data: Sequence[DataWindow]
    loss: Sequence[LossWindow]
    newest: dict[str, Profile]
    triggers: dict[str, Trigger]


def state(trigger: Trigger) -> str:
    """The verdict in a word or two."""
    if not trigger.exercised:
        return "not exercised"
    return "FIRES" if trigger.fires else "quiet"


def told(found: Findings, bounds: Monitoring) -> dict[str, Any]:
    """The findings as plain data, for machines."""
    return {
        "bounds": bounds.model_dump(),
        "log": found.log,
        "model_version": found.version,
        "windows": [
            {
                **_span(window.begin, window.end),
                "rows": window.rows,
                "violates": window.violates,
                "columns": {drift.column: _told_drift(drift) for drift in window.drifts},
            }
            for window in found.data
        ],
        "performance": [
            {
                **_span(window.begin, window.end),
                "rows": window.performance.rows,
                "violates": window.violates,
                "loss": window.performance.loss,
                "growth": _told_check(window.performance.growth),
                "scores": window.performance.scores,
            }
            for window in found.loss
        ],
        "triggers": {
            name: {"exercised": trigger.exercised, "fires": trigger.fires, "reason": trigger.reason}
            for name, trigger in found.triggers.items()
        },
    }


def at(seconds: float) -> datetime:
    """A time of the log, in UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC)


def _span(begin: float, end: float) -> dict[str, str]:
    return {"begin": at(begin).isoformat(timespec="seconds"), "end": at(end).isoformat(timespec="seconds")}


def _told_drift(drift: Drift) -> dict[str, Any]:
    checks = {check.measure: _told_check(check) for check in drift.checks}
    return {"change": drift.change, "checks": checks, "violates": drift.violates}


def _told_check(check: Check) -> dict[str, Any]:
    return {"value": check.value, "limit": check.limit, "p_value": check.p_value, "violates": check.violates}

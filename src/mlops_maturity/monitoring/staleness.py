"""How old the model in production is, and how long ago anything was asked of it or told about it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Column, func, select

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.monitoring.findings import Words
from mlops_maturity.monitoring.log_reader import LogReader, UnreadableError
from mlops_maturity.monitoring.measures import Measure, lasting
from mlops_maturity.project.params import Params
from mlops_maturity.project.repository import answer
from mlops_maturity.registry import versions as registry
from mlops_maturity.serving.log_tables import labels, predictions

WORDS = {
    "stale": Words(
        about="The model in production",
        fires="is old",
        quiet="is not old",
        advice="Train again even if nothing else asks for it: what has changed slowly shows in no window.",
    ),
    "silent": Words(
        about="The prediction log",
        fires="has fallen silent",
        quiet="grows",
        advice=(
            "Does nobody ask the service any more, or do its answers not reach the log? Have labels stopped, find out "
            "why: without them nobody sees a model that is wrong."
        ),
    ),
}


def age(params: Params, now: datetime) -> Measure:
    """The age of the model in production, whichever is watched."""
    version = registry.in_production()
    if version is None:
        return Measure("age of the model", "no model is in production yet")
    seconds = (now - datetime.fromisoformat(version.made)).total_seconds()
    days = params.monitoring.max_age_days
    return Measure(f"age of {version.name}", lasting(seconds), f"at most {days:g} days", seconds > days * 86_400)


def silence(url: str, predictor: Predictor, params: Params, now: datetime) -> list[Measure]:
    """How long ago the newest prediction was logged, of whichever model, and the newest label.

    Args:
        url: of the prediction log.
        predictor: any model.
        params: the project's settings.
        now: the time to count from.
    """
    hours, days = params.watch.silent_hours, params.watch.unlabelled_days
    try:
        newest = _newest(LogReader(url, predictor))
        return [
            _since("the newest prediction", newest(predictions.c.at), now, f"at most {hours:g} hours", hours * 3_600),
            _since("the newest label", newest(labels.c.at), now, f"at most {days:g} days", days * 86_400),
        ]
    except UnreadableError as error:
        return [Measure("time since the newest prediction", str(error))]


def since_promotion(now: datetime) -> float | None:
    """Seconds since a model was last put into production, if one was."""
    tags = f"refs/tags/{registry.NAME}#{registry.STAGE}#*"
    at = answer("for-each-ref", "--sort=-creatordate", "--count=1", "--format=%(creatordate:unix)", tags)
    return now.timestamp() - float(at) if at else None


def _newest(log: LogReader) -> Callable[[Column[Any]], float | None]:
    def newest(column: Column[Any]) -> float | None:
        with log.connect() as connection:
            at: float | None = connection.execute(select(func.max(column))).scalar()
        return at

    return newest


def _since(what: str, at: float | None, now: datetime, limit: str, most_seconds: float) -> Measure:
    """What never began has not stopped."""
    if at is None:
        return Measure(f"time since {what}", "there was none yet", limit)
    seconds = now.timestamp() - at
    return Measure(f"time since {what}", lasting(seconds), limit, seconds > most_seconds)

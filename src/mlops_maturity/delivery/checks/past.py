"""What a service was asked and what it answered, as its prediction log has it; nothing is written there."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.serving.log_tables import predictions


@dataclass(frozen=True)
class Past:
    """A prediction that was made.

    Attributes:
        record: what was asked, a JSON object.
        prediction: what was answered.
        probability: of the most probable class; None for a value.
    """

    record: str
    prediction: Any
    probability: float | None


def newest(url: str, version: str, most: int) -> list[Past]:
    """The newest predictions of a model; none if there is no log.

    Args:
        url: of the log.
        version: of the model; without one, any.
        most: so many at most.

    Raises:
        ProjectError: the log does not answer.
    """
    columns = select(predictions.c.record, predictions.c.prediction, predictions.c.probabilities)
    some = columns.where(predictions.c.model_version == version) if version else columns
    statement = some.order_by(predictions.c.at.desc(), predictions.c.id.desc()).limit(most)
    with _naming_the_log():
        engine = _open(url)
        if engine is None or not inspect(engine).has_table(predictions.name):
            return []
        with engine.connect() as connection:
            rows = connection.execute(statement).all()
        engine.dispose()
    return [Past(record, json.loads(answer), _highest(probabilities)) for record, answer, probabilities in rows]


def _highest(probabilities: str | None) -> float | None:
    """The probability of the most probable class, which was answered unless the model abstained."""
    return max(json.loads(probabilities)) if probabilities else None


def _open(url: str) -> Engine | None:
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return create_engine(address, execution_options={"postgresql_readonly": True})
    file = Path(address.database or "")
    return create_engine(f"sqlite:///file:{quote(str(file))}?mode=ro&uri=true") if file.is_file() else None


@contextmanager
def _naming_the_log() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, ImportError) as error:
        raise ProjectError(f"the prediction log cannot be read: {str(error).splitlines()[0]}") from None

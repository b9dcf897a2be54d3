"""What the service is asked besides predictions: whether it is ready, how it is, and what turned out to be so."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from mlops_maturity.data.schema import Column
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.serving.log import PredictionLog
from mlops_maturity.serving.service import MOST_RECORDS, REFUSALS, Refusal, Strict, type_of
from mlops_maturity.serving.telemetry import CONTENT_TYPE_LATEST, Telemetry
from mlops_maturity.serving.together import BUSY, RETRY

ENDING = "ending"
UNAVAILABLE: dict[int | str, dict[str, Any]] = {503: {"description": BUSY}}
UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Refusal, "description": "No prediction has this id"}}


class State(BaseModel):
    """`ready`, or what stands in the way."""

    status: str


class Written(BaseModel):
    """What became of labels."""

    written: int = Field(description="labels that are known now as they were given")
    kept: list[str] = Field(description="ids of predictions that have another label already, which stays")


def add_routes(
    app: FastAPI, predictor: Predictor, log: PredictionLog, telemetry: Telemetry, obstacle: Callable[[], str | None]
) -> None:
    """Add them to an application.

    Args:
        app: the application.
        predictor: the model; its target says what a label must be.
        log: where labels go.
        telemetry: what is told to Prometheus.
        obstacle: what, beside the log, stands in the way of new requests.
    """

    def not_ready() -> str | None:
        if found := obstacle():
            return found
        if not log.is_open:
            return "the prediction log cannot be written yet"
        return "too many predictions wait for the log" if log.is_full else None

    @app.get("/ready", responses={503: {"model": State, "description": "Not now"}})
    async def ready(response: Response) -> State:
        """Whether requests should come here."""
        status = not_ready()
        response.status_code = 503 if status else 200
        return State(status=status or "ready")

    @app.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """What the service counts and times, for Prometheus."""
        return Response(telemetry.page(), media_type=CONTENT_TYPE_LATEST)

    target = Column.model_validate(predictor.manifest["schema"]["columns"][predictor.target.name])
    true_value: Any = type_of(target)

    class Label(Strict):
        """What turned out to be so, for one prediction."""

        id: Annotated[str, Field(max_length=40, description="of the prediction, as it was answered")]
        label: true_value

    class Labels(Strict):
        """True values."""

        labels: Annotated[list[Label], Field(min_length=1, max_length=MOST_RECORDS, fail_fast=True)]

    @app.post("/labels", responses=REFUSALS | UNKNOWN | UNAVAILABLE)
    async def labels(body: Labels) -> Written:
        """Give up to 1,000 true values: all or none. The first value of a prediction stays."""
        values: dict[str, Any] = {}
        for item in body.labels:
            values.setdefault(item.id, item.label)
        try:
            unknown, kept = await asyncio.to_thread(log.label, values)
        except (SQLAlchemyError, TimeoutError):
            raise HTTPException(503, BUSY, RETRY) from None
        if unknown:
            position = [item.id for item in body.labels].index(unknown[0])
            problem = {"loc": ["body", "labels", position, "id"], "msg": "no prediction has this id", "type": "unknown"}
            raise HTTPException(404, [problem])
        other = {item.id for item in body.labels if values[item.id] != item.label}
        return Written(written=len(values) - len(kept), kept=sorted({*kept, *other}))

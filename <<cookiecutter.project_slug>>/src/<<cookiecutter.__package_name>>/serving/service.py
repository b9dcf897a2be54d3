"""The prediction service: the packaged model over HTTP."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from fastapi import FastAPI
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from ..data.schema import Column, Schema
from .predictor import Predictor

MOST_RECORDS = 1_000


class Health(BaseModel):
    """The state of the service."""

    status: Literal["ok"]
    model_version: str


class Answer(BaseModel):
    """The prediction for one record."""

    prediction: bool | int | float | str
    probabilities: dict[str, float] | None = None


class Answers(BaseModel):
    """Predictions in the order of the records."""

    model_version: str
    predictions: list[Answer]


def create_app(predictor: Predictor) -> FastAPI:
    """The application that serves one model.

    Args:
        predictor: the model; its schema becomes the schema of the requests.
    """
    app = FastAPI(
        title=f"Prediction of {predictor.target.name}",
        version=predictor.version,
        description="Answers with the packaged model. A record must fit the schema of the training data.",
    )
    record: Any = record_model(predictor.schema)

    class Records(BaseModel):
        """The records to predict."""

        model_config = ConfigDict(extra="forbid")
        records: Annotated[list[record], Field(min_length=1, max_length=MOST_RECORDS)]

    @app.get("/health")
    async def health() -> Health:
        """Whether the service answers, and with which model."""
        return Health(status="ok", model_version=predictor.version)

    @app.get("/model")
    async def model() -> dict[str, Any]:
        """The manifest of the model: where it comes from and what it is worth."""
        return dict(predictor.manifest)

    @app.post("/predict", response_model_exclude_none=True)
    async def predict(body: Records) -> Answers:
        """Predict up to 1,000 records."""
        records = [item.model_dump(by_alias=True) for item in body.records]
        answers = predictor.answers(predictor.of_records(records))
        return Answers(model_version=predictor.version, predictions=[Answer(**answer) for answer in answers])

    return app


def record_model(schema: Schema) -> type[BaseModel]:
    """The model of one record: what validation of the data requires, said to the web framework.

    Columns may have any name, so fields are numbered and carry it as their alias.
    """
    fields: dict[str, Any] = {}
    for number, (name, column) in enumerate(schema.columns.items()):
        kind = _type_of(column)
        default: Any = ...
        if column.missing > 0:
            kind, default = kind | None, None
        fields[f"column_{number}"] = (
            Annotated[kind, Field(alias=name, ge=column.minimum, le=column.maximum)]
            if column.minimum is not None
            else Annotated[kind, Field(alias=name)],
            default,
        )
    return create_model(
        "Record",
        __config__=ConfigDict(extra="forbid", allow_inf_nan=False, json_schema_extra={"example": example(schema)}),
        **fields,
    )


def example(schema: Schema) -> dict[str, Any]:
    """A record that the service accepts."""
    return {name: _example_of(column) for name, column in schema.columns.items()}


def _type_of(column: Column) -> Any:
    match column.type:
        case "integer":
            return int
        case "boolean":
            return bool
        case "datetime":
            return Annotated[datetime | date, AfterValidator(_in_utc)]
        case "category" if column.categories and not column.open:
            return _one_of(column.categories)
        case "category" | "text":
            return Annotated[str, Field(max_length=10_000)]
        case _:
            return float


def _one_of(values: Iterable[str]) -> Any:
    return Literal[tuple(values)]


def _in_utc(value: datetime | date) -> datetime:
    """As training reads it: in UTC, without a zone."""
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def _example_of(column: Column) -> Any:
    match column.type:
        case "category":
            return (column.categories or ["text"])[0]
        case "text":
            return "text"
        case "boolean":
            return True
        case "datetime":
            return "2020-01-31T12:00:00"
        case _:
            middle = ((column.minimum or 0.0) + (column.maximum or 0.0)) / 2
            return int(middle) if column.type == "integer" else middle

"""The prediction service: the packaged model over HTTP."""

import math
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    WithJsonSchema,
    create_model,
    model_validator,
)
from starlette.exceptions import HTTPException
from starlette.types import Lifespan

from mlops_maturity.data import cells
from mlops_maturity.data.cells import Reading
from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.model.predictor import Predictor

MOST_RECORDS = 1_000
MOST_BYTES = 2_000_000
LONGEST_TEXT = 10_000
# Of a refusal; whoever sends more at once has another fault than the one that the first of them name.
MOST_PROBLEMS = 30
LONGEST_WORD = 500

# What a record of a request becomes, and what is told of the records.
Answering = Callable[[list[dict[str, Any]]], Awaitable[Any]]

DATE_OR_TIME_SCHEMA = {"anyOf": [{"type": "string", "format": kind} for kind in ("date-time", "date")]}


class Health(BaseModel):
    """The state of the service."""

    status: Literal["ok"]
    model_version: str


class Answer(BaseModel):
    """The prediction for one record."""

    id: str | None = Field(None, description="names the prediction where predictions are logged")
    prediction: bool | int | float | str
    probabilities: dict[str, float] | None = None
    outputs: dict[str, float] | None = Field(None, description="what a model of numbers answers beside its prediction")


class Strict(BaseModel):
    """Has the fields that it names, and no others."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def not_far_too_many(cls, value: Any) -> Any:
        """Do not look at each of thousands of fields that nobody asked for."""
        if isinstance(value, dict) and len(value) > len(cls.model_fields) + MOST_PROBLEMS:
            raise ValueError("far more fields than it may have")
        return value


class Answers(BaseModel):
    """Predictions in the order of the records."""

    model_version: str
    predictions: list[Answer]


class Problem(BaseModel):
    """What is wrong with one part of a request."""

    loc: list[str | int] = Field(description="where: the path to the field")
    msg: str
    type: str


class Refusal(BaseModel):
    """Why a request is refused."""

    detail: list[Problem]


REFUSALS: dict[int | str, dict[str, Any]] = {
    413: {"description": f"The body has more than {MOST_BYTES:,} bytes"},
    422: {
        "model": Refusal,
        "description": "The body does not fit the schema; fields of the first record that does not are named",
    },
}


def create_app(
    predictor: Predictor, answering: Answering | None = None, lifespan: Lifespan[FastAPI] | None = None
) -> FastAPI:
    """The application that serves one model.

    Args:
        predictor: the model; its schema becomes the schema of the requests.
        answering: answers valid records; by default, with the model's predictions.
        lifespan: what is to be done before the first request and after the last.
    """

    async def predictions(records: list[dict[str, Any]]) -> dict[str, Any]:
        answers = predictor.answers(predictor.of_records(records))
        return {"model_version": predictor.version, "predictions": answers}

    app = FastAPI(
        title=f"Prediction of {predictor.target.name}",
        version=predictor.version,
        description="Answers with the packaged model. A record must fit the schema of the training data.",
        lifespan=lifespan,
        max_body_size=MOST_BYTES,
    )
    record: Any = record_model(predictor.schema)
    answer = answering or predictions

    class Records(Strict):
        """The records to predict."""

        records: Annotated[list[record], Field(min_length=1, max_length=MOST_RECORDS, fail_fast=True)]

    @app.get("/health")
    async def health() -> Health:
        """Whether the service answers, and with which model."""
        return Health(status="ok", model_version=predictor.version)

    @app.get("/model")
    async def model() -> dict[str, Any]:
        """How old the model's file is, and its manifest: where it comes from and what it is worth."""
        return {"age_seconds": predictor.age, **predictor.manifest}

    @app.post("/predict", response_model=Answers, response_model_exclude_none=True, responses=REFUSALS)
    async def predict(body: Records) -> Any:
        """Predict up to 1,000 records."""
        return await answer([item.model_dump(by_alias=True) for item in body.records])

    @app.exception_handler(RequestValidationError)
    async def refused(_: Request, error: RequestValidationError) -> Response:
        """Name the fields, and leave out what was sent: not every value of a request can be said in JSON."""
        # Unknown fields come first: a wrong name explains those that are missing, of which there may be many.
        problems = sorted(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
        return _refusal([shortened(problem) for problem in problems[:MOST_PROBLEMS]])

    @app.exception_handler(HTTPException)
    async def failed(request: Request, error: HTTPException) -> Response:
        """A body that cannot be read at all is refused like one that is no JSON."""
        if error.status_code != 400:
            return await http_exception_handler(request, error)
        return _refusal([{"loc": ["body"], "msg": error.detail, "type": "json_invalid"}])

    return app


def _refusal(problems: list[dict[str, Any]]) -> Response:
    return JSONResponse({"detail": problems}, 422)


def shortened(problem: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of a problem: names and lists of allowed values can be of any length."""
    loc = [part[:LONGEST_WORD] if isinstance(part, str) else part for part in problem["loc"]]
    return {"loc": loc, "msg": problem["msg"][:LONGEST_WORD], "type": problem["type"]}


def record_model(schema: Schema) -> type[BaseModel]:
    """The model of one record: what validation of the data requires, said to the web framework.

    Columns may have any name, so fields are numbered and carry it as their alias.
    """
    fields: dict[str, Any] = {}
    for number, (name, column) in enumerate(schema.columns.items()):
        kind: Any = type_of(column)
        default: Any = ...
        if column.missing > 0:
            kind, default = kind | None, None
        if column.type in ("category", "datetime", "text"):
            kind = Annotated[kind, BeforeValidator(partial(_known, schema.reading, column.missing > 0))]
            if kind_in_json := _documented(column, schema.reading):
                kind = Annotated[kind, WithJsonSchema(kind_in_json)]
        fields[f"column_{number}"] = (Annotated[kind, Field(alias=name)], default)
    return create_model(
        "Record",
        __base__=Strict,
        __cls_kwargs__={"json_schema_extra": {"example": example(schema)}},
        **fields,
    )


def example(schema: Schema) -> dict[str, Any]:
    """A record that the service accepts."""
    return {name: _example_of(column) for name, column in schema.columns.items()}


def type_of(column: Column) -> Any:
    """What a value of a column must be in JSON; a number in a string is no number."""
    match column.type:
        case "integer":
            least, most = whole_bounds(column)
            return Annotated[int, Field(strict=True, ge=least, le=most), BeforeValidator(_whole)]
        case "boolean":
            return StrictBool
        case "datetime":
            reads = BeforeValidator(partial(time_of, column.format))
            return Annotated[datetime, reads, WithJsonSchema(DATE_OR_TIME_SCHEMA)]
        case "category" if column.categories and not column.open:
            return Annotated[_one_of(column.categories), BeforeValidator(_stripped)]
        case "category" | "text":
            return Annotated[str, Field(strict=True, max_length=LONGEST_TEXT)]
        case _:
            return Annotated[float, Field(strict=True, ge=column.minimum, le=column.maximum, allow_inf_nan=False)]


def whole_bounds(column: Column) -> tuple[int, int]:
    """The bounds of an integer column; the largest float where there is none, since features are floats."""
    least = -sys.float_info.max if column.minimum is None else column.minimum
    most = sys.float_info.max if column.maximum is None else column.maximum
    return math.ceil(least), math.floor(most)


def _one_of(values: Iterable[str]) -> Any:
    return Literal[tuple(values)]


def _stripped(value: Any) -> Any:
    """Blanks around a word do not count."""
    return value.strip() if isinstance(value, str) else value


def _known(reading: Reading, may_miss: bool, value: Any) -> Any:
    """A text that says that the value is missing is none."""
    if not isinstance(value, str) or not reading.is_missing(value):
        return value
    if not may_miss:
        raise ValueError("this says that the value is missing, and it may not be")
    return None


def _documented(column: Column, reading: Reading) -> dict[str, Any] | None:
    """What JSON Schema says of a text that may be any but one that says that the value is missing."""
    if column.missing > 0 or column.type == "datetime" or (column.categories and not column.open):
        return None
    return {"type": "string", "maxLength": LONGEST_TEXT, "pattern": reading.known}


def _whole(value: Any) -> Any:
    """187.0 is a whole number, too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def time_of(written: str | None, value: Any) -> datetime:
    """A date or time as training reads it.

    Args:
        written: the format of its column, beside ISO 8601.
        value: of a request.

    Raises:
        ValueError: it is none, or lies outside of the years 1 to 9999.
    """
    if not isinstance(value, str):
        raise ValueError("not a date or time such as 2020-01-31 or 2020-01-31T12:00:00Z")
    return cells.time(value, written)


def _example_of(column: Column) -> Any:
    match column.type:
        case "category":
            return (column.categories or ["text"])[0]
        case "text":
            return "text"
        case "boolean":
            return True
        case "datetime":
            return "2020-01-31T12:00:00Z"
        case _:
            middle = ((column.minimum or 0.0) + (column.maximum or 0.0)) / 2
            return int(middle) if column.type == "integer" else middle

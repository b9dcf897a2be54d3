"""Reading the prediction log: its newest rows, in columns, one window of them in memory at a time."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.json
from sqlalchemy import Connection, Engine, Select, create_engine, func, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from mlops_maturity.data.conversion import conform, convert, replaced
from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.monitoring.profile import answers_as_column
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.serving.log_tables import labels, predictions

# Rows that are fetched at once.
CHUNK = 10_000
# Bytes of JSON that a thread parses at once.
BLOCK = 2**20
ISO_TIME = Column(type="datetime", missing=1)
TYPES = {"boolean": pa.bool_(), "integer": pa.float64(), "number": pa.float64()}


class UnreadableError(Exception):
    """There is no log to judge by; the text says what to do."""


@dataclass(frozen=True)
class Answered:
    """Neighbouring predictions.

    Attributes:
        begin: time of the first, in seconds since 1970.
        end: time of the last.
        frame: what was asked, in the columns of the model's schema.
        answers: what was answered, as `answers_as_column` gives it.
    """

    begin: float
    end: float
    frame: pd.DataFrame
    answers: pd.Series


@dataclass(frozen=True)
class Labelled:
    """Neighbouring predictions of which it is known what was so.

    Attributes:
        begin: time of the first prediction, in seconds since 1970.
        end: time of the last.
        target: what was so, encoded (rows,); a class that the model does not know is -1.
        predicted: probabilities (rows, classes) or values (rows,).
    """

    begin: float
    end: float
    target: np.ndarray
    predicted: np.ndarray


class LogReader:
    """The predictions of one model, as they were logged.

    Attributes:
        name: the log's URL without a password.
    """

    def __init__(self, url: str, predictor: Predictor) -> None:
        """Open the log.

        Raises:
            UnreadableError: there is none, or it does not answer.
        """
        self._predictor = predictor
        self._engine = _open(url)
        self._ours = predictions.c.model_version == predictor.version
        self.name = self._engine.url.render_as_string(hide_password=True)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection to the log.

        Raises:
            UnreadableError: it does not answer, or no longer.
        """
        with _naming_the_log(), self._engine.connect() as connection:
            yield connection

    def newest_version(self) -> str | None:
        """The version of the model that answered last, whichever it is."""
        newest = select(predictions.c.model_version).order_by(predictions.c.at.desc()).limit(1)
        with self.connect() as connection:
            version: str | None = connection.execute(newest).scalar()
        return version

    def answered(self, size: int, most: int) -> Iterator[Answered]:
        """Windows of predictions, the newest first; the last one is smaller if there are no more.

        Args:
            size: predictions in a window.
            most: windows.
        """
        columns = select(predictions.c.at, predictions.c.record, predictions.c.prediction)
        for times, records, answers in self._windows(self._newest(columns, size * most), size):
            frame = conform(self._predictor.schema, records_as_table(records, self._predictor.schema))
            yield Answered(times[-1], times[0], frame, answers_as_column(_values(answers), self._predictor.task))

    def labelled(self, size: int, most: int) -> Iterator[Labelled]:
        """Windows of predictions that have a label, the newest first; a label that cannot be read is left out.

        Args:
            size: labelled predictions in a window.
            most: windows.
        """
        task, target = self._predictor.task, self._predictor.target
        answer = predictions.c.prediction if task == "regression" else predictions.c.probabilities
        column = Column.model_validate(self._predictor.manifest["schema"]["columns"][target.name])
        statement = self._newest(_with_label(select(predictions.c.at, answer, labels.c.label)), size * most)
        for times, answers, told in self._windows(statement, size):
            known = convert(pd.Series(_values(told)), column)
            readable = known.notna().to_numpy()
            predicted = np.array(_values(answers), dtype="float64")
            yield Labelled(times[-1], times[0], target.encode(known[readable]), predicted[readable])

    def count_labelled(self, most: int) -> int:
        """How many predictions have a label, counted up to so many."""
        some = _with_label(select(predictions.c.id)).where(self._ours).limit(most).subquery()
        with self.connect() as connection:
            return connection.execute(select(func.count()).select_from(some)).scalar_one()

    def _newest(self, statement: Select[Any], most: int) -> Select[Any]:
        return statement.where(self._ours).order_by(predictions.c.at.desc(), predictions.c.id.desc()).limit(most)

    def _windows(self, statement: Select[Any], size: int) -> Iterator[tuple[list[Any], ...]]:
        """The rows of a query as columns, so many at a time."""
        with self.connect() as connection:
            result = connection.execution_options(stream_results=True, max_row_buffer=CHUNK).execute(statement)
            names, left = result.keys(), 0
            while not left:
                columns: tuple[list[Any], ...] = tuple([] for _ in names)
                left = size
                while left and (rows := result.fetchmany(min(CHUNK, left))):
                    for column, values in zip(columns, zip(*rows, strict=True), strict=True):
                        column.extend(values)
                    left -= len(rows)
                if left < size:
                    yield columns


def records_as_table(records: Sequence[str], schema: Schema) -> pd.DataFrame:
    """JSON objects as a table, in columns that `Schema.conform` takes.

    Raises:
        ProjectError: a record is not what the schema says.
    """
    fields = pa.schema([(name, TYPES.get(column.type, pa.string())) for name, column in schema.columns.items()])
    content = "\n".join(records).encode()
    try:
        table = pa.json.read_json(
            io.BytesIO(content),
            # A block must hold the longest record.
            pa.json.ReadOptions(block_size=max(BLOCK, 4 * max(map(len, records)))),
            pa.json.ParseOptions(explicit_schema=fields, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowInvalid as error:
        raise ProjectError(f"the prediction log holds a record that does not fit the model: {error}") from None
    for position, field in enumerate(fields):
        if pa.types.is_boolean(field.type):
            numbers = table.column(position).cast(pa.int8()).cast(pa.float64())
            table = table.set_column(position, field.name, numbers)
    frame: pd.DataFrame = table.to_pandas(split_blocks=True, self_destruct=True)
    times = [name for name, column in schema.columns.items() if column.type == "datetime"]
    # As the service wrote them, which need not be as the raw data are written.
    return replaced(frame, {name: convert(frame[name], ISO_TIME) for name in times})


def _with_label(statement: Select[Any]) -> Select[Any]:
    return statement.join_from(predictions, labels, labels.c.prediction_id == predictions.c.id)


def _values(texts: Sequence[str]) -> list[Any]:
    """Many JSON values, read at once."""
    values: list[Any] = msgspec.json.decode(f"[{','.join(texts)}]")
    return values


@contextmanager
def _naming_the_log() -> Iterator[None]:
    """Say in one line, and without a password, that it is the log that cannot be read."""
    try:
        yield
    except (SQLAlchemyError, ImportError) as error:
        reason = str(error).splitlines()[0]
        raise UnreadableError(f"the prediction log cannot be read ({reason}); name it with --log") from None


def _open(url: str) -> Engine:
    """Open a log without making one.

    Raises:
        UnreadableError: there is none, or it does not answer.
    """
    with _naming_the_log():
        address = make_url(url)
        shown = address.render_as_string(hide_password=True)
        file = address.database if address.get_backend_name() == "sqlite" else None
        if file and not Path(file).exists():
            raise UnreadableError(f"there is no prediction log at {shown}; serve the model, or name the log: LOG=URL")
        engine = create_engine(address)
        tables = inspect(engine).get_table_names()
    if not {predictions.name, labels.name} <= set(tables):
        raise UnreadableError(f"{shown} has no table of predictions; name the prediction log with --log")
    return engine

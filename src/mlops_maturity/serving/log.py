"""The prediction log: every answer, with the model's version, and the true value where it becomes known.

An answer is put into a queue in memory, and one thread writes what is there every hundredth of a second, so that an
answer does not wait for a disk. What that promises:

- When the process is told to end (SIGTERM), everything that was answered is written first.
- When it is killed (`kill -9`, out of memory), what was answered in the last hundredth of a second and during the last
  write is lost, and never more than 20,000 predictions.
- With `PREDICTION_LOG_DURABLE=1` nothing is lost even then: an answer is sent once it is in the database. That costs a
  wait of a few milliseconds; what arrives together is written together.
- While the database is away, predictions go on until 20,000 of them wait. Then the service says that it is busy (503)
  rather than answer what it could not log.
"""

import asyncio
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from itertools import chain
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.serving.log_file import LogFile
from mlops_maturity.serving.log_tables import VARIABLE, labels, metadata, predictions

# Shorter, and the database is bothered more often; longer, and answers wait behind more rows that are written at once.
PAUSE = 0.01
MOST_WAITING = 20_000
MOST_AT_ONCE = 1_000
# One statement writes as many rows as the largest of these that fits. Answers wait for this thread at the ends of a
# statement, not while the database works on it: so few statements. The database keeps each ready that it has seen: so
# few sizes. Every SQLite takes 999 values at once.
ROWS_OF_A_STATEMENT = (128, 32, 8, 1)
# What is random of an id, behind the 8 bytes of its time.
ID_BYTES = 12
CHANCES_AT_ONCE = 256
# Between two tries to write to a database that is away.
RETRY_SECONDS = 0.5

logger = logging.getLogger(__name__)
encode = msgspec.json.Encoder().encode

# The values of a row, in the order of the table's columns.
Row = tuple[str, float, str, str, str, str | None]


class Entry(NamedTuple):
    """Predictions that are to be logged."""

    ids: Sequence[str]
    at: float
    model_version: str
    records: Sequence[Any]
    answers: Sequence[Mapping[str, Any]]

    def rows(self) -> Iterator[Row]:
        """The rows of the table."""
        for name, record, answer in zip(self.ids, self.records, self.answers, strict=True):
            probabilities = answer.get("probabilities")
            yield (
                name,
                self.at,
                self.model_version,
                encode(record).decode(),
                encode(answer["prediction"]).decode(),
                encode(list(probabilities.values())).decode() if probabilities else None,
            )


def open_engine(url: str, *, durable: bool) -> Engine:
    """The database of a log.

    Args:
        url: as SQLAlchemy writes it: `sqlite:///logs/predictions.sqlite`, `postgresql://user:password@host/database?sslmode=verify-full`.
        durable: whether a commit is to survive the loss of power. (PostgreSQL's always does.)

    Raises:
        ProjectError: the URL is none, or of a kind of database that is not supported.
    """
    try:
        parsed = make_url(url)
        kind = parsed.get_backend_name()
        if kind == "postgresql":
            return create_engine(parsed, pool_pre_ping=True, connect_args={"connect_timeout": 5})
    except (SQLAlchemyError, ValueError, ImportError) as error:
        raise ProjectError(f"{VARIABLE} cannot be used: {str(error).splitlines()[0]}") from None
    if kind == "sqlite":
        return _sqlite(parsed, "FULL" if durable else "NORMAL")
    raise ProjectError(f"{VARIABLE}: {kind} is not supported; use sqlite or postgresql")


def _sqlite(url: URL, synchronous: str) -> Engine:
    LogFile(url).make_folder()
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        # Whoever reads and the one who writes do not wait for each other.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")

    return engine


def insert(connection: Connection, rows: Sequence[Row]) -> None:
    """Write predictions, as plain SQL: to bring each row into the form of a statement takes longer than to write it.

    A write whose confirmation was lost on the way is tried again, and does not fail on what it wrote before.
    """
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    start = 0
    while start < len(rows):
        size = next(size for size in ROWS_OF_A_STATEMENT if size <= len(rows) - start)
        some = rows[start : start + size]
        connection.exec_driver_sql(insert_of(size, mark), tuple(chain.from_iterable(some)))
        start += size


@cache
def insert_of(rows: int, mark: str) -> str:
    """The statement that writes so many predictions; the mark stands for a value."""
    names = predictions.columns.keys()
    row = f"({', '.join(mark for _ in names)})"
    return (
        f"INSERT INTO {predictions.name} ({', '.join(names)}) "  # noqa: S608 - names of our own
        f"VALUES {', '.join([row] * rows)} ON CONFLICT DO NOTHING"
    )


def chances() -> Iterator[str]:
    """What nobody can guess, for one name after another; many are drawn at once, since each call asks the system."""
    size = 2 * ID_BYTES
    while True:
        drawn = secrets.token_hex(ID_BYTES * CHANCES_AT_ONCE)
        yield from (drawn[start : start + size] for start in range(0, len(drawn), size))


class PredictionLog:
    """Writes predictions behind the service's back.

    Every method is for the thread of the event loop, but `label` and `close`, which wait for the database.

    Attributes:
        durable: whether an answer waits until it is in the database.
        is_open: whether the database answered at least once, so that the tables are there.
        failures: writes that failed; each is tried again.
        dropped: predictions that could not be written at all.
    """

    def __init__(self, url: str, *, durable: bool = False, most_waiting: int = MOST_WAITING) -> None:
        """Start to write.

        Args:
            url: of the database.
            durable: whether `put` gives something to wait for.
            most_waiting: predictions that may wait in memory.

        Raises:
            ProjectError: the URL cannot be used.
        """
        self.durable = durable
        self.is_open = False
        self.failures = 0
        self.dropped = 0
        self._engine = open_engine(url, durable=durable)
        self._file = LogFile(self._engine.url)
        # Both kinds of database say it alike; only one of them need be loaded.
        told = import_module(f"sqlalchemy.dialects.{self._engine.dialect.name}").insert(labels)
        self._insert_label = told.on_conflict_do_nothing(index_elements=["prediction_id"])
        self._most_waiting = most_waiting
        self._queue: deque[Entry] = deque()
        # Each is written by one thread only, so that no lock is needed: how many were put, how many are done with.
        self._put = self._done = 0
        self._commits: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._wake = threading.Event()
        self._deadline: float | None = None
        self._last_id = 0
        self._chance = chances()
        self._thread = threading.Thread(target=self._run, name="prediction log", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Predictions that are not written yet."""
        return self._put - self._done

    @property
    def is_full(self) -> bool:
        """Whether no more may be put."""
        return self.waiting >= self._most_waiting

    def new_ids(self, count: int) -> list[str]:
        """Names for predictions: they sort by time, and nobody can guess one, since whoever knows it may label it."""
        first = max(time.time_ns(), self._last_id + 1)
        self._last_id = first + count - 1
        return [f"{number:016x}{chance}" for number, chance in zip(range(first, first + count), self._chance)]  # noqa: B905

    def put(self, entry: Entry) -> "asyncio.Future[None] | None":
        """Log predictions, and return what to wait for before the answer is sent, if it must wait."""
        self._queue.append(entry)
        self._put += len(entry.ids)
        if not self.durable:
            return None
        committed = asyncio.get_running_loop().create_future()
        self._commits.append((self._put, committed))
        self._wake.set()
        return committed

    def label(self, values: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        """Log what turned out to be so, unless one of the predictions is not known.

        Args:
            values: the true value of each prediction, by its id. The first one that is given stays.

        Returns:
            The predictions that are not known, and those that have another label already.

        Raises:
            SQLAlchemyError: the database is away.
            TimeoutError: it is so slow that a prediction may be known and not written yet.
        """
        unknown = self._unknown(list(values))
        if unknown:
            self._wait_until_written()
            unknown = self._unknown(list(values))
        if unknown:
            return unknown, []
        now = time.time()
        given = {name: encode(value).decode() for name, value in values.items()}
        rows = [{"prediction_id": name, "at": now, "label": value} for name, value in given.items()]
        with self._engine.begin() as connection:
            connection.execute(self._insert_label, rows)
            found = connection.execute(
                select(labels.c.prediction_id, labels.c.label).where(labels.c.prediction_id.in_(list(given)))
            ).all()
        return [], [name for name, value in found if value != given[name]]

    def close(self, seconds: float) -> int:
        """Write what waits, and return how many predictions could not be written in so many seconds."""
        self._deadline = time.monotonic() + seconds
        self._wake.set()
        self._thread.join()
        self._engine.dispose()
        return self.dropped

    def _unknown(self, names: list[str]) -> list[str]:
        with self._engine.connect() as connection:
            known = set(connection.scalars(select(predictions.c.id).where(predictions.c.id.in_(names))))
        return [name for name in names if name not in known]

    def _wait_until_written(self, seconds: float = 5) -> None:
        """Wait until what was put by now is written."""
        goal, deadline = self._put, time.monotonic() + seconds
        self._wake.set()
        while self._done < goal:
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.005)

    def _run(self) -> None:
        opened = self._try(metadata.create_all)
        self._file.remember()
        self.is_open = opened
        while True:
            self._wake.wait(PAUSE)
            self._wake.clear()
            # Looked at before the queue: nothing is put after the end was asked for.
            ending = self._deadline is not None
            if self._file.is_gone:
                self._try(metadata.create_all)
            while rows := self._next_rows():
                if not self._try(lambda connection, rows=rows: insert(connection, rows)):  # type: ignore[misc]
                    self.dropped += len(rows)
                self._done += len(rows)
                self._tell()
            if ending:
                return

    def _next_rows(self) -> list[Row]:
        """What is to be written next; of one entry, all."""
        rows: list[Row] = []
        while self._queue and len(rows) < MOST_AT_ONCE:
            rows.extend(self._queue.popleft().rows())
        return rows

    def _try(self, action: Callable[[Connection], object]) -> bool:
        """Try until it is done, or until the time to end has come."""
        while True:
            try:
                with self._engine.begin() as connection:
                    action(connection)
                if not self._file.is_gone:
                    return True
                self._begin_anew()
            except (SQLAlchemyError, OSError) as error:
                self.failures += 1
                logger.warning("the prediction log is away, %d wait: %s", self.waiting, str(error).splitlines()[0])
                if self._deadline is not None and time.monotonic() > self._deadline:
                    return False
                time.sleep(RETRY_SECONDS)

    def _begin_anew(self) -> None:
        """Make a new file where the log's was deleted."""
        self.failures += 1
        logger.warning("%s was deleted or exchanged: what was in it is gone, a new one begins", self._file.path)
        self._engine.dispose()
        self._file.make_folder()
        with self._engine.begin() as connection:
            metadata.create_all(connection)
        self._file.remember()

    def _tell(self) -> None:
        """Let the answers go whose predictions are written."""
        while self._commits and self._commits[0][0] <= self._done:
            _, committed = self._commits.popleft()
            committed.get_loop().call_soon_threadsafe(_set, committed)


def _set(committed: "asyncio.Future[None]") -> None:
    if not committed.done():
        committed.set_result(None)

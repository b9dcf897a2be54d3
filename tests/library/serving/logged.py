"""Looking into a prediction log with SQLite's own driver, as it was written."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any


def select(file: Path, statement: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(statement).fetchall()


def logged_ids(file: Path) -> list[str]:
    """The ids of all predictions, in order."""
    return [name for (name,) in select(file, "SELECT id FROM predictions ORDER BY id")]


def has_predictions(file: Path) -> bool:
    """Whether something was logged by now."""
    tables = select(file, "SELECT name FROM sqlite_master WHERE name = 'predictions'") if file.exists() else []
    return bool(tables) and bool(logged_ids(file))


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Let nobody else write to the database."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")

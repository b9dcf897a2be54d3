"""Asking a service, and records to ask it with."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pandas as pd

from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.data.synthesis import synthesise
from mlops_maturity.delivery.place import Address
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.foreign import parsed
from mlops_maturity.serving.service import example

SECONDS = 30


class Answer(NamedTuple):
    """What a service answered.

    Attributes:
        status: of HTTP.
        content: JSON, read; None if it is none.
    """

    status: int
    content: Any

    @property
    def told(self) -> str:
        """For people: the status, and the first thing that is wrong with the request, if something is."""
        try:
            problem = self.content["detail"][0]
            where = ".".join(str(part) for part in problem["loc"])
        except (KeyError, IndexError, TypeError):
            return str(self.status)
        return f"{self.status} ({where}: {problem['msg']})"


def ask(address: Address, path: str, content: object = None) -> Answer:
    """Ask for a path, or send it something.

    Raises:
        ProjectError: nobody answers.
    """
    headers = {**address.headers, "Content-Type": "application/json"}
    body = None if content is None else json.dumps(content).encode()
    request = Request(f"{address.url}{path}", body, headers)  # noqa: S310 - the address that one was told to ask
    with _naming(address):
        try:
            with urlopen(request, timeout=SECONDS) as response:  # noqa: S310
                return Answer(response.status, _json(response.read()))
        except HTTPError as error:
            return Answer(error.code, _json(error.read()))


def records_of(schema: Schema, count: int) -> list[dict[str, Any]]:
    """Records that a service accepts: the example of its documentation, and some that are made up from the schema.

    Args:
        schema: of the model.
        count: of those that are made up.
    """
    rows = synthesise(schema, "", count).to_numpy(object)
    made_up = [
        [_plain(column, value) for column, value in zip(schema.columns.values(), row, strict=True)] for row in rows
    ]
    return [example(schema), *(dict(zip(schema.columns, values, strict=True)) for values in made_up)]


def _plain(column: Column, value: Any) -> Any:
    """A value of a table as it stands in JSON."""
    if pd.isna(value):
        return None
    match column.type:
        case "integer":
            return int(value)
        case "boolean":
            return bool(value)
        case _:
            return value.isoformat() if isinstance(value, datetime) else value


def _json(content: bytes) -> Any:
    try:
        return parsed(content)
    except ValueError:
        return None


@contextmanager
def _naming(address: Address) -> Iterator[None]:
    try:
        yield
    except (OSError, HTTPException, ValueError) as error:
        raise ProjectError(f"nobody answers at {address.url}: {error}") from None

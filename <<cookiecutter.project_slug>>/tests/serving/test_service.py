"""The service answers what fits the schema, and names what does not."""

import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
from fastapi.testclient import TestClient

from << cookiecutter.__package_name >>.data.schema import Column, Schema
from << cookiecutter.__package_name >>.paths import ARTEFACT
from << cookiecutter.__package_name >>.serving.artefact import FIELDS
from << cookiecutter.__package_name >>.serving.predictor import Predictor
from << cookiecutter.__package_name >>.serving.service import (
    MOST_BYTES,
    MOST_RECORDS,
    create_app,
    example,
    record_model,
)

pytestmark = pytest.mark.requirement("0-SERVE")


@pytest.fixture(scope="module")
def client(predictor: Predictor) -> Iterator[TestClient]:
    with TestClient(create_app(predictor)) as client:
        yield client


def test_health_names_the_model(client: TestClient, predictor: Predictor) -> None:
    assert client.get("/health").json() == {"status": "ok", "model_version": predictor.version}


def test_model_is_described(client: TestClient) -> None:
    assert set(client.get("/model").json()) == FIELDS | {"age_seconds"}


def test_example_of_the_documentation_is_answered(client: TestClient, predictor: Predictor) -> None:
    documented = client.get("/openapi.json").json()["components"]["schemas"]["Record"]["example"]
    assert documented == example(predictor.schema)
    response = client.post("/predict", json={"records": [documented, documented]})
    assert response.status_code == 200, response.text
    first, second = response.json()["predictions"]
    assert first == second


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"records": []},
        {"records": [{}] * (MOST_RECORDS + 1)},
        {"records": [{"no such column": 1}]},
        {"records": 1},
        [],
    ],
)
def test_what_is_no_request_is_refused(client: TestClient, body: object) -> None:
    assert client.post("/predict", json=body).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"records":',
        b"\xff",
        b"[" * 100_000,
        b'{"records": [{"a": NaN}]}',
        b'{"records": [{"a": 1' + b"0" * 5_000 + b"}]}",
        b'{"records": [{"\\ud800": "\\ud800"}]}',
    ],
    ids=["nothing", "half", "no text", "deep", "no number", "a long number", "half a character"],
)
def test_what_is_no_json_is_refused(client: TestClient, body: bytes) -> None:
    response = client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"][0] == "body"


def test_too_large_a_request_is_refused(client: TestClient) -> None:
    parts = (b" " * 1_000 for _ in range(1 + MOST_BYTES // 1_000))
    assert client.post("/predict", content=parts, headers={"Content-Type": "application/json"}).status_code == 413


def test_wrong_field_is_named(client: TestClient, predictor: Predictor) -> None:
    record = example(predictor.schema)
    name = next(iter(record))
    response = client.post("/predict", json={"records": [record | {name: {"not": "a value"}}]})
    assert response.status_code == 422
    assert name in response.json()["detail"][0]["loc"]


@pytest.mark.ml_test_score("Monitor 2", 1.0)
def test_domain_of_the_schema_is_the_domain_of_the_service() -> None:
    schema = Schema(
        columns={
            "size of it": Column(type="number", minimum=0, maximum=10, missing=0.1),
            "colour": Column(type="category", categories=["blue"], missing=0.0),
        }
    )
    record = record_model(schema)
    assert record.model_validate({"colour": "blue"}).model_dump(by_alias=True) == {"size of it": None, "colour": "blue"}
    for wrong in (
        {"colour": "red"},
        {"colour": "blue", "size of it": 11},
        {"size of it": 1},
        {"colour": None},
        {"colour": "blue", "new": 1},
    ):
        with pytest.raises(ValueError, match="validation error"):
            record.model_validate(wrong)


@pytest.mark.parametrize(
    ("column", "given", "expected"),
    [
        (Column(type="number", missing=0), 1, 1.0),
        (Column(type="integer", missing=0), 2.0, 2),
        (Column(type="boolean", missing=0), True, True),
        (Column(type="category", categories=["a"], open=True, missing=0), "b", "b"),
        (Column(type="datetime", missing=0), "2024-02-29", datetime(2024, 2, 29)),
        (Column(type="datetime", missing=0), "2024-02-29T23:30:00-01:00", datetime(2024, 3, 1, 0, 30)),
    ],
)
def test_value_becomes_what_training_reads(column: Column, given: object, expected: object) -> None:
    record = record_model(Schema(columns={"é, the column": column}))
    assert record.model_validate({"é, the column": given}).model_dump(by_alias=True) == {"é, the column": expected}


@pytest.mark.parametrize(
    ("column", "given"),
    [
        (Column(type="number", missing=0), "1"),
        (Column(type="number", missing=0), True),
        (Column(type="number", missing=0), math.inf),
        (Column(type="number", maximum=5, missing=0), 6),
        (Column(type="integer", missing=0), 2.5),
        (Column(type="integer", missing=0), 10**400),
        (Column(type="integer", minimum=1.5, missing=0), 1),
        (Column(type="boolean", missing=0), 1),
        (Column(type="datetime", missing=0), 1_700_000_000),
        (Column(type="datetime", missing=0), "yesterday"),
        (Column(type="datetime", missing=0), "0001-01-01T00:00:00+10:00"),
    ],
)
def test_value_of_another_kind_is_refused(column: Column, given: object) -> None:
    with pytest.raises(ValueError, match="validation error"):
        record_model(Schema(columns={"a": column})).model_validate({"a": given})


def test_served_by_hand(workspace: Path, predictor: Predictor) -> None:
    assert (workspace / ARTEFACT).exists()
    command = [sys.executable, "-m", "<< cookiecutter.__package_name >>", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=workspace, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[-1].removesuffix("/docs")
            body = json.dumps({"records": [example(predictor.schema)]}).encode()
            request = Request(f"{address}/predict", body, {"Content-Type": "application/json"})  # noqa: S310
            assert json.load(answered(request))["model_version"] == predictor.version
        finally:
            server.terminate()


def answered(request: Request, seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return urlopen(request, timeout=5)  # noqa: S310
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)

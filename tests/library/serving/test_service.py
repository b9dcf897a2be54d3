"""The service answers records that fit the schema, and names the field that does not."""

import math
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.model.artefact import FIELDS
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import ARTEFACT
from mlops_maturity.serving import server
from mlops_maturity.serving.service import MOST_BYTES, MOST_PROBLEMS, MOST_RECORDS, create_app, example, record_model

pytestmark = pytest.mark.guards("0-SERVE")

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def client(predictor: Predictor) -> Iterator[TestClient]:
    """A client of the service without a log."""
    with TestClient(create_app(predictor)) as client:
        yield client


def test_health_names_the_model(client: TestClient, predictor: Predictor) -> None:
    assert client.get("/health").json() == {"status": "ok", "model_version": predictor.version}


def test_page_behind_a_proxy_that_strips_a_prefix_finds_its_document(predictor: Predictor) -> None:
    with TestClient(create_app(predictor), root_path="/models/penguins") as behind:
        assert "/models/penguins/openapi.json" in behind.get("/docs").text
        assert behind.get("/openapi.json").json()["servers"] == [{"url": "/models/penguins"}]
        assert behind.get("/health").status_code == 200


@pytest.mark.guards("0-HAND")
def test_model_returns_the_whole_manifest(client: TestClient) -> None:
    assert FIELDS | {"age_seconds"} <= set(client.get("/model").json())


@pytest.mark.guards("CI-06")
def test_predict_example_of_the_document_is_answered(client: TestClient, predictor: Predictor) -> None:
    documented = client.get("/openapi.json").json()["components"]["schemas"]["Record"]["example"]
    assert documented == example(predictor.schema)
    response = client.post("/predict", json={"records": [documented, documented]})
    assert response.status_code == 200, response.text
    first, second = response.json()["predictions"]
    assert first == second
    assert set(first["probabilities"]) == {"no", "yes"}


@pytest.mark.guards("1-PARITY")
def test_predict_rows_are_answered_as_in_process(client: TestClient, predictor: Predictor) -> None:
    records = [example(predictor.schema) | {"visits": visits} for visits in range(5)]
    answers = client.post("/predict", json={"records": records}).json()["predictions"]
    expected = predictor.answers(predictor.of_records(records))
    assert [answer["probabilities"] for answer in answers] == [answer["probabilities"] for answer in expected]
    assert len({answer["probabilities"]["yes"] for answer in answers}) == 5


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
def test_predict_body_of_another_form_is_refused(client: TestClient, body: object) -> None:
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
def test_predict_body_that_is_no_json_is_refused(client: TestClient, body: bytes) -> None:
    response = client.post("/predict", content=body, headers=JSON)
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"][0] == "body"


def test_predict_body_that_is_too_large_is_refused(client: TestClient) -> None:
    parts = (b" " * 100_000 for _ in range(1 + MOST_BYTES // 100_000))
    assert client.post("/predict", content=parts, headers=JSON).status_code == 413


@pytest.mark.guards("1-API")
def test_predict_wrong_field_is_named(client: TestClient, predictor: Predictor) -> None:
    record = example(predictor.schema)
    for name in record:
        response = client.post("/predict", json={"records": [record | {name: {"not": "a value"}}]})
        assert response.status_code == 422
        assert response.json()["detail"][0]["loc"] == ["body", "records", 0, name]


@pytest.mark.guards("1-API")
@pytest.mark.parametrize(
    "junk",
    [
        {"records": [{str(number): 1 for number in range(100_000)}]},
        {"records": [{}]} | {str(number): 1 for number in range(100_000)},
        {"records": [{"x": 1}] * MOST_RECORDS},
        {"records": [{"x" * 1_000_000: 1}]},
    ],
    ids=["fields", "beside", "records", "long name"],
)
def test_predict_refusal_of_much_junk_is_short(client: TestClient, junk: object) -> None:
    response = client.post("/predict", json=junk)
    assert response.status_code == 422
    assert 1 <= len(response.json()["detail"]) <= MOST_PROBLEMS
    assert len(response.content) < 20_000


@pytest.mark.guards("1-API")
def test_predict_refusal_names_the_unknown_field_before_many_that_are_missing() -> None:
    schema = Schema(columns={f"column {number}": Column(type="number", missing=0) for number in range(85)})
    model: Any = SimpleNamespace(schema=schema, target=SimpleNamespace(name="y"), version="1")
    response = TestClient(create_app(model)).post("/predict", json={"records": [{"unexpected": 1}]})
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"][-1] == "unexpected"


def test_unknown_path_is_not_found(client: TestClient) -> None:
    assert client.get("/nowhere").status_code == 404


def test_record_domain_of_the_schema_is_required() -> None:
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
        (Column(type="text", missing=0), "any", "any"),
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
        (Column(type="text", missing=0), "x" * 10_001),
        (Column(type="datetime", missing=0), 1_700_000_000),
        (Column(type="datetime", missing=0), "yesterday"),
        (Column(type="datetime", missing=0), "0001-01-01T00:00:00+10:00"),
    ],
)
def test_value_of_another_kind_is_refused(column: Column, given: object) -> None:
    with pytest.raises(ValueError, match="validation error"):
        record_model(Schema(columns={"a": column})).model_validate({"a": given})


def test_example_fits_every_type_of_column() -> None:
    types: tuple[Any, ...] = ("number", "integer", "boolean", "category", "datetime", "text")
    schema = Schema(columns={kind: Column(type=kind, missing=0) for kind in types})
    record_model(schema).model_validate(example(schema))


def test_run_takes_an_address_and_serves_the_model(
    served_project: Path, predictor: Predictor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = []

    def run(self: uvicorn.Server, sockets: list[socket.socket]) -> None:
        (listening,) = sockets
        assert f"http://127.0.0.1:{listening.getsockname()[1]}/docs" in capsys.readouterr().out
        app = self.config.app
        assert isinstance(app, FastAPI)
        with TestClient(app) as client:
            answers.append(client.get("/health").json()["model_version"])
        listening.close()

    monkeypatch.chdir(served_project)
    monkeypatch.setattr(uvicorn.Server, "run", run)
    server.run(ARTEFACT, "127.0.0.1", 0)
    assert answers == [predictor.version]


def test_listen_address_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ProjectError, match=f"127.0.0.1:{port} is not to be had .* choose another with --port"):
            server.listen("127.0.0.1", port)

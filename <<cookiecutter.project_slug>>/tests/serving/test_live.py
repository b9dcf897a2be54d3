"""The service in production: it logs, measures, says whether it is ready, refuses what is too much, and stays small."""

import asyncio
import json
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from << cookiecutter.__package_name >>.data.schema import Column
from << cookiecutter.__package_name >>.serving import live
from << cookiecutter.__package_name >>.serving import log as log_module
from << cookiecutter.__package_name >>.serving.live import LiveApp
from << cookiecutter.__package_name >>.serving.log import PredictionLog
from << cookiecutter.__package_name >>.serving.predictor import Predictor
from << cookiecutter.__package_name >>.serving.service import MOST_BYTES, MOST_RECORDS, create_app, example

pytestmark = pytest.mark.requirement("1-API")

JSON = {"Content-Type": "application/json"}
# What training needs and serving does not.
HEAVY = ("matplotlib", "pandas", "pandera", "pyarrow", "scipy", "sklearn")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "predictions.sqlite"


@pytest.fixture
def log(file: Path) -> PredictionLog:
    return PredictionLog(f"sqlite:///{file}")


@pytest.fixture
def client(predictor: Predictor, log: PredictionLog) -> Iterator[TestClient]:
    with TestClient(LiveApp(predictor, log)) as client:
        wait_until(lambda: log.is_open)
        yield client


@pytest.fixture
def body(predictor: Predictor) -> dict[str, Any]:
    return {"records": [example(predictor.schema)]}


def test_answers_as_the_service_without_a_log(client: TestClient, predictor: Predictor, body: dict[str, Any]) -> None:
    with TestClient(create_app(predictor)) as plain:
        expected = plain.post("/predict", json=body).json()
    answer = client.post("/predict", json=body).json()
    assert answer["predictions"][0].pop("id")
    assert answer == expected


def test_both_ways_through_the_service_give_the_same(
    client: TestClient, log: PredictionLog, file: Path, body: dict[str, Any]
) -> None:
    fast = client.post("/predict", json=body)
    slow = client.post("/predict", content=json.dumps(body), headers={"Content-Type": "application/vnd.any+json"})
    assert [response.status_code for response in (fast, slow)] == [200, 200]
    ids = [response.json()["predictions"][0].pop("id") for response in (fast, slow)]
    wait_until(lambda: log.waiting == 0)
    rows = read(file, "SELECT id, record, prediction, probabilities FROM predictions ORDER BY id")
    assert [row[0] for row in rows] == ids
    assert rows[0][1:] == rows[1][1:]
    assert json.loads(rows[0][1]).keys() == body["records"][0].keys()


def test_full_batch_is_answered_in_order(client: TestClient, body: dict[str, Any]) -> None:
    answer = client.post("/predict", json={"records": body["records"] * MOST_RECORDS}).json()
    ids = [prediction["id"] for prediction in answer["predictions"]]
    assert len(ids) == MOST_RECORDS
    assert ids == sorted(set(ids))


def test_wrong_field_is_named(client: TestClient, body: dict[str, Any]) -> None:
    name = next(iter(body["records"][0]))
    response = client.post("/predict", json={"records": [*body["records"], body["records"][0] | {name: {}}]})
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "records", 1, name]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b'{"records": [{}], "more": 1}', b"null"])
def test_what_is_no_request_is_refused(client: TestClient, content: bytes) -> None:
    assert client.post("/predict", content=content, headers=JSON).status_code == 422


def test_too_large_a_request_is_refused(client: TestClient, body: dict[str, Any]) -> None:
    content = json.dumps(body).encode() + b" " * MOST_BYTES
    parts = (content[start : start + 1_000] for start in range(0, len(content), 1_000))
    assert client.post("/predict", content=content, headers=JSON).status_code == 413
    assert client.post("/predict", content=parts, headers=JSON).status_code == 413


def test_requests_of_the_same_moment_get_their_own_answers(
    predictor: Predictor, log: PredictionLog, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (record,) = body["records"]
    gaps = [{"records": [record | {name: None}] * count} for count, name in enumerate(may_miss(predictor), start=1)]
    sizes = []

    def counted(rows: Any, of_rows: Any = predictor.of_rows) -> Any:
        sizes.append(len(rows))
        return of_rows(rows)

    monkeypatch.setattr(predictor, "of_rows", counted)
    answers = ask_at_once(LiveApp(predictor, log), [body, *gaps])
    log.close(5)
    assert sizes == [1 + sum(range(1, len(gaps) + 1))]
    for asked, (status, answer) in zip([body, *gaps], answers, strict=True):
        expected = predictor.answers(predictor.of_records(asked["records"]))
        assert status == 200
        assert len(answer["predictions"]) == len(expected)
        for one, other in zip(answer["predictions"], expected, strict=True):
            assert one.get("probabilities", one["prediction"]) == pytest.approx(
                other.get("probabilities", other["prediction"]), abs=1e-5, rel=1e-5
            )


def test_request_that_fails_takes_no_other_with_it(
    predictor: Predictor, log: PredictionLog, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(rows: Any, of_rows: Any = predictor.of_rows) -> Any:
        if len(rows) > 1:
            raise RuntimeError
        return of_rows(rows)

    monkeypatch.setattr(predictor, "of_rows", fail)
    answers = ask_at_once(LiveApp(predictor, log), [body] * 3)
    assert [status for status, _ in answers] == [200] * 3
    log.close(5)


def test_too_many_requests_are_told_to_come_again(
    predictor: Predictor, log: PredictionLog, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_UNDER_WAY", 3)
    app = LiveApp(predictor, log)
    for _ in range(2):
        assert [status for status, _ in ask_at_once(app, [body] * 5)] == [200, 200, 200, 503, 503]
    log.close(5)


def test_body_that_does_not_come_is_not_waited_for(
    predictor: Predictor, log: PredictionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SECONDS_FOR_A_BODY", 0.01)
    status, _ = asyncio.run(ask(LiveApp(predictor, log), b"{", ends=False))
    assert status == 408
    log.close(5)


def test_full_log_is_no_answer(predictor: Predictor, file: Path, body: dict[str, Any]) -> None:
    log = PredictionLog(f"sqlite:///{file}", most_waiting=0)
    with TestClient(LiveApp(predictor, log)) as client:
        response = client.post("/predict", json=body)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
        assert client.get("/ready").status_code == 503
        assert client.get("/health").status_code == 200


@pytest.mark.requirement("MON-01")
def test_log_is_written_before_the_service_ends(
    predictor: Predictor, file: Path, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "PAUSE", 60)
    with TestClient(LiveApp(predictor, PredictionLog(f"sqlite:///{file}"))) as client:
        name = client.post("/predict", json=body).json()["predictions"][0]["id"]
    assert read(file, "SELECT id FROM predictions") == [(name,)]


def test_ready_until_it_ends(predictor: Predictor, log: PredictionLog) -> None:
    ending = False
    with TestClient(LiveApp(predictor, log, lambda: ending)) as client:
        wait_until(lambda: log.is_open)
        assert client.get("/ready").json() == {"status": "ready"}
        ending = True
        response = client.get("/ready")
        assert (response.status_code, response.json()) == (503, {"status": "ending"})


@pytest.mark.requirement("MON-03")
def test_metrics_count_what_was_done(client: TestClient, predictor: Predictor, body: dict[str, Any]) -> None:
    client.post("/predict", json={"records": body["records"] * 3})
    client.post("/predict", json={})
    client.get("/nowhere")
    page = client.get("/metrics").text
    for line in (
        'http_requests_total{route="/predict",status="200"} 1.0',
        'http_requests_total{route="/predict",status="422"} 1.0',
        'http_requests_total{route="other",status="404"} 1.0',
        'http_request_seconds_count{route="/predict"} 2.0',
        "predictions_total 3.0",
        f'model_info{{version="{predictor.version}"}} 1.0',
        "prediction_log_dropped_records 0.0",
    ):
        assert line in page.splitlines()
    assert re.search(r"^model_age_seconds \d", page, re.MULTILINE)
    assert re.search(r"^prediction_log_queue_records \d", page, re.MULTILINE)


@pytest.mark.requirement("MON-03")
def test_error_is_counted(predictor: Predictor, log: PredictionLog, body: dict[str, Any]) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    app = LiveApp(predictor, log)
    with TestClient(app, raise_server_exceptions=False) as client, pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "put", fail)
        assert client.post("/predict", json=body).status_code == 500
        assert 'http_requests_total{route="/predict",status="500"} 1.0' in client.get("/metrics").text


@pytest.mark.requirement("MON-01")
def test_label_is_logged(client: TestClient, predictor: Predictor, file: Path, body: dict[str, Any]) -> None:
    name = client.post("/predict", json=body).json()["predictions"][0]["id"]
    label = a_label(predictor)
    response = client.post("/labels", json={"labels": [{"id": name, "label": label}]})
    assert (response.status_code, response.json()) == (200, {"written": 1})
    ((labelled, written),) = read(file, "SELECT prediction_id, label FROM labels")
    assert (labelled, json.loads(written)) == (name, label)


@pytest.mark.requirement("MON-01")
def test_label_that_fits_nothing_is_refused(
    client: TestClient, predictor: Predictor, file: Path, body: dict[str, Any]
) -> None:
    name = client.post("/predict", json=body).json()["predictions"][0]["id"]
    good = {"id": name, "label": a_label(predictor)}
    unknown = client.post("/labels", json={"labels": [good, good | {"id": "unknown"}]})
    assert unknown.status_code == 404
    assert unknown.json()["detail"][0]["loc"] == ["body", "labels", 1, "id"]
    wrong = client.post("/labels", json={"labels": [good, good | {"label": {}}]})
    assert wrong.status_code == 422
    assert wrong.json()["detail"][0]["loc"][:4] == ["body", "labels", 1, "label"]
    assert read(file, "SELECT * FROM labels") == []


def test_serving_loads_nothing_that_only_training_needs(workspace: Path, predictor: Predictor) -> None:
    if predictor.manifest["format"] != "onnx":
        pytest.skip("not exercised: a model that ONNX cannot say needs scikit-learn")
    code = f"""
import json, sys
from << cookiecutter.__package_name >>.serving.live import LiveApp
from << cookiecutter.__package_name >>.serving.log import PredictionLog
from << cookiecutter.__package_name >>.serving.predictor import Predictor
from << cookiecutter.__package_name >>.serving.service import example
predictor = Predictor.load()
log = PredictionLog("sqlite:///logs/unused.sqlite")
LiveApp(predictor, log)._framework.openapi()
predictor.of_records([example(predictor.schema)])
log.close(5)
print([name for name in {HEAVY} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=workspace, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def may_miss(predictor: Predictor) -> list[str]:
    return [name for name, column in predictor.schema.columns.items() if column.missing > 0]


def a_label(predictor: Predictor) -> Any:
    if predictor.target.classes:
        return predictor.target.classes[0]
    column = Column.model_validate(predictor.manifest["schema"]["columns"][predictor.target.name])
    return column.minimum or 0.0


def read(file: Path, statement: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(file)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


async def ask(app: LiveApp, content: bytes, *, ends: bool = True) -> tuple[int, Any]:
    """The status and the content of one answer, as a server would get it."""
    sent: list[Any] = []
    messages = iter([{"type": "http.request", "body": content, "more_body": not ends}])

    async def receive() -> Any:
        if message := next(messages, None):
            return message
        return await asyncio.sleep(60, {})

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": headers, "query_string": b""}
    await app(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


def ask_at_once(app: LiveApp, bodies: list[Any]) -> list[tuple[int, Any]]:
    """The answers to requests that come in the same moment."""

    async def all_of_them() -> list[tuple[int, Any]]:
        return await asyncio.gather(*(ask(app, json.dumps(body).encode()) for body in bodies))

    return asyncio.run(all_of_them())


def wait_until(is_so: Any, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)

"""The service in production: it logs, counts, says whether it is ready, and refuses what is too much."""

import asyncio
import json
import re
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from library.serving.logged import locked, logged_ids, select
from library.shop import Shop, open_shop
from library.waiting import wait_until
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import ARTEFACT
from mlops_maturity.serving import bodies, live, together
from mlops_maturity.serving import log as log_module
from mlops_maturity.serving.live import LiveApp
from mlops_maturity.serving.log import PredictionLog
from mlops_maturity.serving.service import MOST_BYTES, MOST_RECORDS, create_app, example

pytestmark = pytest.mark.guards("1-API")

JSON = {"Content-Type": "application/json"}


def test_predict_is_answered_as_by_the_service_without_a_log(
    client: TestClient, predictor: Predictor, body: dict[str, Any]
) -> None:
    with TestClient(create_app(predictor)) as plain:
        expected = plain.post("/predict", json=body).json()
    answer = client.post("/predict", json=body).json()
    assert answer["predictions"][0].pop("id")
    assert answer == expected


@pytest.mark.guards("1-PARITY", "CI-06", "MON-01")
def test_predict_fast_and_slow_way_answer_and_log_the_same(
    client: TestClient, log: PredictionLog, file: Path, body: dict[str, Any]
) -> None:
    fast = client.post("/predict", json=body)
    slow = client.post("/predict", content=json.dumps(body), headers={"Content-Type": "application/vnd.any+json"})
    assert [response.status_code for response in (fast, slow)] == [200, 200]
    ids = [response.json()["predictions"][0].pop("id") for response in (fast, slow)]
    wait_until(lambda: log.waiting == 0)
    rows = select(file, "SELECT id, record, prediction, probabilities FROM predictions ORDER BY id")
    assert [row[0] for row in rows] == ids
    assert rows[0][1:] == rows[1][1:]
    assert json.loads(rows[0][1]).keys() == body["records"][0].keys()


@pytest.mark.parametrize("kind", ["multi-class", "regression"])
def test_predict_other_kinds_of_target_are_answered(kind: str, log: PredictionLog) -> None:
    shop = open_shop(kind)
    record = example(shop.predictor.schema)
    with TestClient(LiveApp(shop.predictor, log)) as client:
        answer = client.post("/predict", json={"records": [record]}).json()["predictions"][0]
    (expected,) = shop.predictor.answers(shop.predictor.of_records([record]))
    assert answer == {"id": answer["id"], **expected}


def test_predict_full_batch_is_answered_in_order(client: TestClient, body: dict[str, Any]) -> None:
    answer = client.post("/predict", json={"records": body["records"] * MOST_RECORDS}).json()
    ids = [prediction["id"] for prediction in answer["predictions"]]
    assert len(ids) == MOST_RECORDS
    assert ids == sorted(set(ids))


def test_predict_wrong_field_is_named(client: TestClient, body: dict[str, Any]) -> None:
    name = next(iter(body["records"][0]))
    response = client.post("/predict", json={"records": [*body["records"], body["records"][0] | {name: {}}]})
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "records", 1, name]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b'{"records": [{}], "more": 1}', b"null"])
def test_predict_body_that_is_no_request_is_refused(client: TestClient, content: bytes) -> None:
    assert client.post("/predict", content=content, headers=JSON).status_code == 422


def test_predict_body_that_is_too_large_is_refused(client: TestClient, body: dict[str, Any]) -> None:
    content = json.dumps(body).encode() + b" " * MOST_BYTES
    assert client.post("/predict", content=content, headers=JSON).status_code == 413


def test_predict_body_in_parts_is_answered_unless_they_are_too_large(
    predictor: Predictor, log: PredictionLog, body: dict[str, Any]
) -> None:
    app, content = LiveApp(predictor, log), json.dumps(body).encode()
    assert asyncio.run(ask(app, content[:10], content[10:20], content[20:]))[0] == 200
    half = b" " * (MOST_BYTES // 2)
    assert asyncio.run(ask(app, content, half, half, half, ends=False))[0] == 413


def test_predict_requests_of_one_moment_share_a_call_and_get_their_own_answers(
    predictor: Predictor, log: PredictionLog, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (record,) = body["records"]
    may_miss = [name for name, column in predictor.schema.columns.items() if column.missing > 0]
    bodies = [body, *({"records": [record | {name: None}] * count} for count, name in enumerate(may_miss, start=1))]
    expected = [predictor.answers(predictor.of_records(asked["records"])) for asked in bodies]
    sizes = []

    def counted(rows: Any, of_rows: Any = predictor.of_rows) -> Any:
        sizes.append(len(rows))
        return of_rows(rows)

    monkeypatch.setattr(predictor, "of_rows", counted)
    answers = ask_at_once(LiveApp(predictor, log), bodies)
    assert sizes == [sum(len(asked["records"]) for asked in bodies)]
    for (status, answer), each in zip(answers, expected, strict=True):
        assert status == 200
        assert len(answer["predictions"]) == len(each)
        for one, other in zip(answer["predictions"], each, strict=True):
            assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-5)


def test_predict_requests_of_one_moment_over_a_batch_are_answered(
    predictor: Predictor, log: PredictionLog, body: dict[str, Any]
) -> None:
    full = {"records": body["records"] * MOST_RECORDS}
    answers = ask_at_once(LiveApp(predictor, log), [body, full, body])
    assert [len(answer["predictions"]) for _, answer in answers] == [1, MOST_RECORDS, 1]


def test_predict_request_that_fails_takes_no_other_with_it(
    predictor: Predictor, log: PredictionLog, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(rows: Any, of_rows: Any = predictor.of_rows) -> Any:
        if len(rows) > 1:
            raise RuntimeError
        return of_rows(rows)

    monkeypatch.setattr(predictor, "of_rows", fail)
    answers = ask_at_once(LiveApp(predictor, log), [body] * 3)
    assert [status for status, _ in answers] == [200] * 3


def test_predict_too_many_requests_are_refused_for_now(
    predictor: Predictor, log: PredictionLog, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_UNDER_WAY", 3)
    app = LiveApp(predictor, log)
    for _ in range(2):
        assert [status for status, _ in ask_at_once(app, [body] * 5)] == [200, 200, 200, 503, 503]


def test_predict_body_that_does_not_come_holds_up_nobody(
    predictor: Predictor, log: PredictionLog, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_UNDER_WAY", 1)
    app = LiveApp(predictor, log)

    async def one_that_comes() -> tuple[int, Any]:
        silent = [asyncio.create_task(ask(app, b"{", ends=False)) for _ in range(5)]
        await asyncio.sleep(0)
        answered = await ask(app, json.dumps(body).encode())
        for task in silent:
            task.cancel()
        return answered

    assert asyncio.run(one_that_comes())[0] == 200


def test_predict_answer_that_is_not_read_holds_up_nobody(
    predictor: Predictor, log: PredictionLog, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_UNDER_WAY", 1)
    app, content = LiveApp(predictor, log), json.dumps(body).encode()

    async def one_that_reads() -> tuple[int, Any]:
        unread = asyncio.create_task(ask(app, content, reads=False))
        await asyncio.sleep(0.1)
        answered = await ask(app, content)
        unread.cancel()
        return answered

    assert asyncio.run(one_that_reads())[0] == 200


def test_predict_bodies_in_parts_over_the_room_for_them_are_refused_for_now(
    predictor: Predictor, log: PredictionLog, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, content = LiveApp(predictor, log), json.dumps(body).encode()
    monkeypatch.setattr(bodies, "MOST_BYTES_IN_PARTS", len(content))
    for _ in range(2):
        assert asyncio.run(ask(app, content[:-1], content[-1:]))[0] == 200
        assert asyncio.run(ask(app, content, b" " * len(content), b" "))[0] == 503
    assert asyncio.run(ask(app, content + b" " * len(content)))[0] == 200


def test_predict_client_that_goes_is_counted_and_not_answered(client: TestClient) -> None:
    app = client.app
    assert isinstance(app, LiveApp)
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app({"type": "http", "method": "POST", "path": "/predict", "headers": []}, receive, send))
    assert sent == []
    assert 'http_requests_total{route="/predict",status="408"} 1.0' in client.get("/metrics").text


def test_ready_while_requests_are_refused_is_refused(
    predictor: Predictor, log: PredictionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TestClient(LiveApp(predictor, log)) as client:
        wait_until(lambda: log.is_open)
        monkeypatch.setattr(live, "MOST_UNDER_WAY", 1)  # the question itself
        response = client.get("/ready")
        assert (response.status_code, response.json()) == (503, {"status": together.BUSY})
        monkeypatch.setattr(live, "MOST_UNDER_WAY", 2)
        assert client.get("/ready").status_code == 200


@pytest.mark.guards("MON-01")
def test_predict_full_log_is_refused(predictor: Predictor, file: Path, body: dict[str, Any]) -> None:
    log = PredictionLog(f"sqlite:///{file}", most_waiting=0)
    with TestClient(LiveApp(predictor, log)) as client:
        response = client.post("/predict", json=body)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
        wait_until(lambda: log.is_open)
        ready = client.get("/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "too many predictions wait for the log")
        assert client.get("/health").status_code == 200


@pytest.mark.guards("MON-01")
def test_predict_durable_answer_without_a_commit_is_refused(
    predictor: Predictor, file: Path, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "SECONDS_FOR_A_COMMIT", 0.05)
    monkeypatch.setattr(log_module, "RETRY_SECONDS", 0.02)
    log = PredictionLog(f"sqlite:///{file}?timeout=0.01", durable=True)
    with TestClient(LiveApp(predictor, log)) as client:
        wait_until(lambda: log.is_open)
        with locked(file):
            assert client.post("/predict", json=body).status_code == 503
        wait_until(lambda: log.waiting == 0)
        assert client.post("/predict", json=body).status_code == 200
    assert len(logged_ids(file)) == 2


@pytest.mark.guards("MON-01")
def test_log_is_written_before_the_service_ends(
    predictor: Predictor, file: Path, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "PAUSE", 60)
    with TestClient(LiveApp(predictor, PredictionLog(f"sqlite:///{file}"))) as client:
        name = client.post("/predict", json=body).json()["predictions"][0]["id"]
    assert logged_ids(file) == [name]


def test_ready_until_it_ends(predictor: Predictor, log: PredictionLog) -> None:
    ending = False
    with TestClient(LiveApp(predictor, log, lambda: ending)) as client:
        wait_until(lambda: log.is_open)
        assert client.get("/ready").json() == {"status": "ready"}
        ending = True
        response = client.get("/ready")
        assert (response.status_code, response.json()) == (503, {"status": "ending"})


@pytest.mark.guards("MON-01")
def test_ready_without_a_database_is_refused(
    predictor: Predictor, file: Path, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any]
) -> None:
    monkeypatch.setattr(log_module, "RETRY_SECONDS", 0.02)
    file.mkdir(parents=True)  # a folder is no database
    log = PredictionLog(f"sqlite:///{file}")
    with TestClient(LiveApp(predictor, log)) as client:
        response = client.get("/ready")
        assert (response.status_code, response.json()["status"]) == (503, "the prediction log cannot be written yet")
        name = client.post("/predict", json=body).json()["predictions"][0]["id"]
        label = {"labels": [{"id": name, "label": "yes"}]}
        assert client.post("/labels", json=label).status_code == 503
        monkeypatch.setattr(live, "SECONDS_TO_END", 0.05)
    assert log.dropped == 1


@pytest.mark.guards("MON-03")
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
        "prediction_log_failed_writes 0.0",
    ):
        assert line in page.splitlines()
    assert re.search(r"^model_age_seconds \d", page, re.MULTILINE)
    assert re.search(r"^prediction_log_queue_records \d", page, re.MULTILINE)


@pytest.mark.guards("MON-03")
def test_metrics_error_is_counted(predictor: Predictor, log: PredictionLog, body: dict[str, Any]) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    app = LiveApp(predictor, log)
    with TestClient(app, raise_server_exceptions=False) as client, pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "put", fail)
        assert client.post("/predict", json=body).status_code == 500
        assert 'http_requests_total{route="/predict",status="500"} 1.0' in client.get("/metrics").text


@pytest.mark.guards("MON-01")
@pytest.mark.parametrize(("kind", "label"), [("binary", "yes"), ("multi-class", 2), ("regression", 0.5)])
def test_label_of_a_prediction_is_logged(kind: str, label: object, log: PredictionLog, file: Path) -> None:
    predictor = open_shop(kind).predictor
    with TestClient(LiveApp(predictor, log)) as client:
        wait_until(lambda: log.is_open)
        name = client.post("/predict", json={"records": [example(predictor.schema)]}).json()["predictions"][0]["id"]
        response = client.post("/labels", json={"labels": [{"id": name, "label": label}]})
    assert (response.status_code, response.json()) == (200, {"written": 1, "kept": []})
    ((labelled, written),) = select(file, "SELECT prediction_id, label FROM labels")
    assert (labelled, json.loads(written)) == (name, label)


@pytest.mark.guards("MON-01")
def test_label_that_differs_from_the_first_is_named_and_not_taken(
    client: TestClient, file: Path, body: dict[str, Any]
) -> None:
    first, second = (client.post("/predict", json=body).json()["predictions"][0]["id"] for _ in range(2))

    def give(*values: tuple[str, str]) -> Any:
        return client.post("/labels", json={"labels": [{"id": name, "label": label} for name, label in values]}).json()

    assert give((first, "yes")) == {"written": 1, "kept": []}
    assert give((first, "yes")) == {"written": 1, "kept": []}
    assert give((first, "no"), (second, "no")) == {"written": 1, "kept": [first]}
    assert give((second, "no"), (second, "yes")) == {"written": 1, "kept": [second]}
    assert dict(select(file, "SELECT prediction_id, label FROM labels")) == {first: '"yes"', second: '"no"'}


@pytest.mark.guards("MON-01")
def test_label_that_does_not_fit_is_refused_with_all_others(
    client: TestClient, file: Path, body: dict[str, Any]
) -> None:
    name = client.post("/predict", json=body).json()["predictions"][0]["id"]
    good = {"id": name, "label": "yes"}
    unknown = client.post("/labels", json={"labels": [good, good | {"id": "unknown"}]})
    assert unknown.status_code == 404
    assert unknown.json()["detail"][0]["loc"] == ["body", "labels", 1, "id"]
    wrong = client.post("/labels", json={"labels": [good, good | {"label": "maybe"}]})
    assert wrong.status_code == 422
    assert wrong.json()["detail"][0]["loc"][:4] == ["body", "labels", 1, "label"]
    assert select(file, "SELECT * FROM labels") == []


@pytest.fixture
def _own_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave this process's signals and threads as they are."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(sys, "setswitchinterval", lambda _: None)


@pytest.mark.guards("MON-01")
@pytest.mark.usefixtures("_own_process")
def test_run_serves_the_model_with_the_log_of_the_environment(
    served_project: Path, file: Path, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    durable, answered = [], []

    def run(self: uvicorn.Server, sockets: list[socket.socket]) -> None:
        app = self.config.app
        assert isinstance(app, LiveApp)
        durable.append(app._log.durable)
        with TestClient(app) as client:
            answered.append(client.post("/predict", json=body).json()["predictions"][0]["id"])
            self.should_exit = True
            assert client.get("/ready").status_code == 503
        sockets[0].close()

    monkeypatch.chdir(served_project)
    monkeypatch.setattr(uvicorn.Server, "run", run)
    monkeypatch.setenv("PREDICTION_LOG", f"sqlite:///{file}")
    for value in ("0", "1"):
        monkeypatch.setenv("PREDICTION_LOG_DURABLE", value)
        live.run(ARTEFACT, "127.0.0.1", 0)
    assert durable == [False, True]
    assert logged_ids(file) == answered


@pytest.mark.guards("MON-01")
@pytest.mark.usefixtures("_own_process")
def test_run_log_away_at_the_end_is_an_error(served_project: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(self: uvicorn.Server, sockets: list[socket.socket]) -> None:
        app = self.config.app
        assert isinstance(app, LiveApp)
        app._log.close(5)
        app._log.dropped = 3
        sockets[0].close()

    monkeypatch.chdir(served_project)
    monkeypatch.setattr(uvicorn.Server, "run", run)
    monkeypatch.setenv("PREDICTION_LOG", f"sqlite:///{file}")
    with pytest.raises(ProjectError, match="away at the end: 3 predictions are not in it"):
        live.run(ARTEFACT, "127.0.0.1", 0)


def test_label_of_a_slow_log_is_refused_for_now(
    client: TestClient, log: PredictionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("", {}, Exception("away"))

    monkeypatch.setattr(log, "label", fail)
    response = client.post("/labels", json={"labels": [{"id": "any", "label": "yes"}]})
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")


def test_column_that_cannot_be_read_fast_is_answered_by_the_framework(
    shop: Shop, log: PredictionLog, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "reader", lambda *_: None)
    with TestClient(LiveApp(shop.predictor, log)) as client:
        assert client.post("/predict", json=body).status_code == 200


async def ask(app: LiveApp, *parts: bytes, ends: bool = True, reads: bool = True) -> tuple[int, Any]:
    """The status and the content of one answer, as a server would get it.

    Args:
        app: that is asked.
        parts: of the body.
        ends: whether the last of them comes as the last.
        reads: whether the client takes the answer.
    """
    sent: list[Any] = []
    more = [True] * (len(parts) - 1) + [not ends]
    bodies = zip(parts, more, strict=True)
    messages = iter([{"type": "http.request", "body": part, "more_body": goes_on} for part, goes_on in bodies])

    async def receive() -> Any:
        if message := next(messages, None):
            return message
        return await asyncio.sleep(60, {})

    async def send(message: Any) -> None:
        if not reads:
            await asyncio.sleep(60)
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

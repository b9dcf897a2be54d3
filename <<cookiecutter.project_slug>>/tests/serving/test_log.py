"""The prediction log: what was answered is in it, whatever happens to the database and to the process."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

from << cookiecutter.__package_name >>.errors import ProjectError
from << cookiecutter.__package_name >>.serving import log as log_module
from << cookiecutter.__package_name >>.serving.log import Entry, PredictionLog
from << cookiecutter.__package_name >>.serving.predictor import Predictor
from << cookiecutter.__package_name >>.serving.service import example

pytestmark = pytest.mark.requirement("MON-01")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "predictions.sqlite"


def entry(log: PredictionLog, count: int = 1) -> Entry:
    answer = {"prediction": "a", "probabilities": {"a": 0.75, "b": 0.25}}
    return Entry(log.new_ids(count), 1.5, "v1", [{"size, é": None}] * count, [answer] * count)


def logged(file: Path, columns: str = "id") -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(file)
    try:
        return connection.execute(f"SELECT {columns} FROM predictions ORDER BY id").fetchall()  # noqa: S608
    finally:
        connection.close()


def test_row_says_what_was_asked_and_answered(file: Path) -> None:
    log = PredictionLog(f"sqlite:///{file}")
    log.put(entry(log))
    assert log.close(5) == 0
    assert logged(file, "at, model_version, record, prediction, probabilities") == [
        (1.5, "v1", '{"size, é":null}', '"a"', "[0.75,0.25]")
    ]


def test_value_has_no_probabilities(file: Path) -> None:
    log = PredictionLog(f"sqlite:///{file}")
    log.put(Entry(["1"], 1.5, "v1", [{}], [{"prediction": 2.5}]))
    log.close(5)
    assert logged(file, "prediction, probabilities") == [("2.5", None)]


def test_ids_differ_and_sort_by_time(file: Path) -> None:
    log = PredictionLog(f"sqlite:///{file}")
    ids = [name for _ in range(100) for name in log.new_ids(3)]
    assert ids == sorted(set(ids))
    log.close(5)


def test_written_while_the_service_runs(file: Path) -> None:
    log = PredictionLog(f"sqlite:///{file}")
    log.put(entry(log, 2_500))
    wait_until(lambda: log.waiting == 0)
    assert len(logged(file)) == 2_500
    log.close(5)


def test_database_that_is_away_loses_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "RETRY_SECONDS", 0.02)
    log = PredictionLog(f"sqlite:///{file}?timeout=0.01", most_waiting=50)
    wait_until(lambda: log.is_open)
    with locked(file):
        log.put(entry(log, 50))
        wait_until(lambda: log.failures > 1)
        assert log.is_full
        assert log.is_open
    wait_until(lambda: not log.is_full)
    assert log.close(5) == 0
    assert len(logged(file)) == 50


def test_what_cannot_be_written_at_the_end_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "RETRY_SECONDS", 0.02)
    log = PredictionLog(f"sqlite:///{file}?timeout=0.01")
    wait_until(lambda: log.is_open)
    with locked(file):
        log.put(entry(log, 3))
        assert log.close(0.1) == 3


def test_durable_answer_waits_for_its_commit(file: Path) -> None:
    log = PredictionLog(f"sqlite:///{file}", durable=True)

    async def put() -> list[tuple[Any, ...]]:
        committed = log.put(entry(log, 3))
        assert committed is not None
        await asyncio.wait_for(committed, 5)
        return logged(file)

    assert len(asyncio.run(put())) == 3
    log.close(5)


def test_label_needs_its_prediction(file: Path) -> None:
    log = PredictionLog(f"sqlite:///{file}")
    asked = entry(log)
    (name,) = asked.ids
    wait_until(lambda: log.is_open)
    log.put(asked)
    assert log.label({name: "a", "another": "b"}) == ["another"]
    assert log.label({name: "a"}) == []
    assert log.label({name: "b"}) == []
    log.close(5)
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT prediction_id, label FROM labels").fetchall() == [(name, '"b"')]
    connection.close()


@pytest.mark.parametrize("url", ["no url", "mysql://host/database"])
def test_log_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(ProjectError, match="PREDICTION_LOG"):
        PredictionLog(url)


def test_told_to_end_it_loses_nothing(workspace: Path, predictor: Predictor, file: Path) -> None:
    """Nor what waits for a database that is busy just then: without a wait, hardly anything would be left to lose."""
    with serving(workspace, file) as (server, address):

        def end() -> None:
            with locked(file):
                time.sleep(0.1)
                server.send_signal(signal.SIGTERM)
                time.sleep(0.5)

        answered = ask_until_gone(server, address, predictor, end)
        assert server.wait(20) == 0
    assert len(answered) > 10
    assert set(answered) <= {name for (name,) in logged(file)}


@pytest.mark.parametrize("durable", [False, True])
def test_killed_it_loses_what_is_promised(workspace: Path, predictor: Predictor, file: Path, durable: bool) -> None:
    with serving(workspace, file, PREDICTION_LOG_DURABLE=str(int(durable))) as (server, address):
        answered = ask_until_gone(server, address, predictor, server.kill, seconds=1)
        killed = time.time()
        server.wait(20)
    lost = set(answered) - {name for (name,) in logged(file)}
    assert len(answered) > 10
    # What the log's own words promise, and the time of one write on a machine that is busy with other things.
    allowed = 0 if durable else 0.05 + 0.5
    assert all(killed - int(name[:16], 16) / 1e9 <= allowed for name in lost), len(lost)


@contextmanager
def serving(workspace: Path, file: Path, **more: str) -> Iterator[tuple["subprocess.Popen[str]", tuple[str, int]]]:
    """The service as it is run, on a free port."""
    command = [sys.executable, "-m", "<< cookiecutter.__package_name >>", "serve", "--port", "0"]
    environment = os.environ | {"PREDICTION_LOG": f"sqlite:///{file}"} | more
    with subprocess.Popen(command, cwd=workspace, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            host, port = server.stdout.readline().split("//")[1].split("/")[0].split(":")
            yield server, (host, int(port))
        finally:
            server.kill()


def ask_until_gone(
    server: "subprocess.Popen[str]", address: tuple[str, int], predictor: Predictor, end: Any, seconds: float = 0.3
) -> list[str]:
    """Ask from several threads, end the service after a while, and return the ids of what was answered."""
    body = json.dumps({"records": [example(predictor.schema)]})
    answered: list[str] = []
    first = threading.Event()

    def ask() -> None:
        connection = HTTPConnection(*address, timeout=10)
        try:
            while True:
                connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                content = json.load(response)
                assert response.status == 200, content
                answered.append(content["predictions"][0]["id"])
                first.set()
        except (OSError, HTTPException):
            return
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert first.wait(20)
    time.sleep(seconds)
    assert server.poll() is None
    end()
    for thread in threads:
        thread.join(20)
    return answered


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Let nobody write to the database."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def wait_until(is_so: Any, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)

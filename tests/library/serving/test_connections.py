"""Clients that are slow, silent or greedy lose their connection, and nobody else notices."""

import asyncio
import json
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from typing import Any
from urllib.request import urlopen

import pytest

from library.waiting import wait_until
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.serving import connections, server
from mlops_maturity.serving.live import LiveApp
from mlops_maturity.serving.log import PredictionLog
from mlops_maturity.serving.server import Server, listen
from mlops_maturity.serving.service import MOST_RECORDS

pytestmark = pytest.mark.guards("1-API")

HEAD = b"POST /predict HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"


class Running:
    """A server in a thread of its own."""

    def __init__(self, predictor: Predictor, log: PredictionLog) -> None:
        """Begin to serve."""
        self.server = Server(LiveApp(predictor, log, lambda: self.server.should_exit))
        self._listening = listen("127.0.0.1", 0)
        self.port: int = self._listening.getsockname()[1]
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self._listening]})
        self.thread.start()
        wait_until(lambda: self.server.started)

    def connect(self, *parts: bytes) -> socket.socket:
        """A connection on which something was sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        for part in parts:
            connection.sendall(part)
        return connection

    def end(self, number: int = 15) -> None:
        """Tell it to end, as a signal would."""
        self.server.handle_exit(number, None)

    @property
    def open(self) -> int:
        """How many connections it has."""
        return len(self.server.server_state.connections)


@pytest.fixture
def running(predictor: Predictor, file: Any) -> Iterator[Running]:
    """A server, ended without a wait if a test did not end it."""
    found = Running(predictor, PredictionLog(f"sqlite:///{file}"))
    yield found
    found.end(2)
    found.end(2)
    found.thread.join(20)
    assert not found.thread.is_alive()


@pytest.fixture
def request_of(body: dict[str, Any]) -> Callable[..., bytes]:
    """A whole request with so many records."""

    def make(count: int = 1) -> bytes:
        content = json.dumps({"records": body["records"] * count}).encode()
        return HEAD + b"Content-Length: %d\r\n\r\n" % len(content) + content

    return make


def received(connection: socket.socket) -> bytes:
    """All that comes until the server closes the connection, or resets it."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def sent(connection: socket.socket, part: bytes, times: int, pause: float = 0) -> int:
    """Send the same again and again until the server closes the connection, and return how often that was."""
    for number in range(times):
        try:
            connection.sendall(part)
        except OSError:
            return number
        time.sleep(pause)
    return times


@pytest.mark.parametrize(
    ("begun", "status"),
    [
        (b"", b""),
        (b"\r\n", b"408"),
        (b"POST /pre", b"408"),
        (HEAD, b"408"),
        (HEAD + b"Content-Length: 9\r\n\r\n", b"408"),
        (HEAD + b"Content-Length: 9\r\n\r\n{", b"408"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b"408"),
        (b"GET /health HTTP/1.1\r\nHost: here\r\n\r\nPOST /pre", b"200"),
    ],
)
def test_request_that_does_not_come_in_time_ends_the_connection(
    running: Running, monkeypatch: pytest.MonkeyPatch, begun: bytes, status: bytes
) -> None:
    monkeypatch.setattr(connections, "SECONDS_OF_A_TURN", 0.2)
    with closing(running.connect(begun)) as connection:
        assert received(connection)[9:12] == status
    wait_until(lambda: running.open == 0)


def test_request_that_comes_byte_by_byte_has_one_time_for_all_of_it(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "SECONDS_OF_A_TURN", 0.3)
    with closing(running.connect()) as connection:
        assert 0 < sent(connection, b"P", 1_000, pause=0.02) < 1_000


@pytest.mark.parametrize(
    "junk",
    [
        HEAD + b"X: " + b"x" * 200_000,
        HEAD + b"".join(b"X%d: x\r\n" % number for number in range(200)),
        b"\r\n" * 100_000,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 20_000,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: " + b"x" * 200_000,
        b"GET /health HTTP/1.1\r\nHost: here\r\n\r\n" * 10_000,
    ],
    ids=["a long field", "many fields", "nothing", "small chunks", "trailers", "pipelined"],
)
def test_bytes_beside_a_body_that_are_too_many_end_the_connection(running: Running, junk: bytes) -> None:
    with closing(running.connect()) as connection:
        sent(connection, junk, 1)
        assert b"HTTP/1.1 200" not in received(connection)[:12] or b"GET" in junk
    wait_until(lambda: running.open == 0)


def test_body_without_an_end_is_refused_and_not_read_for_ever(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_BYTES_OF_A_BODY", 3_000_000)
    with closing(running.connect(HEAD + b"Content-Length: 1000000000\r\n\r\n")) as connection:
        assert sent(connection, b" " * 100_000, 10_000) < 10_000
    wait_until(lambda: running.open == 0)


def test_body_that_is_too_large_is_refused_in_words(running: Running) -> None:
    with closing(running.connect(HEAD + b"Content-Length: 3000000\r\n\r\n" + b" " * 3_000_000)) as connection:
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_answers_that_are_not_read_end_the_connection(
    running: Running, request_of: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "SECONDS_OF_A_TURN", 0.5)
    content = request_of(MOST_RECORDS)
    with closing(running.connect()) as connection:
        assert sent(connection, content, 1_000) < 1_000
    wait_until(lambda: running.open == 0)


def test_connections_over_the_most_end_those_that_wait_longest(
    running: Running, request_of: Callable[..., bytes]
) -> None:
    running.server.server_state.requests = connections.Turns(3)
    with ExitStack() as stack:
        silent = [stack.enter_context(closing(running.connect())) for _ in range(3)]
        wait_until(lambda: running.open == 3)
        other = stack.enter_context(closing(running.connect(request_of())))
        assert other.recv(12) == b"HTTP/1.1 200"
        assert received(silent[0]) == b""


def test_connections_whose_time_ends_in_one_moment_are_ended_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands at once would hold up the requests of all others."""
    monkeypatch.setattr(connections, "SECONDS_OF_A_TURN", -1)
    state = connections.State()
    ended: list[object] = []
    turns: list[int] = []

    class Silent:
        def expire(self) -> None:
            ended.append(self)

    silent: list[Any] = [Silent() for _ in range(50)]
    for each in silent:
        state.requests.begin(each)

    async def others() -> None:
        while len(ended) < len(silent):
            turns.append(len(ended))
            await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(state.expire(), others())

    asyncio.run(both())
    assert ended == silent
    assert turns == [20, 40]


def test_requests_on_one_connection_are_answered_however_many(
    running: Running, request_of: Callable[..., bytes]
) -> None:
    with closing(running.connect()) as connection:
        for _ in range(3):
            connection.sendall(request_of() * 10)
            answers = b""
            while answers.count(b'"predictions"') < 10:
                answers += connection.recv(65_536)
            assert answers.count(b"HTTP/1.1 200") == 10


def test_end_answers_what_is_on_its_way_and_says_that_it_is_the_last(
    running: Running, request_of: Callable[..., bytes]
) -> None:
    content = request_of()
    with ExitStack() as stack:
        kept = stack.enter_context(closing(running.connect(content)))
        assert kept.recv(12) == b"HTTP/1.1 200"
        half = stack.enter_context(closing(running.connect(content[:-9])))
        new = stack.enter_context(closing(running.connect()))
        wait_until(lambda: running.open == 3)
        running.end()
        wait_until(lambda: running.server.server_state.is_ending)
        newest = stack.enter_context(closing(running.connect(content)))
        new.sendall(content)
        half.sendall(content[-9:])
        kept.sendall(content)
        for connection in (newest, new, half):
            answer = received(connection)
            assert answer.startswith(b"HTTP/1.1 200")
            assert b"\r\nconnection: close\r\n" in answer
        assert received(kept).count(b"HTTP/1.1 200") == 1
    running.thread.join(20)
    assert not running.thread.is_alive()


def test_end_under_load_resets_no_request(running: Running, body: dict[str, Any]) -> None:
    """Each client has a new connection for each request, as many have: also what the system accepted is answered."""
    failures: list[str] = []
    answered: list[int] = []

    def ask() -> None:
        while True:
            connection = HTTPConnection("127.0.0.1", running.port, timeout=20)
            try:
                connection.connect()
            except ConnectionRefusedError:
                return
            try:
                connection.request("POST", "/predict", json.dumps(body), {"Content-Type": "application/json"})
                answered.append(connection.getresponse().status)
            except OSError as error:
                failures.append(repr(error))
            finally:
                connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(answered) > 20)
    running.end()
    for thread in threads:
        thread.join(20)
    assert failures == []
    assert set(answered) == {200}


@pytest.mark.parametrize(
    ("soft", "hard", "raised", "expected"),
    [
        (1_024, 4_096, 4_096, 4_096 - 128),
        (1_024, resource.RLIM_INFINITY, 10_128, 10_000),
        (50_000, 100_000, None, 10_000),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, None, 10_000),
    ],
)
def test_connections_at_most_are_those_that_the_system_has_files_for(
    soft: int, hard: int, raised: int | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Any] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: done.append(limits))
    assert server.connections_at_most() == expected
    assert done == ([] if raised is None else [(raised, hard)])


def test_service_behind_a_proxy_that_strips_a_prefix_answers_and_its_page_knows(
    predictor: Predictor, file: Any, request_of: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROOT_PATH", "/models/penguins")
    found = Running(predictor, PredictionLog(f"sqlite:///{file}"))
    try:
        with found.connect(request_of()) as connection:
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200")
        with urlopen(f"http://127.0.0.1:{found.port}/docs", timeout=20) as page:
            assert b"/models/penguins/openapi.json" in page.read()
    finally:
        found.end(2)
        found.thread.join(20)

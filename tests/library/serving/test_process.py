"""The service as a process: told to end it loses nothing, killed no more than it promises, and it stays small."""

import json
import random
import signal
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from library.serving.killing import Service, ask_until_gone, serving
from library.serving.logged import has_predictions, locked, logged_ids, select
from library.serving.malformed import malformed
from library.serving.test_live import JSON
from library.waiting import wait_until
from mlops_maturity.serving.log import MOST_WAITING

pytestmark = pytest.mark.guards("MON-01")

# What training needs and serving does not.
HEAVY = ("matplotlib", "pandas", "pyarrow", "scipy", "sklearn")
# What the log says that it may lose, in seconds, beside one write.
PROMISED = 0.01
# One write to the log, on a machine that is busy with other things.
ONE_WRITE = 0.5
KILLS = 12
ENDS = 20
REQUESTS = 10_000
MOST_MEGABYTES = 120
# What memory may vary by without growing.
ROOM = 3


@pytest.mark.guards("0-SERVE")
def test_service_told_to_end_loses_nothing(served_project: Path, file: Path, body: dict[str, Any]) -> None:
    """Nor what waits for a database that is busy just then: without a wait, hardly anything would be left to lose."""
    loaded: list[str] = []
    with serving(served_project, file) as service:

        def end() -> None:
            time.sleep(0.2)
            loaded.extend(name for name in HEAVY if f"/{name}/" in service.libraries())
            with locked(file):
                time.sleep(0.1)
                service.process.send_signal(signal.SIGTERM)
                time.sleep(0.3)

        answered = ask_until_gone(service, body, end)
        assert service.process.wait(20) == 0
    assert len(answered) > 10
    assert set(answered) <= set(logged_ids(file))
    assert loaded == [], "the service loads what only training needs"


@pytest.mark.guards("1-API")
@pytest.mark.speed("deep")
def test_service_told_to_end_again_and_again_resets_no_request(
    served_project: Path, file: Path, body: dict[str, Any]
) -> None:
    """No proxy stands before it; half of the clients keep their connection, half have a new one for each request."""
    counts: list[int] = []
    failures: list[str] = []
    for _ in range(ENDS):
        with serving(served_project, file) as service:
            answered: list[int] = []
            arguments = [(service.port, json.dumps(body), kept, answered, failures) for kept in (True, False) * 4]
            threads = [threading.Thread(target=ask_until_refused, args=each) for each in arguments]
            for thread in threads:
                thread.start()
            wait_until(lambda answered=answered: len(answered) > 200)  # type: ignore[misc]
            service.process.send_signal(signal.SIGTERM)
            for thread in threads:
                thread.join(30)
            assert service.process.wait(20) == 0
            counts.append(len(answered))
    print(f"{sum(counts)} answers, {len(failures)} failures")
    assert failures == []


def ask_until_refused(port: int, body: str, is_kept: bool, answered: list[int], failures: list[str]) -> None:
    """Ask until nobody takes connections any more; whatever else happens to a request is a failure."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    while True:
        try:
            if connection.sock is None:
                connection.connect()
        except ConnectionRefusedError:
            return
        try:
            connection.request("POST", "/predict", body, JSON)
            response = connection.getresponse()
            response.read()
            if response.status == 200:
                answered.append(1)
            else:
                failures.append(f"status {response.status}")
        except (OSError, HTTPException) as error:
            failures.append(repr(error))
            connection.close()
        if not is_kept:
            connection.close()


@pytest.mark.parametrize("durable", [False, True])
def test_service_killed_loses_nothing_but_the_newest(
    served_project: Path, file: Path, body: dict[str, Any], durable: bool
) -> None:
    def once_something_is_logged(service: Service) -> None:
        wait_until(lambda: has_predictions(file))
        time.sleep(0.2)
        service.process.kill()

    killed = kill(served_project, file, body, once_something_is_logged, durable=durable)
    assert killed.answered > 10


@pytest.mark.speed("deep")
@pytest.mark.parametrize("durable", [False, True])
def test_service_killed_at_any_moment_loses_no_more_than_the_last_write(
    served_project: Path, file: Path, body: dict[str, Any], durable: bool
) -> None:
    generator = random.Random(7)  # noqa: S311 - chance that comes again, no secret

    def at_any_moment(service: Service) -> None:
        time.sleep(generator.uniform(0, 0.5))
        service.process.kill()

    kills = [kill(served_project, file, body, at_any_moment, durable=durable) for _ in range(KILLS)]
    assert sum(killed.answered for killed in kills) > 10 * KILLS
    assert max(age for killed in kills for age in [0.0, *killed.ages]) <= PROMISED + ONE_WRITE


class Killed(NamedTuple):
    """What came of a kill.

    Attributes:
        answered: how many predictions were answered.
        ages: of those that are lost, how many seconds before the kill each was made.
    """

    answered: int
    ages: list[float]


def kill(project: Path, file: Path, body: dict[str, Any], end: Callable[[Service], None], *, durable: bool) -> Killed:
    """Kill a service under load: a durable log must lose nothing, any other the newest predictions alone."""
    with serving(project, file, durable=durable) as service:
        answered = ask_until_gone(service, body, lambda: end(service))
        killed = time.time()
        service.process.wait(20)
    assert select(file, "PRAGMA integrity_check") == [("ok",)]
    logged = set(logged_ids(file))
    kept, lost = [name for name in answered if name in logged], sorted(set(answered) - logged)
    if durable:
        assert lost == []
    assert not lost or not kept or max(kept) < lost[0], "others than the newest are lost"
    assert len(lost) <= MOST_WAITING
    # An id begins with the time at which it was given, in nanoseconds.
    return Killed(len(answered), [killed - int(name[:16], 16) / 1e9 for name in lost])


@pytest.mark.guards("1-API")
@pytest.mark.speed("deep")
def test_service_malformed_requests_take_no_memory(served_project: Path, file: Path, body: dict[str, Any]) -> None:
    with serving(served_project, file) as service:
        sizes = [ask_wrongly(service, body, seed) for seed in range(4)]
    assert sizes[-1] - sizes[0] <= ROOM, sizes
    assert max(sizes) <= MOST_MEGABYTES, sizes


def ask_wrongly(service: Service, body: dict[str, Any], seed: int) -> float:
    """Send malformed requests, each of which must be refused or answered, and return the memory in megabytes."""
    connection = HTTPConnection("127.0.0.1", service.port, timeout=20)
    generator = random.Random(seed)  # noqa: S311
    for _ in range(REQUESTS // 4):
        connection.request("POST", "/predict", malformed(generator, body["records"][0]), JSON)
        response = connection.getresponse()
        response.read()
        assert response.status in (200, 422)
    connection.request("POST", "/predict", json.dumps(body), JSON)
    assert connection.getresponse().status == 200
    connection.close()
    return service.megabytes()

"""The service as a process: told to end it loses nothing, killed no more than it promises, and it stays small."""

import json
import random
import signal
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from library.serving.killing import Service, ask_until_gone, serving
from library.serving.logged import locked, logged_ids, select
from library.serving.malformed import malformed
from library.serving.test_live import JSON
from mlops_maturity.serving.log import MOST_WAITING, PAUSE

pytestmark = pytest.mark.guards("MON-01")

# What training needs and serving does not.
HEAVY = ("matplotlib", "pandas", "pyarrow", "scipy", "sklearn")
# One write to the log, on a machine that is busy with other things.
ONE_WRITE = 0.5
KILLS = 12
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
            loaded.extend(name for name in HEAVY if f"/{name}/" in service.libraries())
            with locked(file):
                time.sleep(0.1)
                service.process.send_signal(signal.SIGTERM)
                time.sleep(0.3)

        answered = ask_until_gone(service, body, end, seconds=0.2)
        assert service.process.wait(20) == 0
    assert len(answered) > 10
    assert set(answered) <= set(logged_ids(file))
    assert loaded == [], "the service loads what only training needs"


@pytest.mark.parametrize("durable", [False, True])
def test_service_killed_loses_what_it_promises(
    served_project: Path, file: Path, body: dict[str, Any], durable: bool
) -> None:
    assert kill_and_compare(served_project, file, body, 0.3, durable=durable) > 10


@pytest.mark.speed("deep")
@pytest.mark.parametrize("durable", [False, True])
def test_service_killed_at_any_moment_loses_what_it_promises(
    served_project: Path, file: Path, body: dict[str, Any], durable: bool
) -> None:
    generator = random.Random(7)  # noqa: S311 - chance that comes again, no secret
    moments = [generator.uniform(0, 0.5) for _ in range(KILLS)]
    answered = [kill_and_compare(served_project, file, body, moment, durable=durable) for moment in moments]
    assert sum(answered) > 10 * KILLS


def kill_and_compare(project: Path, file: Path, body: dict[str, Any], seconds: float, *, durable: bool) -> int:
    """Kill a service under load, compare what it answered with what it logged, and return how much it answered."""
    with serving(project, file, durable=durable) as service:
        answered = ask_until_gone(service, body, service.process.kill, seconds)
        killed = time.time()
        service.process.wait(20)
    assert select(file, "PRAGMA integrity_check") == [("ok",)]
    kept = set(logged_ids(file))
    lost = sorted(set(answered) - kept)
    if durable:
        assert lost == []
    # An id begins with the time at which it was given, in nanoseconds.
    assert all(killed - int(name[:16], 16) / 1e9 <= PAUSE + ONE_WRITE for name in lost), len(lost)
    assert len(lost) <= MOST_WAITING
    older = [name for name in answered if name in kept]
    assert not lost or not older or max(older) < lost[0], "not only the newest are lost"
    return len(answered)


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

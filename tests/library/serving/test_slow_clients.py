"""A service with thousands of slow and silent clients answers all others as if they were not there."""

import json
import resource
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from library.serving.killing import Service, serving
from library.serving.slow import slow_clients
from library.serving.test_live import JSON
from library.waiting import wait_until

pytestmark = pytest.mark.guards("1-API")

# More than a service answers at once, so that those that only hold connections must not count.
SOME, MANY = 600, 5_000
SECONDS = 25
P99 = 0.05
MOST_MEGABYTES = 250


@pytest.mark.speed("all")
def test_service_with_slow_clients_answers_the_others(served_project: Path, file: Path, body: dict[str, Any]) -> None:
    with serving(served_project, file) as service, slow_clients(service.port, SOME) as ended:
        wait_until(lambda: connections_of(service) >= SOME)
        assert len(latencies(service, body, lambda answered: answered < 50)) == 50
        wait_until(lambda: len(ended) > SOME // 2, 60)
        assert len(latencies(service, body, lambda answered: answered < 50)) == 50


@pytest.mark.speed("deep")
def test_service_with_thousands_of_slow_clients_answers_the_others_in_time(
    served_project: Path, file: Path, body: dict[str, Any]
) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with serving(served_project, file) as service, slow_clients(service.port, MANY) as ended:
        wait_until(lambda: connections_of(service) >= MANY * 0.9, 60)
        end = time.monotonic() + SECONDS
        took = sorted(latencies(service, body, lambda _: time.monotonic() < end))
        megabytes = service.megabytes()
    p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
    print(
        f"{len(took)} answers, {len(ended)} ended, p50 {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms, {megabytes:.0f} MB"
    )
    assert len(ended) > MANY
    assert megabytes < MOST_MEGABYTES
    assert p99 < P99


def connections_of(service: Service) -> int:
    """How many files it has open; nearly all of them are connections."""
    return len(list(Path(f"/proc/{service.process.pid}/fd").iterdir()))


def latencies(service: Service, body: dict[str, Any], goes_on: Any) -> list[float]:
    """Ask one request after the other, each of which must be answered; the seconds that each took."""
    connection = HTTPConnection("127.0.0.1", service.port, timeout=20)
    took: list[float] = []
    while goes_on(len(took)):
        began = time.perf_counter()
        connection.request("POST", "/predict", json.dumps(body), JSON)
        response = connection.getresponse()
        response.read()
        took.append(time.perf_counter() - began)
        assert response.status == 200
        time.sleep(0.002)
    connection.close()
    return took

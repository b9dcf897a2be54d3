"""A service with thousands of slow and silent clients answers all others as if they were not there."""

import json
import resource
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

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


@pytest.mark.speed("deep")
def test_proxy_with_thousands_of_slow_clients_answers_the_others_in_time(
    served_project: Path, sample_project: Path, tmp_path: Path, file: Path, body: dict[str, Any]
) -> None:
    """They never come to the service: the proxy of the project ends them."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with serving(served_project, file) as service, proxy_of(sample_project, service, tmp_path) as proxy:
        wait_until(lambda: is_ready(proxy), 60)
        with slow_clients(proxy.port, MANY) as ended:
            wait_until(lambda: connections_of(proxy) >= MANY * 0.9, 120)
            most_at_service, end = 0, time.monotonic() + SECONDS
            took: list[float] = []
            while time.monotonic() < end:
                took += latencies(proxy, body, lambda answered: answered < 100)
                most_at_service = max(most_at_service, connections_of(service))
    took.sort()
    p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
    print(f"{len(took)} answers, {len(ended)} ended, p50 {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms")
    assert len(ended) > MANY
    assert most_at_service < MANY // 10
    assert p99 < P99


@contextmanager
def proxy_of(project: Path, service: Service, folder: Path) -> Iterator[Service]:
    """The proxy as a project configures it, before a service of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    content = yaml.safe_load((project / "deploy/compose.yaml").read_text())["services"]["proxy"]["environment"]
    text = content["CONFIGURATION"].replace("bind :8000", f"bind 127.0.0.1:{port}")
    text = text.replace("blue:8000", f"127.0.0.1:{service.port}").replace("green:8000", "127.0.0.1:1")
    (folder / "haproxy.cfg").write_text(text.replace("stats socket ipv4@127.0.0.1:9999 level admin", ""))
    with subprocess.Popen(["haproxy", "-W", "-db", "-f", str(folder / "haproxy.cfg")], text=True) as process:
        try:
            # The process that answers is a child of the one that looks after it.
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            wait_until(lambda: bool(children.read_text().split()))
            yield Service(SimpleNamespace(pid=int(children.read_text().split()[0])), port)  # type: ignore[arg-type]
        finally:
            process.terminate()


def is_ready(service: Service) -> bool:
    """Whether it can be asked."""
    connection = HTTPConnection("127.0.0.1", service.port, timeout=20)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


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

"""A service that exceeds its budget under load is refused; what was measured stands beside the budget."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from library.delivery.checks.conftest import Serve
from mlops_maturity.delivery.checks import load
from mlops_maturity.delivery.checks.load import Measured
from mlops_maturity.delivery.place import Address
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Load, Params
from mlops_maturity.project.paths import LOAD, LOAD_PAGE

pytestmark = pytest.mark.guards("CD-03")


@pytest.fixture
def budget(params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """A budget for a second, which any service keeps on any machine; reports are written to a folder of the test."""
    monkeypatch.chdir(tmp_path)
    generous = {"p50_ms": 2_000, "p95_ms": 5_000, "p99_ms": 5_000}
    return params.load.model_copy(update={"users": 4, "seconds": 1, "requests_per_second": 5, **generous})


@contextmanager
def redirecting(predictor: Predictor, to: str) -> Iterator[tuple[str, list[str | None]]]:
    """A service that sends everyone who wants a prediction on to another; and the colours that it was asked for."""
    asked: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content = json.dumps(predictor.manifest).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(self.headers["x-colour"])
            self.send_response(307)
            self.send_header("Location", to)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def test_check_load_within_the_budget_passes_and_writes_its_reports(
    service: Address, budget: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    load.hold_service(service, budget)
    printed = capsys.readouterr().out
    assert "PASS requests per second: " in printed
    assert "PASS failures: 0.00% (required: at most 0.00%" in printed
    written = json.loads(LOAD.read_text())
    assert all(written["holds"].values())
    assert written["measured"]["requests"] >= 5
    page = LOAD_PAGE.read_text()
    assert "/predict" in page
    assert '"response_time_percentile_0.99"' in page, "the report has no curve of p99"


def test_check_load_of_a_slow_service_fails(
    serve: Serve,
    predictor: Predictor,
    budget: Load,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def slow(rows: Any, answer: Any = predictor.of_rows) -> Any:
        time.sleep(0.05)
        return answer(rows)

    monkeypatch.setattr(predictor, "of_rows", slow)
    with (
        serve(predictor) as address,
        pytest.raises(ProjectError, match=r"\(load\): p50 in ms: \d+ \(required: at most 40"),
    ):
        load.hold_service(address, budget.model_copy(update={"p50_ms": 40}))
    assert "FAIL p50 in ms: " in capsys.readouterr().out
    assert json.loads(LOAD.read_text())["holds"]["p50 in ms"] is False


def test_load_that_is_redirected_asks_the_given_address_only(
    predictor: Predictor, service: Address, budget: Load
) -> None:
    """What it is redirected to is no answer; and the headers that lead to one of two releases are sent."""
    LOAD_PAGE.parent.mkdir()
    with redirecting(predictor, f"{service.url}/predict") as (url, asked):
        measured = load.measure(Address(url, {"x-colour": "green"}), budget)
    assert measured.failures == 1
    assert set(asked) == {"green"}
    assert len(asked) <= measured.requests + budget.users


def test_compared_with_the_budget_each_part_counts(params: Params) -> None:
    budget = params.load
    good = Measured(1000, budget.requests_per_second, budget.p50_ms, budget.p95_ms, budget.p99_ms, budget.failures)
    assert all(comparison.holds for comparison in load.compared(good, budget))
    worse = {"requests_per_second": 0.0, "p50_ms": 1e6, "p95_ms": 1e6, "p99_ms": 1e6, "failures": 1.0}
    for position, (name, value) in enumerate(worse.items()):
        bad = Measured(**vars(good) | {name: value})
        assert [comparison.holds for comparison in load.compared(bad, budget)].index(False) == position


def test_summary_has_the_percentiles_of_all_requests() -> None:
    times = {"10": 90, "20": 5, "30": 4, "400": 1}
    entry = {"response_times": times, "num_requests": 100, "num_failures": 2, "start_time": 5.0}
    found = load.summary([entry | {"last_request_timestamp": 9.0}])
    assert found == Measured(100, 25.0, 10.0, 20.0, 30.0, 0.02)
    with pytest.raises(ProjectError, match="made no request"):
        load.summary([])


@pytest.mark.parametrize("wrong", [{"users": 100_000}, {"seconds": 3600}, {"requests_per_second": 1e9}, {"p_50": 1}])
def test_load_out_of_bounds_is_refused(params: Params, wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Load.model_validate(params.load.model_dump() | wrong)


def test_check_load_where_nobody_answers_fails(budget: Load) -> None:
    with pytest.raises(ProjectError, match="nobody answers"):
        load.hold_service(Address("http://127.0.0.1:9"), budget)


@pytest.fixture
def locust(budget: Load, service: Address, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Measured]:
    """Measure with something in the place of locust."""

    def measure(run: Callable[..., Any]) -> Measured:
        monkeypatch.setattr(load, "subprocess", SimpleNamespace(run=run, TimeoutExpired=subprocess.TimeoutExpired))
        return load.measure(service, budget)

    return measure


def test_check_load_that_does_not_end_fails(locust: Callable[..., Measured]) -> None:
    def never(command: list[str], timeout: float, **_: object) -> None:
        raise subprocess.TimeoutExpired(command, timeout)

    with pytest.raises(ProjectError, match="the load test did not end in 61 s"):
        locust(never)


def test_check_load_whose_locust_fails_reports_why(locust: Callable[..., Measured]) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "it could\nnot start")
    with pytest.raises(ProjectError, match="locust failed: it could not start"):
        locust(lambda *_, **__: failed)


def test_check_load_of_a_service_without_a_schema_fails(predictor: Predictor, budget: Load) -> None:
    predictor.manifest = {}
    with redirecting(predictor, "") as (url, _), pytest.raises(ProjectError, match="GET /model has no schema"):
        load.measure(Address(url), budget)

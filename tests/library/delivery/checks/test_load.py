"""A service that does not keep within its budget under load is refused; what was measured stands beside the budget."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import ValidationError

from mlops_maturity.delivery.checks import load
from mlops_maturity.delivery.checks.load import Measured
from mlops_maturity.delivery.place import Address
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Load, Params
from mlops_maturity.project.paths import LOAD, LOAD_PAGE

pytestmark = pytest.mark.requirement("CD-03")

Serve = Callable[..., AbstractContextManager[Address]]

SLOW = """
of_rows = Predictor.of_rows
Predictor.of_rows = lambda self, rows: (time.sleep(0.05), of_rows(self, rows))[1]
"""


@pytest.fixture
def budget(params: Params) -> Load:
    """The project's own, for a moment, and for a machine that does much else at the same time."""
    patient = {"p95_ms": 2_000, "p99_ms": 2_000}
    return params.load.model_copy(update={"users": 4, "seconds": 2, "requests_per_second": 10, **patient})


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


@pytest.mark.ml_test_score("Data 3", 0.5)
@pytest.mark.ml_test_score("Monitor 6", 0.5)
def test_service_within_its_budget_holds(
    service: Address, budget: Load, in_workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load.hold_service(service, budget)
    said = capsys.readouterr().out
    assert "holds  requests per second: " in said
    assert "holds  failures: 0.00%, wanted at most 0.00%" in said
    told = json.loads((in_workspace / LOAD).read_text())
    assert all(told["holds"].values())
    assert told["measured"]["requests"] >= 10
    page = (in_workspace / LOAD_PAGE).read_text()
    assert "/predict" in page
    assert '"response_time_percentile_0.99"' in page, "the report has no curve of p99"


@pytest.mark.ml_test_score("Data 3", 0.5)
@pytest.mark.ml_test_score("Monitor 6", 0.5)
def test_slow_predictions_are_refused(
    serve: Serve, model: Path, budget: Load, in_workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        serve(model, SLOW) as address,
        pytest.raises(ProjectError, match=rf"\(load\): p50 in ms: \d+, wanted at most {budget.p50_ms:g}"),
    ):
        load.hold_service(address, budget)
    assert "FAILS  p50 in ms: " in capsys.readouterr().out
    assert json.loads((in_workspace / LOAD).read_text())["holds"]["p50 in ms"] is False


@pytest.mark.usefixtures("in_workspace")
def test_only_the_given_address_is_asked(predictor: Predictor, service: Address, budget: Load) -> None:
    """What it sends on to is no answer; and the headers that lead to one of two releases are sent."""
    with redirecting(predictor, f"{service.url}/predict") as (url, asked):
        measured = load.measure(Address(url, {"x-colour": "green"}), budget)
    assert measured.failures == 1
    assert set(asked) == {"green"}
    assert len(asked) <= measured.requests + budget.users


def test_each_part_of_the_budget_counts(params: Params) -> None:
    budget = params.load
    good = Measured(1000, budget.requests_per_second, budget.p50_ms, budget.p95_ms, budget.p99_ms, budget.failures)
    assert all(comparison.holds for comparison in load.compared(good, budget))
    worse = {"requests_per_second": 0.0, "p50_ms": 1e6, "p95_ms": 1e6, "p99_ms": 1e6, "failures": 1.0}
    for position, (name, value) in enumerate(worse.items()):
        bad = Measured(**vars(good) | {name: value})
        assert [comparison.holds for comparison in load.compared(bad, budget)].index(False) == position


def test_percentiles_are_those_of_all_requests() -> None:
    times = {"10": 90, "20": 5, "30": 4, "400": 1}
    entry = {"response_times": times, "num_requests": 100, "num_failures": 2, "start_time": 5.0}
    found = load.summary([entry | {"last_request_timestamp": 9.0}])
    assert found == Measured(100, 25.0, 10.0, 20.0, 30.0, 0.02)
    with pytest.raises(ProjectError, match="made no request"):
        load.summary([])


@pytest.mark.parametrize("wrong", [{"users": 100_000}, {"seconds": 3600}, {"requests_per_second": 1e9}, {"p_50": 1}])
def test_load_is_bounded(params: Params, wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Load.model_validate(params.load.model_dump() | wrong)


@pytest.mark.usefixtures("in_workspace")
def test_nobody_is_no_service(budget: Load) -> None:
    with pytest.raises(ProjectError, match="nobody answers"):
        load.hold_service(Address("http://127.0.0.1:9"), budget)

"""Whether a deployed service stays within its budget under load: requests per second, latencies, failures.

Locust asks it from a process of its own, for a bounded time, and a quarter more often than the budget asks for: a
service that is asked for all that it can give tells nothing of the latencies that its users will see.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_maturity.data.schema import Schema
from mlops_maturity.delivery.checks.asking import ask, records_of
from mlops_maturity.delivery.checks.comparison import Comparison, require
from mlops_maturity.delivery.place import Address
from mlops_maturity.model.predictor import features_of
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import write_json
from mlops_maturity.project.params import Load
from mlops_maturity.project.paths import LOAD, LOAD_PAGE

if TYPE_CHECKING:
    from mlops_maturity.delivery.deploy import Trial

TRAFFIC = Path(__file__).with_name("traffic.py")
# Different ones; the callers ask for them in turn.
RECORDS = 200
MORE_THAN_ASKED_FOR = 1.25
# To begin and to end, before and after the seconds of the budget.
SECONDS_MORE = 60


@dataclass(frozen=True)
class Measured:
    """What came of a load test.

    Attributes:
        requests: that were answered or failed.
        requests_per_second: of these.
        p50_ms: the time in which half of them were answered, to a millisecond.
        p95_ms: the time for 95 of 100.
        p99_ms: the time for 99 of 100.
        failures: share of them with another answer than 200, or with none.
    """

    requests: int
    requests_per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    failures: float


def hold(trial: "Trial") -> None:
    """Hold what was deployed to the budget of params.yaml.

    Raises:
        ProjectError: it does not keep within it.
    """
    hold_service(trial.address, settings.load().load)


def run(url: str, environment: str | None = None) -> None:
    """Hold a service to the budget of params.yaml.

    Args:
        url: of the service.
        environment: its name, instead of a URL.

    Raises:
        ProjectError: it does not keep within it, or nobody answers.
    """
    if environment:
        from mlops_maturity.delivery.checks.by_hand import hold_serving

        hold_serving(environment, __name__)
    else:
        hold_service(Address(url.rstrip("/")), settings.load().load)


def hold_service(address: Address, budget: Load) -> None:
    """Hold the service at an address to a budget, and write reports/load.html and reports/load.json.

    Raises:
        ProjectError: it does not keep within it, or nobody answers.
    """
    print(f"{address.url}: {budget.users} callers for {budget.seconds} s")
    measured = measure(address, budget)
    comparisons = list(compared(measured, budget))
    told = {comparison.what: comparison.holds for comparison in comparisons}
    write_json(LOAD, {"budget": budget.model_dump(), "holds": told, "measured": asdict(measured)})
    print(f"wrote {LOAD_PAGE} and {LOAD}: {measured.requests:,} requests")
    require(comparisons, "over the budget of params.yaml (load)")


def compared(measured: Measured, budget: Load) -> Iterator[Comparison]:
    """What was measured beside the budget."""
    found, wanted = measured.requests_per_second, budget.requests_per_second
    yield Comparison("requests per second", f"at least {wanted:g}", f"{found:.0f}", found >= wanted)
    for name in ("p50_ms", "p95_ms", "p99_ms"):
        found, wanted = getattr(measured, name), getattr(budget, name)
        yield Comparison(name.replace("_", " in "), f"at most {wanted:g}", f"{found:.0f}", found <= wanted)
    found, wanted = measured.failures, budget.failures
    yield Comparison("failures", f"at most {wanted:.2%}", f"{found:.2%}", found <= wanted)


def measure(address: Address, budget: Load) -> Measured:
    """Let locust ask a service, and write its report.

    Raises:
        ProjectError: nobody answers, or locust fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        plan, result = (Path(folder) / name for name in ("plan.json", "result.json"))
        plan.write_text(json.dumps(_plan(address, budget)), encoding="utf-8")
        LOAD_PAGE.parent.mkdir(exist_ok=True)
        callers = ("--users", budget.users, "--spawn-rate", budget.users)
        reports = ("--html", LOAD_PAGE, "--json-file", result.with_suffix(""))
        quiet = ("--headless", "--only-summary", "--loglevel", "ERROR", "--exit-code-on-error", 0)
        options = ("--locustfile", TRAFFIC, "--host", address.url, *callers, *reports, *quiet)
        command = [sys.executable, "-m", "locust", *map(str, options)]
        variables = os.environ | {"LOAD_PLAN": str(plan)}
        longest = budget.seconds + SECONDS_MORE
        try:
            done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=longest, check=False)
        except subprocess.TimeoutExpired:
            raise ProjectError(f"the load test did not end in {longest} s") from None
        if done.returncode or not result.exists():
            raise ProjectError(f"locust failed: {' '.join((done.stderr or done.stdout).split()[-40:])}")
        entries = json.loads(result.read_text(encoding="utf-8"))
    return summary(entries)


def summary(entries: list[dict[str, Any]]) -> Measured:
    """What locust counted, in the terms of the budget.

    Raises:
        ProjectError: there was no request.
    """
    if not entries:
        raise ProjectError("the load test made no request")
    (entry,) = entries
    times = sorted((float(time), count) for time, count in entry["response_times"].items())
    requests, seconds = entry["num_requests"], entry["last_request_timestamp"] - entry["start_time"]
    p50, p95, p99 = (_percentile(times, share * requests) for share in (0.5, 0.95, 0.99))
    return Measured(requests, requests / max(seconds, 1), p50, p95, p99, entry["num_failures"] / requests)


def _percentile(times: list[tuple[float, int]], count: float) -> float:
    """The time in which so many were answered."""
    total = 0
    for time, some in times:
        total += some
        if total >= count:
            return time
    return times[-1][0]


def _plan(address: Address, budget: Load) -> dict[str, Any]:
    """What the callers send, and how often: each a record that the service itself says it takes."""
    manifest = ask(address, "/model").content
    try:
        schema = Schema.model_validate(manifest["schema"]).only(features_of(manifest["features"]).columns)
    except (KeyError, TypeError, ValueError):
        raise ProjectError(f"{address.url} does not say what it takes: GET /model has no schema") from None
    bodies = [json.dumps({"records": [record]}) for record in records_of(schema, RECORDS)]
    each = MORE_THAN_ASKED_FOR * budget.requests_per_second / budget.users
    return {"bodies": bodies, "each_per_second": each, "headers": address.headers, "seconds": budget.seconds}

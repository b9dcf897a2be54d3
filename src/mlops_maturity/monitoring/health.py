"""How the live service is, by what it tells of itself: /ready and /metrics."""

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from mlops_maturity.monitoring.findings import Words
from mlops_maturity.monitoring.measures import Measure, lasting
from mlops_maturity.project.params import Watch
from mlops_maturity.serving.log import MOST_WAITING

WORDS = {
    "unhealthy": Words(
        about="The service",
        fires="is not well",
        quiet="is well",
        advice=(
            "Look at its own log and at the machine that it runs on; `make rollback` brings back what served before. "
            "A new model would fix none of it."
        ),
    )
}
# Of fewer answers, a share of a hundredth says nothing.
FEWEST_ANSWERS = 100
SECONDS_TO_ANSWER = 10
# What people ask for; probes and Prometheus ask the rest.
ROUTE = {"route": "/predict"}

Labels = Mapping[str, str]


class Metrics:
    """What a service counts and times, since it started."""

    def __init__(self, text: str) -> None:
        """Read Prometheus's text format.

        Raises:
            ValueError: it is another one.
        """
        self._samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def total(self, name: str, **labels: str) -> float:
        """The sum of a metric over all labels that are not given."""
        return float(sum(sample.value for sample in self._of(name, labels)))

    def values(self, name: str, label: str) -> list[str]:
        """The values of a label, sorted."""
        return sorted({sample.labels[label] for sample in self._of(name, {})})

    def quantile(self, share: float, name: str, **labels: str) -> float:
        """A quantile of a histogram as Prometheus estimates it: even within a bucket, the last edge beyond it."""
        buckets: dict[float, float] = {}
        for sample in self._of(f"{name}_bucket", labels):
            edge = float(sample.labels["le"])
            buckets[edge] = buckets.get(edge, 0.0) + sample.value
        edges = sorted(buckets.items())
        rank = share * edges[-1][1]
        for (low, below), (high, count) in pairwise([(0.0, 0.0), *edges]):
            if count >= rank:
                return low if math.isinf(high) else low + (high - low) * (rank - below) / (count - below)
        return edges[-1][0]

    def _of(self, name: str, labels: Labels) -> Iterable[Any]:
        return (s for s in self._samples if s.name == name and labels.items() <= s.labels.items())


def health(url: str, expected: str, since: float | None, bounds: Watch) -> list[Measure]:
    """Ask a service how it is.

    Args:
        url: of the service; without one, its health is not exercised.
        expected: the version of the model in production.
        since: how long it has been there, in seconds.
        bounds: of params.yaml.
    """
    if not url:
        return [Measure("health of the service", "SERVICE_URL is not set")]
    if not url.startswith(("http://", "https://")):
        return [Measure("SERVICE_URL", f"{url!r} is no address of a service", "http:// or https://", violates=True)]
    try:
        status, said = _get(f"{url.rstrip('/')}/ready")
        metrics = Metrics(_get(f"{url.rstrip('/')}/metrics")[1])
    except (OSError, ValueError) as error:
        return [Measure("health of the service", f"{url} does not answer as it should: {error}", violates=True)]
    ready = Measure("ready", "yes" if status == 200 else f"no: {said.strip()[:200]}", violates=status != 200)
    return [ready, *_answers(metrics, bounds), *_log(metrics), _model(metrics, expected, since, bounds)]


def _get(address: str) -> tuple[int, str]:
    """The status and text of an answer, whatever it is."""
    try:
        with urlopen(address, timeout=SECONDS_TO_ANSWER) as response:  # noqa: S310 - it was seen to be HTTP
            return response.status, response.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode(errors="replace")


def _answers(metrics: Metrics, bounds: Watch) -> Iterator[Measure]:
    """Errors and time, since the service started."""
    count = metrics.total("http_requests_total", **ROUTE)
    if count < FEWEST_ANSWERS:
        yield Measure("answers since it started", f"{count:.0f}: too few to judge errors and time by")
        return
    statuses = [status for status in metrics.values("http_requests_total", "status") if status.startswith("5")]
    failed = sum(metrics.total("http_requests_total", status=status, **ROUTE) for status in statuses)
    errors, seconds = failed / count, metrics.quantile(0.99, "http_request_seconds", **ROUTE)
    told = f"{errors:.2%} of {count:,.0f}"
    yield Measure("answers that are 5xx", told, f"at most {bounds.errors:.2%}", errors > bounds.errors)
    most = bounds.p99_ms
    yield Measure("p99 of the time to answer", f"{1e3 * seconds:.3g} ms", f"at most {most:g} ms", 1e3 * seconds > most)


def _log(metrics: Metrics) -> Iterator[Measure]:
    dropped = metrics.total("prediction_log_dropped_records")
    waiting, most = metrics.total("prediction_log_queue_records"), MOST_WAITING // 2
    yield Measure("predictions that could not be logged", f"{dropped:,.0f}", "none", dropped > 0)
    yield Measure("predictions that wait for the log", f"{waiting:,.0f}", f"at most {most:,}", waiting > most)


def _model(metrics: Metrics, expected: str, since: float | None, bounds: Watch) -> Measure:
    """A new model takes its time to be served: it is checked and promoted through environments first."""
    served = ", ".join(metrics.values("model_info", "version")) or "unknown"
    grace = bounds.behind_hours * 3_600
    told = f"{expected}, in production for {lasting(since)}" if since is not None else expected
    late = since is None or since > grace
    return Measure("model that is served", served, told, served != expected and late)

"""What the service tells of itself, for Prometheus."""

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.serving.log import PredictionLog

__all__ = ["CONTENT_TYPE_LATEST", "Telemetry"]

# Seconds. A single record takes a tenth of a millisecond, a thousand take tens.
BUCKETS = (0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Telemetry:
    """Counts and times requests, and asks model and log how they are."""

    def __init__(self, predictor: Predictor, log: PredictionLog) -> None:
        self.registry = CollectorRegistry()
        self._requests: Counter = self._made(
            Counter, "http_requests", "Requests, by route and status.", ["route", "status"]
        )
        self._seconds: Histogram = self._made(
            Histogram, "http_request_seconds", "Time from a request to its answer.", ["route"], buckets=BUCKETS
        )
        self._predictions: Counter = self._made(Counter, "predictions", "Records that were answered.")
        self.predicted = self._predictions.inc
        self._made(Gauge, "model_info", "The version of the served model.", ["version"]).labels(predictor.version).set(
            1
        )
        self._asked("model_age_seconds", "Time since the served model's file was written.", lambda: predictor.age)
        self._asked("prediction_log_queue_records", "Predictions that wait to be logged.", lambda: log.waiting)
        self._asked("prediction_log_dropped_records", "Predictions that could not be logged.", lambda: log.dropped)
        self._asked(
            "prediction_log_failed_writes", "Writes to the log that failed; they are tried again.", lambda: log.failures
        )
        ProcessCollector(registry=self.registry)
        self._children: dict[tuple[str, int], tuple[Callable[[], None], Callable[[float], None]]] = {}

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        try:
            count, observe = self._children[route, status]
        except KeyError:
            count, observe = self._requests.labels(route, str(status)).inc, self._seconds.labels(route).observe
            self._children[route, status] = count, observe
        count()
        observe(seconds)

    def page(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self.registry)

    def _made(self, kind: Any, *arguments: Any, **settings: Any) -> Any:
        return kind(*arguments, registry=self.registry, **settings)

    def _asked(self, name: str, purpose: str, value: Callable[[], float]) -> None:
        self._made(Gauge, name, purpose).set_function(value)

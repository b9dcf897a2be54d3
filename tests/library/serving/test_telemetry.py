"""The metrics of the service have the names that dashboards and alert rules ask for."""

from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.serving.telemetry import Telemetry

pytestmark = pytest.mark.guards("MON-03")


def test_page_names_of_metrics_are_kept(predictor: Predictor) -> None:
    """Other names would silence alerts that teams already have."""
    log = SimpleNamespace(waiting=1, dropped=2, failures=3)
    telemetry = Telemetry(predictor, log)  # type: ignore[arg-type]
    telemetry.answered("/predict", 200, 0.001)
    telemetry.predicted(5)
    families = text_string_to_metric_families(telemetry.page().decode())
    samples = {sample.name: sample.value for family in families for sample in family.samples}
    own = {name for name in samples if not name.startswith("process_") and not name.endswith("_created")}
    assert own == {
        "http_request_seconds_bucket",
        "http_request_seconds_count",
        "http_request_seconds_sum",
        "http_requests_total",
        "model_age_seconds",
        "model_info",
        "prediction_log_dropped_records",
        "prediction_log_failed_writes",
        "prediction_log_queue_records",
        "predictions_total",
    }
    assert samples["predictions_total"] == 5
    assert [samples[f"prediction_log_{name}"] for name in ("queue_records", "dropped_records", "failed_writes")] == [
        *(1, 2, 3)
    ]
    assert samples["model_age_seconds"] >= 0

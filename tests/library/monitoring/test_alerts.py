"""Alert rules and dashboard ask for metrics that the service exports, and hold them to the bounds of params.yaml."""

import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from mlops_maturity.project.params import Params
from mlops_maturity.serving.log import MOST_WAITING
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.serving.telemetry import Telemetry

pytestmark = pytest.mark.guards("MON-03")

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "monitoring"
METRIC = re.compile(r"\b(?:http|model|prediction|predictions|process)_\w+")
# What an expression is held to, at its end.
BOUND = re.compile(r"[<>=]=? ([\d.]+)\s*$")


def rules() -> dict[str, dict[str, Any]]:
    content = yaml.safe_load((FOLDER / "alerts.yaml").read_text())
    return {rule["alert"]: rule for group in content["groups"] for rule in group["rules"]}


def bound(alert: str) -> float:
    found = BOUND.search(rules()[alert]["expr"])
    assert found
    return float(found[1])


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    return found


def expressions() -> Iterator[tuple[str, str]]:
    """Whose it is, and the expression."""
    yield from ((name, rule["expr"]) for name, rule in rules().items())
    yield from ((panel["title"], target["expr"]) for panel in panels() for target in panel["targets"])


@pytest.fixture(scope="module")
def exported(predictor: Predictor) -> set[str]:
    """The names of the samples that the service exports."""
    log = SimpleNamespace(waiting=0, dropped=0, failures=0)
    telemetry = Telemetry(predictor, log)  # type: ignore[arg-type]
    telemetry.answered("/predict", 200, 0.001)
    families = text_string_to_metric_families(telemetry.page().decode())
    return {sample.name for family in families for sample in family.samples}


def test_every_metric_that_is_asked_for_is_exported(exported: set[str]) -> None:
    asked = [(whose, METRIC.findall(expression)) for whose, expression in expressions()]
    assert all(names for _, names in asked)
    unknown = {whose: set(names) - exported for whose, names in asked if set(names) - exported}
    assert not unknown, f"the service exports no such metrics: {unknown}"


def test_bounds_are_those_of_the_settings(params: Params) -> None:
    told = "deploy/monitoring/alerts.yaml and params.yaml differ"
    assert bound("ServiceErrors") == params.watch.errors, told
    assert bound("ServiceSlow") == params.watch.p99_ms / 1_000, told
    assert bound("ModelOld") == params.monitoring.max_age_days, told
    assert rules()["NoRequests"]["for"] == f"{params.watch.silent_hours:g}h", told
    assert bound("PredictionLogBehind") == MOST_WAITING / 2, told


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    for name, rule in rules().items():
        assert rule["labels"]["severity"] in ("critical", "warning"), name
        assert set(rule["annotations"]) == {"summary", "description"}, name


def test_every_alert_is_tested_to_fire_and_to_be_silent() -> None:
    """`promtool test rules` runs these; here they are only counted."""
    tests = yaml.safe_load((FOLDER / "alerts_test.yaml").read_text())["tests"]
    cases = [case for test in tests for case in test.get("alert_rule_test", [])]
    firing = {case["alertname"] for case in cases if case.get("exp_alerts")}
    silent = {case["alertname"] for case in cases if not case.get("exp_alerts")}
    assert firing == set(rules())
    assert {name for name, rule in rules().items() if "for" in rule} <= silent


def test_dashboard_shows_what_the_service_is_watched_by(exported: set[str]) -> None:
    shown = {name for panel in panels() for target in panel["targets"] for name in METRIC.findall(target["expr"])}
    own = {name for name in exported if not re.search(r"^process_|_created$|_count$|_sum$", name)}
    assert own <= shown, f"the dashboard does not show {own - shown}"


def test_panels_have_a_place_and_a_purpose() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        columns, rows = (range(place[start], place[start] + place[size]) for start, size in (("x", "w"), ("y", "h")))
        cells = set(product(columns, rows))
        assert columns.stop <= 24, panel["title"]
        assert not cells & taken, f"{panel['title']} lies over another panel"
        assert panel["description"], panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())
<% if cookiecutter.deploy_target == "docker" %>


@pytest.mark.guards("SEC-06")
@pytest.mark.parametrize("name", ["prometheus", "grafana"])
def test_containers_have_no_rights_and_are_for_this_machine_only(name: str) -> None:
    service = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith(("0", "root"))
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?", service["image"])


def test_nobody_starts_with_a_known_password() -> None:
    environment = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]["grafana"]["environment"]
    assert environment["GF_SECURITY_ADMIN_PASSWORD"].startswith("${GRAFANA_PASSWORD:?")


def test_files_that_are_mounted_are_there() -> None:
    services = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    mounted = [volume.split(":")[0] for service in services.values() for volume in service["volumes"]]
    assert [path for path in mounted if path.startswith("./") and not (FOLDER / path).is_file()] == []
<% endif %>

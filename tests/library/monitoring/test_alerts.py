"""The emitted alert rules and dashboard ask for metrics that the service exports, with the bounds of params.yaml."""

import json
import re
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project import params as settings
from mlops_maturity.project.paths import PARAMS
from mlops_maturity.serving.log import MOST_WAITING
from mlops_maturity.serving.telemetry import Telemetry

pytestmark = pytest.mark.guards("MON-03")

METRIC = re.compile(r"\b(?:http|model|prediction|predictions|process)_\w+")
# The number that an expression is compared with, at its end.
BOUND = re.compile(r"[<>=]=? ([\d.]+)\s*$")


@pytest.fixture(scope="module")
def folder(sample_project: Path) -> Path:
    """The files of a generated project."""
    return sample_project / "deploy" / "monitoring"


@pytest.fixture(scope="module")
def rules(folder: Path) -> dict[str, dict[str, Any]]:
    """The alert rules by name."""
    content = yaml.safe_load((folder / "alerts.yaml").read_text())
    return {rule["alert"]: rule for group in content["groups"] for rule in group["rules"]}


@pytest.fixture(scope="module")
def panels(folder: Path) -> list[dict[str, Any]]:
    """Those of the dashboard."""
    found: list[dict[str, Any]] = json.loads((folder / "dashboard.json").read_text())["panels"]
    return found


@pytest.fixture(scope="module")
def exported(predictor: Predictor) -> set[str]:
    """The names of the samples that the service exports."""
    log = SimpleNamespace(waiting=0, dropped=0, failures=0)
    telemetry = Telemetry(predictor, log)  # type: ignore[arg-type]
    telemetry.answered("/predict", 200, 0.001)
    families = text_string_to_metric_families(telemetry.page().decode())
    return {sample.name for family in families for sample in family.samples}


def test_expressions_ask_for_metrics_that_are_exported(
    rules: dict[str, dict[str, Any]], panels: list[dict[str, Any]], exported: set[str]
) -> None:
    expressions = {name: rule["expr"] for name, rule in rules.items()}
    expressions |= {panel["title"]: " ".join(target["expr"] for target in panel["targets"]) for panel in panels}
    asked = {whose: set(METRIC.findall(expression)) for whose, expression in expressions.items()}
    assert all(asked.values())
    unknown = {whose: names - exported for whose, names in asked.items() if names - exported}
    assert not unknown, f"the service exports no such metrics: {unknown}"


def test_bounds_of_the_alerts_are_those_of_the_settings(rules: dict[str, dict[str, Any]], sample_project: Path) -> None:
    params = settings.load(sample_project / PARAMS)
    expected = {
        "ServiceErrors": params.watch.errors,
        "ServiceSlow": params.watch.p99_ms / 1_000,
        "ModelOld": params.monitoring.max_age_days,
        "PredictionLogBehind": MOST_WAITING / 2,
    }
    found = {name: BOUND.search(rules[name]["expr"]) for name in expected}
    assert {name: float(match[1]) for name, match in found.items() if match} == expected
    assert rules["NoRequests"]["for"] == f"{params.watch.silent_hours:g}h"


def test_alerts_have_a_severity_and_a_description(rules: dict[str, dict[str, Any]]) -> None:
    for name, rule in rules.items():
        assert rule["labels"]["severity"] in ("critical", "warning"), name
        assert set(rule["annotations"]) == {"summary", "description"}, name


def test_alerts_are_each_tested_to_fire_and_to_wait(rules: dict[str, dict[str, Any]], folder: Path) -> None:
    """`promtool test rules` runs these; here they are only counted."""
    tests = yaml.safe_load((folder / "alerts_test.yaml").read_text())["tests"]
    cases = [case for test in tests for case in test.get("alert_rule_test", [])]
    firing = {case["alertname"] for case in cases if case.get("exp_alerts")}
    silent = {case["alertname"] for case in cases if not case.get("exp_alerts")}
    assert firing == set(rules)
    assert {name for name, rule in rules.items() if "for" in rule} <= silent


def test_dashboard_shows_every_metric_of_the_service(panels: list[dict[str, Any]], exported: set[str]) -> None:
    shown = {name for panel in panels for target in panel["targets"] for name in METRIC.findall(target["expr"])}
    own = {name for name in exported if not re.search(r"^process_|_created$|_count$|_sum$", name)}
    assert own <= shown, f"the dashboard does not show {own - shown}"


def test_panels_have_a_place_and_a_purpose(panels: list[dict[str, Any]]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        columns, rows = (range(place[start], place[start] + place[size]) for start, size in (("x", "w"), ("y", "h")))
        cells = set(product(columns, rows))
        assert columns.stop <= 24, panel["title"]
        assert not cells & taken, f"{panel['title']} lies over another panel"
        assert panel["description"], panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)


@pytest.mark.guards("SEC-06")
@pytest.mark.parametrize("name", ["prometheus", "grafana"])
def test_containers_have_no_rights_and_are_for_this_machine_only(name: str, folder: Path) -> None:
    service = yaml.safe_load((folder / "compose.yaml").read_text())["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith(("0", "root"))
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?", service["image"])


def test_compose_has_no_known_password_and_mounts_what_is_there(folder: Path) -> None:
    services = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
    assert services["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD"].startswith("${GRAFANA_PASSWORD:?")
    mounted = [volume.split(":")[0] for service in services.values() for volume in service["volumes"]]
    assert [path for path in mounted if path.startswith("./") and not (folder / path).is_file()] == []

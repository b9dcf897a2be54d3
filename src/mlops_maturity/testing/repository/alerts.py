"""Alert rules and dashboard ask for metrics that the service exports, with the bounds of params.yaml."""

import json
import re
from collections.abc import Iterator
from itertools import product
from types import SimpleNamespace
from typing import Any

from mlops_maturity.project import params as settings
from mlops_maturity.project.paths import PARAMS
from mlops_maturity.testing.repository.check import Problems, Repository, check, unless

FOLDER = "deploy/monitoring"
ALERTS, TESTS = f"{FOLDER}/alerts.yaml", f"{FOLDER}/alerts_test.yaml"
DASHBOARD, COMPOSE = f"{FOLDER}/dashboard.json", f"{FOLDER}/compose.yaml"
METRIC = re.compile(r"\b(?:http|model|prediction|predictions|process)_\w+")
# The number that an expression is compared with, at its end.
BOUND = re.compile(r"[<>=]=? ([\d.]+)\s*$")
# What every program exports, and parts of a metric that is shown by another part.
GENERAL = re.compile(r"^process_|_created$|_count$|_sum$")


def rules(repository: Repository) -> dict[str, dict[str, Any]]:
    """The alert rules by name."""
    return {rule["alert"]: rule for group in repository.yaml(ALERTS).get("groups", []) for rule in group["rules"]}


def panels(repository: Repository) -> list[dict[str, Any]]:
    """Those of the dashboard."""
    found: list[dict[str, Any]] = json.loads(repository.text(DASHBOARD) or "{}").get("panels", [])
    return found


def exported() -> set[str]:
    """The names of the samples that the service exports."""
    from prometheus_client.parser import text_string_to_metric_families

    from mlops_maturity.serving.telemetry import Telemetry

    model, log = SimpleNamespace(version="", age=0.0), SimpleNamespace(waiting=0, dropped=0, failures=0)
    telemetry = Telemetry(model, log)  # type: ignore[arg-type]
    telemetry.answered("/predict", 200, 0.001)
    families = text_string_to_metric_families(telemetry.page().decode())
    return {sample.name for family in families for sample in family.samples}


def expressions(repository: Repository) -> Iterator[tuple[str, str]]:
    """Whose it is, and the expression."""
    yield from ((f"{ALERTS}: {name}", rule["expr"]) for name, rule in rules(repository).items())
    for panel in panels(repository):
        yield from ((f"{DASHBOARD}: {panel['title']}", target["expr"]) for target in panel.get("targets", []))


@check("MON-03", since=2)
def alerts_and_dashboard_ask_for_metrics_that_exist(repository: Repository) -> Problems:
    """And the dashboard shows all that the service exports of its own."""
    known = exported()
    for whose, expression in expressions(repository):
        asked = METRIC.findall(expression)
        yield from unless(asked, f"{whose} asks for no metric")
        for name in sorted(set(asked) - known):
            yield f"{whose} asks for {name}, which the service does not export"
    targets = [target["expr"] for panel in panels(repository) for target in panel.get("targets", [])]
    shown = {name for expression in targets for name in METRIC.findall(expression)}
    for name in sorted(name for name in known - shown if not GENERAL.search(name)):
        yield f"{DASHBOARD} does not show {name}"


@check("MON-03", since=2)
def alerts_have_the_bounds_of_the_settings(repository: Repository) -> Problems:
    """One place says what is too slow, too old or too silent."""
    from mlops_maturity.serving.log import MOST_WAITING

    params, found = settings.load(repository.root / PARAMS), rules(repository)
    bounds = {
        "ServiceErrors": params.watch.errors,
        "ServiceSlow": params.watch.p99_ms / 1_000,
        "ModelOld": params.monitoring.max_age_days,
        "PredictionLogBehind": MOST_WAITING / 2,
    }
    for name, bound in bounds.items():
        asked = BOUND.search(found.get(name, {}).get("expr", ""))
        same = asked and float(asked[1]) == bound
        yield from unless(same, f"{ALERTS}: {name} must compare with {bound:g}, as params.yaml says")
    silent = f"{params.watch.silent_hours:g}h"
    same = found.get("NoRequests", {}).get("for") == silent
    yield from unless(same, f"{ALERTS}: NoRequests must wait for {silent}, as watch.silent_hours in params.yaml says")


@check("MON-03", since=2)
def alerts_say_what_to_do_and_were_seen_to_fire(repository: Repository) -> Problems:
    """`promtool test rules` runs their tests; here they are counted."""
    tests = repository.yaml(TESTS).get("tests", [])
    cases = [case for test in tests for case in test.get("alert_rule_test", [])]
    firing = {case["alertname"] for case in cases if case.get("exp_alerts")}
    silent = {case["alertname"] for case in cases if not case.get("exp_alerts")}
    for name, rule in rules(repository).items():
        severe = rule.get("labels", {}).get("severity") in ("critical", "warning")
        yield from unless(severe, f"{ALERTS}: {name} does not say how bad it is: severity critical or warning")
        told = set(rule.get("annotations", {})) >= {"summary", "description"}
        yield from unless(told, f"{ALERTS}: {name} does not say what to do: summary and description")
        yield from unless(name in firing, f"{TESTS} does not show when {name} fires")
        yield from unless(name in silent or "for" not in rule, f"{TESTS} does not show when {name} waits")


@check("MON-03", since=2)
def dashboard_can_be_read(repository: Repository) -> Problems:
    """Each panel has a place and a purpose of its own."""
    taken: set[tuple[int, int]] = set()
    found = panels(repository)
    for panel in found:
        place, what = panel["gridPos"], f"{DASHBOARD}: {panel['title']}"
        columns, rows = (range(place[start], place[start] + place[size]) for start, size in (("x", "w"), ("y", "h")))
        cells = set(product(columns, rows))
        yield from unless(columns.stop <= 24 and not cells & taken, f"{what} lies over another panel or the edge")
        yield from unless(panel.get("description"), f"{what} has no description")
        taken |= cells
    yield from unless(len({panel["id"] for panel in found}) == len(found), f"{DASHBOARD}: two panels have the same id")


@check("MON-03", "SEC-06", since=2, deploy_target="docker")
def prometheus_and_grafana_are_for_this_machine_only(repository: Repository) -> Problems:
    """Nobody starts them with a known password, and what they read is there."""
    services = repository.yaml(COMPOSE).get("services", {})
    for name, service in services.items():
        for port in service.get("ports", []):
            yield from unless(port.startswith("127.0.0.1:"), f"{COMPOSE}: {name} is open to others at {port}")
        for volume in service.get("volumes", []):
            path = volume.split(":")[0]
            there = not path.startswith("./") or (repository.root / FOLDER / path).is_file()
            yield from unless(there, f"{COMPOSE}: {name} reads {path}, which is not there")
    password = services.get("grafana", {}).get("environment", {}).get("GF_SECURITY_ADMIN_PASSWORD", "")
    yield from unless(password.startswith("${GRAFANA_PASSWORD:?"), f"{COMPOSE}: Grafana starts with a known password")

"""Alert rules and dashboard as their consumer sees them: a real Prometheus that asks a real service.

Grafana itself is not run. What it would ask Prometheus for is asked here.
"""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from conftest import Project, bake_into, clean_environment, run
from served import Service, packaged, serving, wait_until

TOOLS = Path(sys.executable).parent
FOLDER = "deploy/monitoring"

needs_prometheus = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")),
    reason="Prometheus is not there: apt-get install prometheus",
)


@pytest.fixture(scope="module", params=["docker", "kubernetes"])
def emitted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of each target, not to be changed."""
    folder = tmp_path_factory.mktemp("emitted")
    return bake_into(folder, maturity_level="2", deploy_target=request.param)


@pytest.fixture
def own(tmp_path: Path) -> Project:
    """A project to be changed."""
    return bake_into(tmp_path, maturity_level="2")


# The files


# What a pod tells of itself, and where it is to be asked.
POD = {
    "__address__": "10.0.0.7:1234",
    "__meta_kubernetes_namespace": "penguin-species-production",
    "__meta_kubernetes_pod_name": "prediction-1",
    "__meta_kubernetes_pod_ip": "10.0.0.7",
    "__meta_kubernetes_pod_annotation_prometheus_io_scrape": "true",
    "__meta_kubernetes_pod_annotation_prometheus_io_port": "8000",
    "__meta_kubernetes_pod_annotation_prometheus_io_path": "/metrics",
}


def statically(project: Project, folder: Path, *targets: dict[str, str]) -> None:
    """Write the emitted configuration for known targets; Debian's Prometheus cannot ask a cluster for its pods."""
    config = yaml.safe_load(project.text(f"{FOLDER}/prometheus.yaml"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    (scrape,) = config["scrape_configs"]
    (discovery,) = [key for key in scrape if key.endswith("_sd_configs")]
    del scrape[discovery]
    scrape["static_configs"] = [{"targets": [target["__address__"]], "labels": target} for target in targets]
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    shutil.copy(project.path / FOLDER / "alerts.yaml", folder)


@needs_prometheus
def test_prometheus_reads_its_files(emitted: Project, tmp_path: Path) -> None:
    if "kubernetes_sd_configs" in emitted.text(f"{FOLDER}/prometheus.yaml"):
        statically(emitted, tmp_path, POD)
    else:
        shutil.copytree(emitted.path / FOLDER, tmp_path, dirs_exist_ok=True)
    said = run(["promtool", "check", "config", "prometheus.yaml"], tmp_path).stdout
    assert "9 rules found" in said


@needs_prometheus
def test_pods_that_ask_for_it_are_asked(tmp_path: Path) -> None:
    project = bake_into(tmp_path, maturity_level="2", deploy_target="kubernetes")
    others = {name: value for name, value in POD.items() if "annotation" not in name}
    statically(project, tmp_path, POD, others)
    found = run(["promtool", "check", "service-discovery", "--timeout=2s", "prometheus.yaml", "prediction"], tmp_path)
    asked = [target["labels"] for target in json.loads(found.stdout) if target.get("labels")]
    assert asked == [
        {
            "__address__": "10.0.0.7:8000",
            "__metrics_path__": "/metrics",
            "__scheme__": "http",
            "__scrape_interval__": "1s",
            "__scrape_timeout__": "1s",
            "instance": "10.0.0.7:8000",
            "job": "prediction",
            "namespace": "penguin-species-production",
            "pod": "prediction-1",
        }
    ]


@needs_prometheus
def test_every_alert_fires_when_it_must_and_only_then(emitted: Project) -> None:
    emitted.run("promtool", "test", "rules", f"{FOLDER}/alerts_test.yaml")


@needs_prometheus
@pytest.mark.parametrize(
    ("old", "new", "alert"),
    [
        ("> 0.01", "> 1.01", "ServiceErrors"),
        ("> 0.1\n", "> 100\n", "ServiceSlow"),
        ("absent(model_info)", "absent(up)", "ServiceDown"),
        ("/ 86400 > 30", "/ 3600 > 30", "ModelOld"),
        ('route="/predict", status=~"5.."', 'status=~"5.."', "ServiceErrors"),
        ("count by (version) (model_info)", "count by (colour) (model_info)", "ModelVersionsDiffer"),
    ],
    ids=["never fires", "fires too late", "asks for another metric", "another unit", "counts probes", "counts colours"],
)
def test_alert_that_is_wrong_is_seen(old: str, new: str, alert: str, own: Project) -> None:
    rules = own.path / FOLDER / "alerts.yaml"
    assert old in rules.read_text()
    rules.write_text(rules.read_text().replace(old, new))
    done = own.run("promtool", "test", "rules", f"{FOLDER}/alerts_test.yaml", check=False)
    assert done.returncode
    assert f"alertname: {alert}" in done.stdout + done.stderr or "count(ALERTS)" in done.stdout + done.stderr


def test_compose_reads_its_file_and_asks_for_a_password(own: Project) -> None:
    compose = [str(TOOLS / "docker-compose"), "--file", f"{FOLDER}/compose.yaml", "--profile", "monitoring", "config"]
    own.run(str(TOOLS / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", f"{FOLDER}/compose.yaml")
    refused = own.run(*compose, check=False)
    assert refused.returncode
    assert "set GRAFANA_PASSWORD" in refused.stderr
    content = yaml.safe_load(own.run(*compose, GRAFANA_PASSWORD="of this test").stdout)  # noqa: S106
    assert set(content["services"]) == {"prometheus", "grafana"}
    # The network that the service's own compose file makes.
    files = (f"{FOLDER}/compose.yaml", "deploy/compose.yaml")
    here, there = (yaml.safe_load(own.text(path))["networks"]["service"] for path in files)
    assert here == {"name": there["name"], "external": True}


def test_cluster_gets_rules_and_dashboard(emitted: Project) -> None:
    if not (emitted.path / FOLDER / "kustomization.yaml").exists():
        assert (emitted.path / FOLDER / "compose.yaml").exists()
        return
    text = emitted.run(str(TOOLS / "kubectl"), "kustomize", FOLDER).stdout
    maps = {item["metadata"]["name"]: item for item in yaml.safe_load_all(text)}
    assert set(maps["prediction-prometheus"]["data"]) == {"alerts.yaml", "prometheus.yaml"}
    assert maps["prediction-dashboard"]["metadata"]["labels"] == {"grafana_dashboard": "1"}
    assert json.loads(maps["prediction-dashboard"]["data"]["prediction.json"])["panels"]


# A real Prometheus that asks a real service


@dataclass(frozen=True)
class Prometheus:
    """A server of this test's own, on this machine only."""

    port: int

    def get(self, path: str) -> Any:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            said = response.read().decode()
            if response.status == HTTPStatus.SERVICE_UNAVAILABLE:
                raise ConnectionError(f"{path}: {said}")
            answer = json.loads(said)
            assert answer["status"] == "success", f"{path}: {answer}"
            return answer["data"]
        finally:
            connection.close()

    def query(self, expression: str) -> list[Any]:
        result: list[Any] = self.get(f"/api/v1/query?query={quote(expression)}")["result"]
        return result

    def alerts(self) -> dict[str, str]:
        """The state of each alert that is pending or fires."""
        return {alert["labels"]["alertname"]: alert["state"] for alert in self.get("/api/v1/alerts")["alerts"]}


@contextmanager
def asking(project: Project, port: int, folder: Path) -> Iterator[Prometheus]:
    """The emitted configuration on a service of this machine: it looks each second, and waits for no alert."""
    statically(project, folder, {"__address__": f"127.0.0.1:{port}"})
    rules = yaml.safe_load((folder / "alerts.yaml").read_text())
    for rule in rules["groups"][0]["rules"]:
        rule["for"] = "2s"
    (folder / "alerts.yaml").write_text(yaml.safe_dump(rules))
    with socket.create_server(("127.0.0.1", 0)) as free:
        own_port = free.getsockname()[1]
    command = ["prometheus", "--config.file=prometheus.yaml", f"--storage.tsdb.path={folder / 'data'}"]
    command += [f"--web.listen-address=127.0.0.1:{own_port}", "--log.level=warn"]
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=clean_environment(), stdout=log, stderr=log)
    try:
        prometheus = Prometheus(own_port)
        wait_until(lambda: answers(prometheus))
        yield prometheus
    finally:
        process.terminate()
        process.wait(20)


def answers(prometheus: Prometheus) -> bool:
    try:
        return bool(prometheus.query("model_info"))
    except OSError:
        return False


@dataclass(frozen=True)
class Watched:
    """A service, and the Prometheus that watches it."""

    project: Project
    service: Service
    prometheus: Prometheus


@pytest.fixture(scope="module")
def watched(environment: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    python = environment("none", "2")
    project = packaged(tmp_path_factory.mktemp("project"), python, level="2")
    folder = tmp_path_factory.mktemp("prometheus")
    with serving(project, python) as service, asking(project, service.port, folder) as prometheus:
        wait_until(lambda: service.ask("GET", "/ready")[0] == 200)
        for _ in range(8):
            for _ in range(5):
                service.predict()
            service.ask("POST", "/predict", {"records": []})
            time.sleep(0.5)
        yield Watched(project, service, prometheus)


def without_data(prometheus: Prometheus, dashboard: str) -> list[str]:
    """The panels of a dashboard that would show nothing; an expression that is none fails at once."""
    return [
        panel["title"]
        for panel in json.loads(dashboard)["panels"]
        for target in panel["targets"]
        if not prometheus.query(target["expr"].replace("$__rate_interval", "30s"))
    ]


@needs_prometheus
def test_every_panel_of_the_dashboard_has_data(watched: Watched) -> None:
    dashboard = watched.project.text(f"{FOLDER}/dashboard.json")
    assert without_data(watched.prometheus, dashboard) == []
    for annotation in json.loads(dashboard)["annotations"]["list"]:
        watched.prometheus.query(annotation["expr"])


@needs_prometheus
def test_panel_of_a_metric_that_has_another_name_now_is_seen(watched: Watched) -> None:
    dashboard = watched.project.text(f"{FOLDER}/dashboard.json").replace("predictions_total", "answers_total")
    assert without_data(watched.prometheus, dashboard) == ["Predictions"]


@needs_prometheus
def test_alerts_of_a_service_that_is_well_are_silent_until_it_is_killed(watched: Watched) -> None:
    groups = watched.prometheus.get("/api/v1/rules")["groups"]
    unwell = [rule for group in groups for rule in group["rules"] if rule["health"] != "ok"]
    assert unwell == []
    assert watched.prometheus.alerts() == {}
    watched.service.process.kill()
    wait_until(lambda: watched.prometheus.alerts().get("ServiceDown") == "firing")

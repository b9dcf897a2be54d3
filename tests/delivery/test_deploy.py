"""What the emitted deployment files say is valid for those who read it, fits together, and gives no right away."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import TEMPLATE, Bake, Project, bake_into, clean_environment, run, write_csv
from engines import base_of

TOOLS = Path(sys.executable).parent
KUBERNETES = "1.32"
# Where the service keeps its log, whom it runs as, and where it answers: the image says so, the others follow.
LOG, USER, PORT = "/var/lib/predictions", 10001, 8000
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Project]:
    """A project for each target; that of the cluster has a name that Kubernetes would not take."""
    folder = tmp_path_factory.mktemp("deploy")
    table = str(write_csv(folder / "own.csv", "size", "price"))
    return {
        "docker": bake_into(folder / "docker", maturity_level="1", deploy_target="docker"),
        "kubernetes": bake_into(
            folder / "kubernetes",
            **{"maturity_level": "1", "deploy_target": "kubernetes", "dataset": table, "target": "price"},
            project_slug="of_price-and_size",
        ),
    }


@pytest.fixture(params=["docker", "kubernetes"])
def project(projects: dict[str, Project], request: pytest.FixtureRequest) -> Project:
    return projects[request.param]


# The image


def test_dockerfile_is_clean(project: Project) -> None:
    project.run(str(TOOLS / "hadolint"), "deploy/Dockerfile")


def test_the_base_is_of_an_exact_version(project: Project) -> None:
    name, _, tag = base_of(project).partition(":")
    assert name == "python"
    assert tag.split("-")[0].count(".") == 2


def test_the_pipeline_is_built_as_the_service_is(bake: Bake) -> None:
    project = bake(maturity_level="2")
    pipeline = "deploy/pipeline.Dockerfile"
    project.run(str(TOOLS / "hadolint"), pipeline)
    assert base_of(project, pipeline) == base_of(project)
    assert "--no-deps --require-hashes" in project.text(pipeline)


def test_dependencies_of_the_image_are_locked_by_hash(project: Project) -> None:
    assert "--no-deps --require-hashes" in project.text("deploy/Dockerfile")
    entries = re.split(r"^(?=\S)", project.text("deploy/requirements.lock"), flags=re.MULTILINE)[1:]
    assert len(entries) > 10
    assert all("--hash=sha256:" in entry for entry in entries)


# One machine


@pytest.fixture(scope="module")
def compose(projects: dict[str, Project]) -> dict[str, Manifest]:
    """What stays on a machine, and what comes and goes behind it, each as Docker Compose itself reads it."""
    told = clean_environment(IMAGE="penguin-species:1", STACK="penguins", COLOUR="blue")
    services: dict[str, Manifest] = {}
    for file in ("compose", "service"):
        command = [str(TOOLS / "docker-compose"), "--file", f"deploy/{file}.yaml", "config", "--format", "json"]
        done = run(command, projects["docker"].path, environment=told)
        assert done.stderr == ""
        services |= json.loads(done.stdout)["services"]
    return services


@pytest.mark.parametrize("file", ["compose", "service"])
def test_compose_file_fits_its_schema(file: str, projects: dict[str, Project]) -> None:
    check = [str(TOOLS / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", f"deploy/{file}.yaml"]
    projects["docker"].run(*check)


@pytest.mark.parametrize("name", ["proxy", "prediction"])
def test_a_container_has_no_rights(name: str, compose: dict[str, Manifest]) -> None:
    assert compose[name]["read_only"] is True
    assert compose[name]["cap_drop"] == ["ALL"]
    assert compose[name]["security_opt"] == ["no-new-privileges:true"]
    assert compose[name]["restart"] == "unless-stopped"


def test_this_machine_alone_asks_the_proxy_and_the_proxy_alone_the_service(compose: dict[str, Manifest]) -> None:
    assert [(port["host_ip"], port["target"]) for port in compose["proxy"]["ports"]] == [("127.0.0.1", PORT)]
    assert "ports" not in compose["prediction"]
    assert set(compose["proxy"]["networks"]) == set(compose["prediction"]["networks"])


def test_a_service_is_of_the_image_that_was_brought_and_keeps_its_log(compose: dict[str, Manifest]) -> None:
    service = compose["prediction"]
    assert service["image"] == "penguin-species:1"
    assert service["pull_policy"] == "never"
    assert service["deploy"]["resources"]["limits"] == {"memory": str(512 * 2**20), "pids": 256}
    assert [(mount["type"], mount["target"]) for mount in service["volumes"]] == [("volume", LOG)]


def test_settings_of_the_machine_do_not_go_into_git(projects: dict[str, Project]) -> None:
    assert projects["docker"].run("git", "check-ignore", "deploy/service.env").returncode == 0


# A cluster


def render(project: Project, environment: str) -> list[Manifest]:
    """The manifests of an environment, as kubectl makes them, each valid for its reader."""
    text = project.run(str(TOOLS / "kubectl"), "kustomize", f"deploy/kubernetes/{environment}").stdout
    file = project.path.parent / "rendered.yaml"
    file.write_text(text)
    project.run(str(TOOLS / "kubernetes-validate"), "--strict", "--kubernetes-version", KUBERNETES, str(file))
    return [manifest for manifest in yaml.safe_load_all(text) if manifest]


# Those with the log in a file, and those with the log in PostgreSQL.
FILE = ("level 1", "level 2, test")
DATABASE = ("level 1, with PostgreSQL", "level 2, staging", "level 2, production")


@pytest.fixture(scope="module")
def overlays(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Manifest]]:
    """Each environment, of projects with a name that Kubernetes would not take; at level 1 also as its comment says."""
    folder = tmp_path_factory.mktemp("cluster")
    answers = {"deploy_target": "kubernetes", "project_slug": "of_price-and_size"}
    first = bake_into(folder / "1", maturity_level="1", **answers)
    second = bake_into(folder / "2", maturity_level="2", **answers)
    rendered = {"level 1": render(first, "production")}
    rendered |= {f"level 2, {name}": render(second, name) for name in ("test", "staging", "production")}
    production = first.path / "deploy/kubernetes/production/kustomization.yaml"
    text = production.read_text()
    assert text.endswith("#   - ../postgresql\n#   - ../autoscaling\ncomponents:\n  - ../sqlite\n")
    production.write_text(text.replace("  - ../sqlite\n", "  - ../postgresql\n  - ../autoscaling\n"))
    return rendered | {"level 1, with PostgreSQL": render(first, "production")}


@pytest.fixture(params=[*FILE, *DATABASE])
def manifests(overlays: dict[str, list[Manifest]], request: pytest.FixtureRequest) -> list[Manifest]:
    return overlays[request.param]


@pytest.fixture(params=FILE)
def with_file(overlays: dict[str, list[Manifest]], request: pytest.FixtureRequest) -> list[Manifest]:
    return overlays[request.param]


@pytest.fixture(params=DATABASE)
def with_database(overlays: dict[str, list[Manifest]], request: pytest.FixtureRequest) -> list[Manifest]:
    return overlays[request.param]


def test_each_environment_has_its_namespace(overlays: dict[str, list[Manifest]]) -> None:
    assert {name: the("Namespace", manifests)["metadata"]["name"] for name, manifests in overlays.items()} == {
        "level 1": "of-price-and-size-production",
        "level 1, with PostgreSQL": "of-price-and-size-production",
        "level 2, test": "of-price-and-size-test",
        "level 2, staging": "of-price-and-size-staging",
        "level 2, production": "of-price-and-size-production",
    }


def the(kind: str, manifests: list[Manifest]) -> Manifest:
    (found,) = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


def container_of(manifests: list[Manifest]) -> Manifest:
    (container,) = the("Deployment", manifests)["spec"]["template"]["spec"]["containers"]
    found: Manifest = container
    return found


def test_every_manifest_is_in_the_namespace_and_nothing_else_is(manifests: list[Manifest]) -> None:
    namespace = the("Namespace", manifests)["metadata"]
    assert namespace["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}
    inside = [each["metadata"].get("namespace") for each in manifests if each["kind"] != "Namespace"]
    assert set(inside) == {namespace["name"]}


def selectors(manifests: list[Manifest]) -> Iterator[dict[str, str]]:
    for manifest in manifests:
        match manifest["kind"]:
            case "Service":
                yield manifest["spec"]["selector"]
            case "Deployment" | "PodDisruptionBudget":
                yield manifest["spec"]["selector"]["matchLabels"]
    for spread in the("Deployment", manifests)["spec"]["template"]["spec"].get("topologySpreadConstraints", ()):
        yield spread["labelSelector"]["matchLabels"]


def test_selectors_find_the_pods(manifests: list[Manifest]) -> None:
    labels = the("Deployment", manifests)["spec"]["template"]["metadata"]["labels"]
    found = list(selectors(manifests))
    assert len(found) >= 2
    assert all(selector and selector.items() <= labels.items() for selector in found)


def test_the_policy_binds_what_serves_and_what_is_tried_out(manifests: list[Manifest]) -> None:
    name = the("Deployment", manifests)["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"]
    policy = the("NetworkPolicy", manifests)["spec"]
    (bound,) = policy["podSelector"]["matchExpressions"]
    assert bound == {"key": "app.kubernetes.io/name", "operator": "In", "values": [name, "try-out"]}
    assert policy["policyTypes"] == ["Ingress", "Egress"]


def test_ports_and_volumes_are_those_that_exist(manifests: list[Manifest]) -> None:
    container = container_of(manifests)
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"http": PORT}
    asked = {container[probe]["httpGet"]["port"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")}
    asked |= {port["targetPort"] for port in the("Service", manifests)["spec"]["ports"]}
    asked |= {port["port"] for rule in the("NetworkPolicy", manifests)["spec"]["ingress"] for port in rule["ports"]}
    assert asked == {"http"}
    volumes = {volume["name"]: volume for volume in the("Deployment", manifests)["spec"]["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    claims = {each["metadata"]["name"] for each in manifests if each["kind"] == "PersistentVolumeClaim"}
    claimed = [volume["persistentVolumeClaim"] for volume in volumes.values() if "persistentVolumeClaim" in volume]
    assert {claim["claimName"] for claim in claimed} == claims


def test_a_pod_has_no_rights(manifests: list[Manifest]) -> None:
    account = the("ServiceAccount", manifests)
    pod = the("Deployment", manifests)["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == account["metadata"]["name"]
    assert account["automountServiceAccountToken"] is False
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"].get("fsGroup", USER) == USER
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container_of(manifests)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert "memory" in container_of(manifests)["resources"]["limits"]
    assert set(container_of(manifests)["resources"]["requests"]) == {"cpu", "memory"}


def test_probes_ask_what_the_service_answers(manifests: list[Manifest]) -> None:
    container = container_of(manifests)
    assert container["livenessProbe"]["httpGet"]["path"] == "/health"
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
    serving = "".join(path.read_text() for path in (TEMPLATE / "src" / "mlops_maturity" / "serving").glob("*.py"))
    assert '"/health"' in serving
    assert '"/ready"' in serving


def test_a_pod_has_time_to_end(manifests: list[Manifest]) -> None:
    pod = the("Deployment", manifests)["spec"]["template"]["spec"]
    pause = container_of(manifests)["lifecycle"]["preStop"]["exec"]["command"]
    assert pause[0] == "sleep"
    assert pod["terminationGracePeriodSeconds"] >= int(pause[1]) + 30


def test_a_log_in_a_file_has_one_writer(with_file: list[Manifest]) -> None:
    deployment = the("Deployment", with_file)["spec"]
    assert deployment["replicas"] == 1
    assert deployment["strategy"] == {"type": "Recreate"}
    assert deployment["template"]["spec"]["securityContext"]["fsGroup"] == USER
    assert LOG in {mount["mountPath"] for mount in container_of(with_file)["volumeMounts"]}
    assert the("PersistentVolumeClaim", with_file)["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert the("NetworkPolicy", with_file)["spec"]["egress"] == []
    assert not {"HorizontalPodAutoscaler", "PodDisruptionBudget"} & {each["kind"] for each in with_file}


def test_with_a_database_pods_are_replaced_one_by_one(with_database: list[Manifest]) -> None:
    strategy = the("Deployment", with_database)["spec"]["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}
    assert "PersistentVolumeClaim" not in {manifest["kind"] for manifest in with_database}
    (setting,) = container_of(with_database)["env"]
    assert setting["name"] == "PREDICTION_LOG"
    assert "optional" not in setting["valueFrom"]["secretKeyRef"]
    asked = {port["port"] for rule in the("NetworkPolicy", with_database)["spec"]["egress"] for port in rule["ports"]}
    assert asked == {53, 5432}


def test_the_autoscaler_alone_says_how_many_pods_there_are(with_database: list[Manifest]) -> None:
    deployment, scaler = the("Deployment", with_database), the("HorizontalPodAutoscaler", with_database)["spec"]
    assert "replicas" not in deployment["spec"]
    target = {"apiVersion": deployment["apiVersion"], "kind": "Deployment", "name": deployment["metadata"]["name"]}
    assert scaler["scaleTargetRef"] == target
    assert 2 <= scaler["minReplicas"] < scaler["maxReplicas"]
    # The load is measured in what a pod asks for.
    (measure,) = scaler["metrics"]
    assert measure["resource"]["name"] in container_of(with_database)["resources"]["requests"]


def test_a_node_may_be_emptied_and_one_pod_stays(with_database: list[Manifest]) -> None:
    assert the("PodDisruptionBudget", with_database)["spec"]["maxUnavailable"] == 1
    assert the("HorizontalPodAutoscaler", with_database)["spec"]["minReplicas"] > 1
    (spread,) = the("Deployment", with_database)["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert spread["topologyKey"] == "kubernetes.io/hostname"


@pytest.mark.parametrize("name", ["test", "staging", "production"])
def test_prometheus_finds_the_pods_and_may_ask_them(name: str, overlays: dict[str, list[Manifest]]) -> None:
    manifests = overlays[f"level 2, {name}"]
    annotations = the("Deployment", manifests)["spec"]["template"]["metadata"]["annotations"]
    assert annotations == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(PORT),
        "prometheus.io/path": "/metrics",
    }
    own, other = the("NetworkPolicy", manifests)["spec"]["ingress"]
    assert own["from"] == [{"podSelector": {}}]
    assert other["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]

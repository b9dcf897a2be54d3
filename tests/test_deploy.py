"""What the emitted deployment files say is valid for those who read it, fits together, and gives no right away."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Project, bake_into, clean_environment, run, write_csv

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
    bases = {line.split()[1] for line in project.text("deploy/Dockerfile").splitlines() if line.startswith("FROM ")}
    (base,) = bases
    name, _, tag = base.partition(":")
    assert name == "python"
    assert tag.split("-")[0].count(".") == 2


def test_dependencies_of_the_image_are_locked_by_hash(project: Project) -> None:
    assert "--require-hashes" in project.text("deploy/Dockerfile")
    entries = re.split(r"^(?=\S)", project.text("deploy/requirements.lock"), flags=re.MULTILINE)[1:]
    assert len(entries) > 10
    assert all("--hash=sha256:" in entry for entry in entries)


# One machine


@pytest.fixture(scope="module")
def compose(projects: dict[str, Project]) -> Manifest:
    """The compose file as Docker Compose itself reads it."""
    done = run(
        [str(TOOLS / "docker-compose"), "--file", "deploy/compose.yaml", "config", "--format", "json"],
        projects["docker"].path,
        environment=clean_environment(IMAGE="penguin-species:1"),
    )
    assert done.stderr == ""
    read: Manifest = json.loads(done.stdout)
    return read


def test_compose_file_fits_its_schema(projects: dict[str, Project]) -> None:
    check = [str(TOOLS / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "deploy/compose.yaml"]
    projects["docker"].run(*check)


def test_a_container_has_no_rights(compose: Manifest) -> None:
    service = compose["services"]["prediction"]
    assert service["image"] == "penguin-species:1"
    assert service["pull_policy"] == "never"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["deploy"]["resources"]["limits"] == {"memory": str(512 * 2**20), "pids": 256}


def test_a_container_answers_this_machine_alone_and_keeps_its_log(compose: Manifest) -> None:
    service = compose["services"]["prediction"]
    assert [(port["host_ip"], port["target"]) for port in service["ports"]] == [("127.0.0.1", PORT)]
    assert [(mount["type"], mount["target"]) for mount in service["volumes"]] == [("volume", LOG)]
    assert service["restart"] == "unless-stopped"


def test_settings_of_the_machine_do_not_go_into_git(projects: dict[str, Project]) -> None:
    assert projects["docker"].run("git", "check-ignore", "deploy/service.env").returncode == 0


# A cluster


def render(project: Project, folder: str) -> list[Manifest]:
    """The manifests of an environment, as kubectl makes them, each valid for its reader."""
    text = project.run(str(TOOLS / "kubectl"), "kustomize", folder).stdout
    file = project.path.parent / "rendered.yaml"
    file.write_text(text)
    project.run(str(TOOLS / "kubernetes-validate"), "--strict", "--kubernetes-version", KUBERNETES, str(file))
    return [manifest for manifest in yaml.safe_load_all(text) if manifest]


@pytest.fixture(scope="module")
def environments(projects: dict[str, Project]) -> dict[str, list[Manifest]]:
    """The environment as it is emitted, and with the log in PostgreSQL."""
    project = projects["kubernetes"]
    production = project.path / "deploy/kubernetes/production/kustomization.yaml"
    emitted = production.read_text()
    rendered = {"SQLite": render(project, "deploy/kubernetes/production")}
    assert "# components:\n#   - ../postgresql\n" in emitted
    production.write_text(emitted.replace("# components:\n#   - ", "components:\n  - "))
    rendered["PostgreSQL"] = render(project, "deploy/kubernetes/production")
    production.write_text(emitted)
    return rendered


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def manifests(environments: dict[str, list[Manifest]], request: pytest.FixtureRequest) -> list[Manifest]:
    return environments[request.param]


def the(kind: str, manifests: list[Manifest]) -> Manifest:
    (found,) = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


def container_of(manifests: list[Manifest]) -> Manifest:
    (container,) = the("Deployment", manifests)["spec"]["template"]["spec"]["containers"]
    found: Manifest = container
    return found


def test_every_manifest_is_in_the_namespace(manifests: list[Manifest]) -> None:
    name = the("Namespace", manifests)["metadata"]["name"]
    assert name == "of-price-and-size-production"
    assert {each["metadata"].get("namespace") for each in manifests if each["kind"] != "Namespace"} == {name}


def selectors(manifests: list[Manifest]) -> Iterator[dict[str, str]]:
    for manifest in manifests:
        match manifest["kind"]:
            case "Service":
                yield manifest["spec"]["selector"]
            case "Deployment" | "PodDisruptionBudget":
                yield manifest["spec"]["selector"]["matchLabels"]
            case "NetworkPolicy":
                yield manifest["spec"]["podSelector"]["matchLabels"]


def test_selectors_find_the_pods(manifests: list[Manifest]) -> None:
    labels = the("Deployment", manifests)["spec"]["template"]["metadata"]["labels"]
    found = list(selectors(manifests))
    assert len(found) >= 3
    assert all(selector and selector.items() <= labels.items() for selector in found)


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
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == USER
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container_of(manifests)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert "memory" in container_of(manifests)["resources"]["limits"]
    assert the("NetworkPolicy", manifests)["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_probes_ask_what_the_service_answers(manifests: list[Manifest], projects: dict[str, Project]) -> None:
    container = container_of(manifests)
    assert container["livenessProbe"]["httpGet"]["path"] == "/health"
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
    serving = "".join(path.read_text() for path in projects["kubernetes"].path.glob("src/*/serving/*.py"))
    assert '"/health"' in serving
    assert '"/ready"' in serving


def test_a_pod_has_time_to_end(manifests: list[Manifest]) -> None:
    pod = the("Deployment", manifests)["spec"]["template"]["spec"]
    pause = container_of(manifests)["lifecycle"]["preStop"]["exec"]["command"]
    assert pause[0] == "sleep"
    assert pod["terminationGracePeriodSeconds"] >= int(pause[1]) + 30


def test_a_log_in_a_file_has_one_writer(environments: dict[str, list[Manifest]]) -> None:
    deployment = the("Deployment", environments["SQLite"])["spec"]
    assert (deployment["replicas"], deployment["strategy"]["type"]) == (1, "Recreate")
    mounts = {mount["mountPath"] for mount in container_of(environments["SQLite"])["volumeMounts"]}
    assert LOG in mounts
    assert the("PersistentVolumeClaim", environments["SQLite"])["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert the("NetworkPolicy", environments["SQLite"])["spec"]["egress"] == []


def test_with_a_database_pods_are_replaced_one_by_one(environments: dict[str, list[Manifest]]) -> None:
    deployment = the("Deployment", environments["PostgreSQL"])["spec"]
    assert deployment["replicas"] >= 2
    assert deployment["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert "PersistentVolumeClaim" not in {manifest["kind"] for manifest in environments["PostgreSQL"]}
    (setting,) = container_of(environments["PostgreSQL"])["env"]
    assert setting["name"] == "PREDICTION_LOG"
    assert "optional" not in setting["valueFrom"]["secretKeyRef"]

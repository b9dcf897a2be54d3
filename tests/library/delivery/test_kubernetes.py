"""Deployment to a Kubernetes cluster."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from library.delivery.conftest import Stage
from mlops_maturity.delivery import kubernetes
from mlops_maturity.delivery.deploy import Trial, replace
from mlops_maturity.delivery.kubernetes import Cluster, place_of
from mlops_maturity.delivery.release import Release
from mlops_maturity.project.errors import ProjectError

pytestmark = pytest.mark.guards("1-CD", "CD-10")

Json = dict[str, Any]

REPOSITORY = "registry.example/team/service"
DIGEST = f"sha256:{64 * '1'}"
RELEASE = Release("123456789e12", f"{REPOSITORY}@{DIGEST}", DIGEST, "code", "0123456789ab", "commit")
# Answers from files of the current folder, and keeps what it is given. Where a port is to be open, one is.
KUBECTL = f"""
answer() {{ test ! -e "$1" || cat "$1"; }}
case " $* " in
  *" kustomize "*) answer manifests.json ;;
  *" get deployment/"*) answer deployment.json ;;
  *" get pods "*) answer pods.json ;;
  *" get pod/"*) answer pod.json ;;
  *" create "*) cat > created.json; echo pod/try-out-1 ;;
  *" apply "*) cat > applied.json ;;
  *" logs pod/"*) echo "what it said" ;;
  *" port-forward "*) exec {sys.executable} -m http.server --bind 127.0.0.1 "${{7%:http}}" 2> /dev/null ;;
esac
"""
# What the cluster's own tool makes of the overlay, as far as it matters.
NAMESPACE = {"kind": "Namespace", "metadata": {"name": "production"}}
SERVICE = {
    "kind": "Deployment",
    "metadata": {"labels": {"app.kubernetes.io/name": "prediction"}},
    "spec": {
        "template": {
            "metadata": {"labels": {"app.kubernetes.io/name": "prediction"}},
            "spec": {
                "serviceAccountName": "prediction",
                "automountServiceAccountToken": False,
                "securityContext": {"runAsNonRoot": True},
                "containers": [
                    {
                        "name": "prediction",
                        "image": "prediction",
                        "env": [{"name": "PREDICTION_LOG", "valueFrom": {"secretKeyRef": {"name": "prediction-log"}}}],
                        "ports": [{"name": "http", "containerPort": 8000}],
                        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
                        "securityContext": {"readOnlyRootFilesystem": True},
                    }
                ],
                "volumes": [
                    {"name": "predictions", "persistentVolumeClaim": {"claimName": "predictions"}},
                    {"name": "temporary", "emptyDir": {"sizeLimit": "64Mi"}},
                ],
            },
        }
    },
}


@pytest.fixture
def cluster(model: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Cluster, Path]]:  # noqa: ARG001
    """A cluster, and what it was told."""
    monkeypatch.setenv("DEPLOY_CONTEXT", "there")
    monkeypatch.setenv("IMAGE_REPOSITORY", REPOSITORY)
    monkeypatch.delenv("SERVICE_URL", raising=False)
    told = stage("kubectl", KUBECTL)
    Path("manifests.json").write_text(f"{json.dumps(NAMESPACE)}\n---\n{json.dumps(SERVICE)}", encoding="utf-8")
    with place_of("production", 8000) as place:
        assert place is not None
        yield place, told


def write(name: str, content: Json) -> None:
    Path(name).write_text(json.dumps(content), encoding="utf-8")


def at_revision(number: int) -> None:
    """Let the cluster have a deployment."""
    write("deployment.json", {"metadata": {"annotations": {"deployment.kubernetes.io/revision": str(number)}}})


def pod(name: str, second: int, *, ready: bool = True, going: bool = False) -> Json:
    at = f"2026-01-01T00:00:{second:02}Z"
    ends = {"deletionTimestamp": at} if going else {}
    status = {"conditions": [{"type": "Ready", "status": str(ready)}]}
    return {"metadata": {"name": name, "creationTimestamp": at, **ends}, "status": status}


def ran(told: Path) -> list[str]:
    """The commands that the cluster was told, without what says which cluster."""
    lines = [line.split() for line in told.read_text(encoding="utf-8").splitlines()]
    assert all(line[:3] == ["--context", "there", "--namespace"] for line in lines)
    return [" ".join(line[4:]) for line in lines]


@pytest.mark.parametrize("missing", ["DEPLOY_CONTEXT", "IMAGE_REPOSITORY"])
def test_place_without_a_setting_is_none(
    missing: str, cluster: tuple[Cluster, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(missing)
    with place_of("production", 8000) as place:
        assert place is None
    assert cluster[1].read_text() == ""


def test_start_of_a_release_applies_its_image_by_digest(cluster: tuple[Cluster, Path]) -> None:
    place, told = cluster
    place.start(RELEASE)
    namespace, deployment = json.loads(Path("applied.json").read_text(encoding="utf-8"))["items"]
    assert namespace == NAMESPACE, "who deploys may change nothing there"
    template = deployment["spec"]["template"]
    assert [container["image"] for container in template["spec"]["containers"]] == [RELEASE.image]
    for metadata in (deployment["metadata"], template["metadata"]):
        assert metadata["labels"]["app.kubernetes.io/version"] == RELEASE.model
        assert metadata["labels"]["release"] == RELEASE.key
    assert ran(told)[0] == "kustomize deploy/kubernetes/production"
    assert ran(told)[-2:] == ["apply --filename -", "rollout status deployment/prediction --timeout=180s"]


@pytest.mark.parametrize("refused", ["apply", "rollout"])
def test_start_that_the_cluster_refuses_fails_in_one_line(
    refused: str, cluster: tuple[Cluster, Path], stage: Stage
) -> None:
    stage("kubectl", f'case "$*" in *{refused}*) printf "error: no\\nway\\n" >&2; exit 1 ;; esac\n{KUBECTL}')
    with pytest.raises(ProjectError, match=f"`kubectl .* {refused} .*` failed: no way$"):
        cluster[0].start(RELEASE)


@pytest.mark.usefixtures("model")
def test_start_without_kubectl_fails_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ProjectError, match="kubectl is not installed"):
        Cluster("there", "production", dict(os.environ)).start(RELEASE)


# Back


def test_replace_by_a_release_that_does_not_get_ready_rolls_back(cluster: tuple[Cluster, Path], stage: Stage) -> None:
    at_revision(7)
    told = stage("kubectl", f'case "$*" in *"rollout status"*) mkdir tried || exit 0; exit 1 ;; esac\n{KUBECTL}')
    with pytest.raises(ProjectError, match="rolled back: there is as it was before"):
        replace(Trial("production", RELEASE, cluster[0]))
    assert ran(told)[-4:] == [
        f"get pods --selector release={RELEASE.key}",
        f"logs --selector release={RELEASE.key} --tail 20",
        "rollout undo deployment/prediction --to-revision=7",
        "rollout status deployment/prediction --timeout=180s",
    ]


def test_back_from_a_first_release_leaves_nothing(
    cluster: tuple[Cluster, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    place, told = cluster
    place.start(RELEASE)
    place.back()
    assert ran(told)[-1] == "delete deployment/prediction --ignore-not-found"
    assert "nothing served at there before, and nothing serves there now" in capfd.readouterr().out


def test_back_without_a_start_changes_nothing(cluster: tuple[Cluster, Path], stage: Stage) -> None:
    told = stage("kubectl", "exit 1")
    with pytest.raises(ProjectError):
        cluster[0].start(RELEASE)
    cluster[0].back()
    assert not any("undo" in line or "delete" in line for line in ran(told))


# The way there


def test_reach_with_several_pods_asks_the_newest_that_is_ready_and_stays(cluster: tuple[Cluster, Path]) -> None:
    place, told = cluster
    pods = [pod("old", 1), pod("new", 2), pod("starting", 3, ready=False), pod("going", 4, going=True)]
    write("pods.json", {"items": pods})
    with place.reach() as address:
        port = int(address.url.rpartition(":")[2])
        assert is_open(port)
    assert not is_open(port)
    assert ran(told)[-1] == f"port-forward pod/new {port}:http --address 127.0.0.1"


def is_open(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def test_reach_before_the_first_release_finds_nobody(cluster: tuple[Cluster, Path]) -> None:
    write("pods.json", {"items": []})
    with cluster[0].reach() as address:
        assert not is_open(int(address.url.rpartition(":")[2]))


def test_reach_without_a_tunnel_fails(cluster: tuple[Cluster, Path], stage: Stage) -> None:
    write("pods.json", {"items": [pod("new", 1)]})
    stage("kubectl", f'case "$*" in *port-forward*) exit 1 ;; esac\n{KUBECTL}')
    with pytest.raises(ProjectError, match="there is no way to the pod new at there"), cluster[0].reach():
        pass


def test_reach_with_a_service_url_uses_it(cluster: tuple[Cluster, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_URL", "https://service.example/")
    with cluster[0].reach() as address:
        assert address.url == "https://service.example"
    assert cluster[1].read_text() == ""


# A pod of its own


def ended(code: int) -> Json:
    return {"status": {"phase": "Failed", "containerStatuses": [{"state": {"terminated": {"exitCode": code}}}]}}


def waiting(**why: str) -> Json:
    return {"status": {"phase": "Pending", "containerStatuses": [{"state": {"waiting": why}}]}}


def test_try_out_of_a_command_runs_a_pod_of_its_own_that_gets_no_requests(cluster: tuple[Cluster, Path]) -> None:
    place, told = cluster
    write("pod.json", ended(3))
    done = place.try_out(RELEASE, ["check", "it"])
    assert (done.returncode, done.stdout) == (3, "what it said\n")
    assert ran(told)[1] == "apply --filename -"
    assert json.loads(Path("applied.json").read_text(encoding="utf-8"))["items"] == [NAMESPACE]
    assert ran(told)[-1] == "delete pod/try-out-1 --wait=false"
    (made,) = json.loads(Path("created.json").read_text(encoding="utf-8"))["items"]
    assert made["metadata"]["labels"] == {"app.kubernetes.io/name": "try-out"}, "requests must not get there"
    (container,) = made["spec"]["containers"]
    assert container["command"] == ["python", "-m", "mlops_maturity", "check", "it"]
    assert not {"ports", "readinessProbe"} & set(container)
    served = SERVICE["spec"]["template"]["spec"]  # type: ignore[index]
    assert made["spec"]["securityContext"] == served["securityContext"]
    assert container["image"] == RELEASE.image
    for part in ("env", "securityContext"):
        assert container[part] == served["containers"][0][part]
    assert made["spec"]["volumes"][0] == {"name": "predictions", "emptyDir": {}}, "a file has one writer"


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (waiting(reason="CreateContainerConfigError", message="secret not found"), "secret not found"),
        (waiting(reason="ContainerCreating"), "no node takes it"),
        ({"status": {"phase": "Failed", "reason": "DeadlineExceeded"}}, "DeadlineExceeded"),
    ],
)
def test_try_out_in_a_pod_that_does_not_run_fails(
    found: Json, why: str, cluster: tuple[Cluster, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes, "SECONDS_TO_TRY", 0)
    write("pod.json", found)
    with pytest.raises(ProjectError, match=f"pod/try-out-1 did not run at there: {why}"):
        cluster[0].try_out(RELEASE, ["check"])
    assert ran(cluster[1])[-1] == "delete pod/try-out-1 --wait=false"


def test_try_out_waits_until_the_command_has_ended(
    cluster: tuple[Cluster, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("pod.json", waiting(reason="ContainerCreating"))
    monkeypatch.setattr("time.sleep", lambda _: write("pod.json", ended(0)))
    assert cluster[0].try_out(RELEASE, ["check"]).returncode == 0


def test_try_out_in_a_pod_that_somebody_deleted_fails(cluster: tuple[Cluster, Path]) -> None:
    with pytest.raises(ProjectError, match="pod/try-out-1 did not run at there: somebody deleted it"):
        cluster[0].try_out(RELEASE, ["check"])


def test_stop_deletes_the_deployment_and_keeps_the_volume(cluster: tuple[Cluster, Path]) -> None:
    place, told = cluster
    place.stop()
    assert ran(told) == ["delete deployment/prediction --ignore-not-found"]


def test_back_where_the_cluster_does_not_say_why_goes_on(
    cluster: tuple[Cluster, Path], stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    place, _ = cluster
    at_revision(7)
    place.start(RELEASE)
    told = stage("kubectl", f'case "$*" in *logs*) echo "error: no logs" >&2; exit 1 ;; esac\n{KUBECTL}')
    place.back()
    assert "failed: no logs" in capsys.readouterr().out
    assert "rollout undo deployment/prediction --to-revision=7" in ran(told)

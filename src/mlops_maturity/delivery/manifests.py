"""What a cluster is told of a release: the overlay of its environment, and a pod that tries something out."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from mlops_maturity.delivery.kubectl import Kubectl, Manifest
from mlops_maturity.delivery.release import Release

OVERLAYS = Path("deploy/kubernetes")
# Of a container that answers requests; one that does something else has none of it.
OF_A_SERVICE = ("lifecycle", "livenessProbe", "ports", "readinessProbe", "startupProbe")


def namespace_of(environment: str) -> str:
    """The namespace of an environment."""
    text = (OVERLAYS / environment / "kustomization.yaml").read_text(encoding="utf-8")
    return str(yaml.safe_load(text)["namespace"])


def manifests_of(environment: str, release: Release, kubectl: Kubectl) -> list[Manifest]:
    """The overlay of an environment with what is not in git: which release it is.

    Raises:
        ProjectError: kubectl cannot read the overlay.
    """
    manifests: list[Manifest] = list(yaml.safe_load_all(kubectl.ask("kustomize", str(OVERLAYS / environment))))
    deployment = _deployment(manifests)
    template = deployment["spec"]["template"]
    _container(template["spec"])["image"] = release.image
    for metadata in (deployment["metadata"], template["metadata"]):
        metadata["labels"] |= {"app.kubernetes.io/version": release.model, "release": release.key}
    return manifests


def trial_of(manifests: Sequence[Manifest], arguments: Sequence[str], seconds: int) -> Manifest:
    """A pod like those of the service, so that what it finds is what they will find. No request gets to it.

    Args:
        manifests: of the service.
        arguments: what the package is to do.
        seconds: when it is ended at the latest.
    """
    spec: Manifest = _deployment(manifests)["spec"]["template"]["spec"]
    container = _container(spec)
    kept = {name: value for name, value in container.items() if name not in OF_A_SERVICE}
    kept["command"] = ["python", "-m", "mlops_maturity", *arguments]
    # The account comes with the first deployment, and this pod may come before.
    spec = {name: value for name, value in spec.items() if name != "serviceAccountName"}
    # A file that the service writes to has one writer.
    volumes = [
        {"name": each["name"], "emptyDir": {}} if "persistentVolumeClaim" in each else each for each in spec["volumes"]
    ]
    ends = {"restartPolicy": "Never", "activeDeadlineSeconds": seconds}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "try-out-", "labels": {"app.kubernetes.io/name": "try-out"}},
        "spec": spec | {"containers": [kept], "volumes": volumes} | ends,
    }


def _deployment(manifests: Sequence[Manifest]) -> Manifest:
    return next(manifest for manifest in manifests if manifest["kind"] == "Deployment")


def _container(pod: Manifest) -> Manifest:
    found: Manifest = next(container for container in pod["containers"] if container["name"] == "prediction")
    return found

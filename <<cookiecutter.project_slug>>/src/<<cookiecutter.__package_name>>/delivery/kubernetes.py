"""Delivery to a Kubernetes cluster, through a registry that the cluster pulls images from."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import yaml

from ..errors import ProjectError
from .access import to_cluster
from .arrival import ASK, await_version, not_delivered
from .image import Image, image_of

OVERLAY = Path("deploy/kubernetes/production")
DEPLOYMENT = "deployment/prediction"


def run(model: Path) -> None:
    """Bring the image of a model to the cluster that DEPLOY_CONTEXT names, and wait until it answers there.

    Raises:
        ProjectError: there is no such image, the registry or the cluster refuses it, or it does not answer.
    """
    context, repository = os.environ.get("DEPLOY_CONTEXT"), os.environ.get("IMAGE_REPOSITORY")
    if not context or not repository:
        not_delivered(
            "DEPLOY_CONTEXT to a context of kubectl, and IMAGE_REPOSITORY to where the cluster pulls the image from"
        )
        return
    image = image_of(model)
    if image.inspect("{{.Id}}") is None:
        raise ProjectError(f"{image.name} is not built; run `make image` first")
    digest = _push(image, repository)
    with to_cluster() as environment:
        _start(image.version, context, f"{repository}@{digest}", environment)


def _start(version: str, context: str, image: str, environment: dict[str, str]) -> None:
    namespace = yaml.safe_load((OVERLAY / "kustomization.yaml").read_text(encoding="utf-8"))["namespace"]
    kubectl = ("kubectl", "--context", context, "--namespace", namespace)
    with tempfile.TemporaryDirectory() as folder:
        _write_overlay(Path(folder).resolve(), image, version)
        _do(*kubectl, "apply", "--kustomize", folder, environment=environment)
    _do(*kubectl, "rollout", "status", DEPLOYMENT, "--timeout", "180s", environment=environment)

    def ask() -> str:
        command = [*kubectl, "exec", DEPLOYMENT, "--", *ASK]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout.strip()

    await_version(version, context, ask)


def _push(image: Image, repository: str) -> str:
    """Push an image and return its digest, which names its bytes in every registry."""
    pushed = Image(image.engine, repository, image.version)
    _do(image.engine, "tag", image.name, pushed.name)
    _do(image.engine, "push", pushed.name)
    known: list[str] = json.loads(pushed.inspect("{{json .RepoDigests}}") or "null") or []
    digests = [name.partition("@")[2] for name in known if name.startswith(f"{repository}@")]
    if not digests:
        raise ProjectError(f"{image.engine} does not know the digest of {pushed.name}; push it to a registry by hand")
    return digests[0]


def _write_overlay(folder: Path, image: str, version: str) -> None:
    """Add the image to what is in git: which one is delivered is the registry's to say."""
    repository, _, digest = image.partition("@")
    content = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(OVERLAY.resolve(), folder)],
        "images": [{"name": "prediction", "newName": repository, "digest": digest}],
        "labels": [{"includeTemplates": True, "pairs": {"app.kubernetes.io/version": version}}],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


def _do(*command: str, environment: dict[str, str] | None = None) -> None:
    try:
        done = subprocess.run(command, env=environment, check=False)
    except FileNotFoundError:
        raise ProjectError(f"{command[0]} is not installed") from None
    if done.returncode:
        raise ProjectError(f"`{' '.join(command)}` failed; the lines above say why")

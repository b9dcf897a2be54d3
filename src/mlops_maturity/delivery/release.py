"""A release: one image, named by what is in it, and so the same wherever it goes."""

import json
import os
import subprocess
from dataclasses import dataclass, replace

from mlops_maturity.delivery.image import Image, engine
from mlops_maturity.project.errors import ProjectError


@dataclass(frozen=True)
class Release:
    """What is deployed.

    Attributes:
        key: names what is in it: its code, its packages and its model.
        image: what a container engine is told to run: `repository@digest`, or a name that this machine knows.
        digest: of the image, which names its bytes.
        code: names its code and its packages alone.
        model: the version of its model.
        commit: the commit that it was built of.
    """

    key: str
    image: str
    digest: str
    code: str
    model: str
    commit: str


def known(image: Image) -> Release | None:
    """The release that has this image, if it is built. The registry of IMAGE_REPOSITORY, if it is set, gets it too."""
    shared = _in_registry(image)
    if shared is not None and _pull(shared.engine, shared.name):
        return _release(shared, _pinned(shared))
    return share(image) if _local(image).inspect("{{.Id}}") else None


def share(image: Image) -> Release:
    """Bring an image of this machine to the registry of IMAGE_REPOSITORY, if it is set.

    Raises:
        ProjectError: it is not built, or the registry refuses it.
    """
    here, shared = _local(image), _in_registry(image)
    if shared is None:
        return _release(here, here.name)
    _do(here.engine, "tag", here.name, shared.name)
    _do(here.engine, "push", "--quiet", shared.name)
    # What was pushed is known by its digest once it is pulled.
    _pull(shared.engine, shared.name)
    return _release(shared, _pinned(shared))


def is_there(release: Release) -> bool:
    """Whether the bytes of a release can be had: from the registry of IMAGE_REPOSITORY if it is set, else from here."""
    repository = os.environ.get("IMAGE_REPOSITORY", "").lower()
    if repository:
        return release.image == f"{repository}@{release.digest}" and _pull(engine(), release.image)
    found = subprocess.run(
        [engine(), "image", "inspect", "--format", "{{.Id}}", release.image],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"sha256:{found.stdout.strip().removeprefix('sha256:')}" == release.digest


def _local(image: Image) -> Image:
    return replace(image, mark="")


def _in_registry(image: Image) -> Image | None:
    repository = os.environ.get("IMAGE_REPOSITORY")
    return replace(image, repository=repository.lower()) if repository else None


def _release(image: Image, name: str) -> Release:
    digest = name.partition("@")[2] or image.inspect("{{.Id}}")
    if not digest:
        raise ProjectError(f"{image.name} is not built; run `make image` first")
    digest = digest if digest.startswith("sha256:") else f"sha256:{digest}"
    commit = image.inspect('{{index .Config.Labels "org.opencontainers.image.revision"}}') or ""
    return Release(image.key, name, digest, image.code, image.version, commit)


def _pinned(image: Image) -> str:
    """The name of an image with its digest in the registry.

    Raises:
        ProjectError: the engine does not know it.
    """
    known: list[str] = json.loads(image.inspect("{{json .RepoDigests}}") or "null") or []
    names = [name for name in known if name.partition("@")[0] == image.repository]
    # Podman also names the digest that an image had here before it was pushed: no other machine would find that.
    pinned = next((name for name in names if len(names) == 1 or _pull(image.engine, name)), None)
    if pinned is None:
        raise ProjectError(f"{image.engine} does not know the digest of {image.name}; push it to a registry by hand")
    return pinned


def _pull(engine: str, name: str) -> bool:
    return subprocess.run([engine, "pull", "--quiet", name], capture_output=True, check=False).returncode == 0


def _do(*command: str) -> None:
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
        raise ProjectError(f"`{' '.join(command)}` failed; the lines above say why")

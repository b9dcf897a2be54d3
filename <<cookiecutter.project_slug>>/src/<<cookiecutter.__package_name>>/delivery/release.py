"""A release: one image, named by what is in it, and so the same wherever it goes."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..errors import ProjectError
from ..paths import PRODUCTION
from .image import Image, image_of


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


def next_release(environment: str, model: Path | None = None) -> Release:  # noqa: ARG001 - other sources ask for it
    """The release that has a model, by default the one in production, and the code at hand.

    Raises:
        ProjectError: it is not built, or the registry of images refuses it.
    """
    image = image_of(model or PRODUCTION)
    found = known(image)
    if found is None:
        raise ProjectError(f"{image.name} is not built; run `make image` first")
    return found


def known(image: Image) -> Release | None:
    """The release that has this image, if it is built. The registry of IMAGE_REPOSITORY, if it is set, gets it too."""
    repository = os.environ.get("IMAGE_REPOSITORY")
    shared = Image(image.engine, repository.lower(), image.code, image.version) if repository else image
    if repository and not _pull(shared):
        if image.inspect("{{.Id}}") is None:
            return None
        _do(image.engine, "tag", image.name, shared.name)
        _do(image.engine, "push", "--quiet", shared.name)
        # What was pushed is known by its digest once it is pulled.
        _pull(shared)
    digest = shared.inspect("{{.Id}}") if shared is image else _digest(shared)
    if digest is None:
        return None
    digest = digest if digest.startswith("sha256:") else f"sha256:{digest}"
    name = image.name if shared is image else f"{shared.repository}@{digest}"
    commit = shared.inspect('{{index .Config.Labels "org.opencontainers.image.revision"}}') or ""
    return Release(image.key, name, digest, image.code, image.version, commit)


def _pull(image: Image) -> bool:
    command = [image.engine, "pull", "--quiet", image.name]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _digest(image: Image) -> str:
    names: list[str] = json.loads(image.inspect("{{json .RepoDigests}}") or "null") or []
    digests = [name.partition("@")[2] for name in names if name.startswith(f"{image.repository}@")]
    if not digests:
        raise ProjectError(f"{image.engine} does not know the digest of {image.name}; push it to a registry by hand")
    return digests[-1]


def _do(*command: str) -> None:
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
        raise ProjectError(f"`{' '.join(command)}` failed; the lines above say why")

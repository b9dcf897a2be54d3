"""Delivery to a machine with Docker: this one, or one that is reached by SSH."""

import os
import subprocess
from pathlib import Path

from ..errors import ProjectError
from .access import to_host
from .arrival import ASK, await_version, not_delivered
from .image import Image, image_of

COMPOSE = ("compose", "--file", "deploy/compose.yaml")
HERE = "local"


def run(model: Path) -> None:
    """Bring the image of a model to the machine that DEPLOY_HOST names, and wait until it answers there.

    Raises:
        ProjectError: there is no such image, it could not be brought there, or it does not answer.
    """
    host = os.environ.get("DEPLOY_HOST")
    if not host:
        not_delivered("DEPLOY_HOST to user@host, a machine with Docker, or to `local` for this one")
        return
    image = image_of(model)
    if image.inspect("{{.Id}}") is None:
        raise ProjectError(f"{image.name} is not built; run `make image` first")
    with to_host() as environment:
        there = environment | {"IMAGE": image.name}
        if host != HERE:
            there |= {"DOCKER_HOST": f"ssh://{host}"}
            _send(image, there)
        _start(image, host, there)


def _start(image: Image, host: str, there: dict[str, str]) -> None:
    compose = (image.engine, *COMPOSE)
    start = [*compose, "up", "--detach", "--wait", "--wait-timeout", "120"]
    if subprocess.run(start, env=there, check=False).returncode:
        subprocess.run([*compose, "logs", "--tail", "20"], env=there, check=False)
        raise ProjectError(f"{image.name} did not get ready at {host}; the lines above say why")

    def ask() -> str:
        command = [*compose, "exec", "-T", "prediction", *ASK]
        return subprocess.run(command, env=there, capture_output=True, text=True, check=False).stdout.strip()

    await_version(image.version, host, ask)


def _send(image: Image, there: dict[str, str]) -> None:
    """Load an image over there: no registry is needed between two machines."""
    if image.engine != "docker":
        raise ProjectError("only docker can deliver to another machine; install it")
    with subprocess.Popen(["docker", "save", image.name], stdout=subprocess.PIPE) as saving:
        loaded = subprocess.run(["docker", "load", "--quiet"], stdin=saving.stdout, env=there, check=False)
    if saving.returncode or loaded.returncode:
        raise ProjectError(f"{image.name} could not be brought to {there['DOCKER_HOST']}; the lines above say why")

"""The engine that builds and runs images in tests, and stand-ins for the public images that they are built on."""

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
from conftest import Project, clean_environment, run
from filelock import FileLock

STAND_INS = Path(__file__).with_name("containers")
# The base image takes a minute to make: it outlives the tests, beside what package managers keep. The name is short,
# because Podman finds only after 20 seconds that a container has ended whose storage has a path longer than 45 letters.
STORAGE = Path.home() / ".cache" / "mlops-images"
NEEDED = {name: name for name in ("buildah", "debootstrap", "iptables", "podman", "runc")}
NEEDED |= {"/usr/lib/podman/netavark": "netavark", "/usr/lib/podman/aardvark-dns": "aardvark-dns"}


@dataclass(frozen=True)
class Engine:
    """The docker command of these tests, with its own storage."""

    environment: dict[str, str]

    def __call__(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return run(["docker", *arguments], Path.cwd(), check=check, environment=self.environment)

    def inspect(self, name: str, template: str) -> str:
        return self("inspect", "--format", template, name).stdout.strip()

    def command(
        self, project: Project, python: Path, *arguments: str, check: bool = True, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the library where this engine is at hand."""
        environment = self.environment | {"PYTHONPATH": str(project.path / "src")} | more
        command = [str(python), "-m", "mlops_maturity", *arguments]
        return run(command, project.path, check=check, environment=environment)


def missing() -> str:
    """What images cannot be built without here, and how to get it; nothing if all is there."""
    packages = sorted(package for command, package in NEEDED.items() if not shutil.which(command))
    if packages:
        return f"images cannot be built: apt-get install --no-install-recommends {' '.join(packages)}"
    return "images cannot be built: run this as root" if os.geteuid() else ""


@contextmanager
def engine_of_tests() -> Iterator[Engine]:
    """The engine with its own storage, for one process at a time; what is left of images is cleared away afterwards."""
    path = f"{STAND_INS}:{Path(sys.executable).parent}:{clean_environment()['PATH']}"
    docker = Engine(clean_environment(PATH=path, CONTAINER_STORAGE=str(STORAGE)))
    STORAGE.mkdir(parents=True, exist_ok=True)
    with FileLock(STORAGE / "used.lock"):
        yield docker
        docker("image", "prune", "--force")


def make_stand_in(engine: Engine, name: str, script: str = "base-image") -> None:
    """Make the stand-in for a public image, unless it is there."""
    recipe = STAND_INS / script
    made = STORAGE / f"base-{hashlib.sha256(recipe.read_bytes() + name.encode()).hexdigest()[:12]}"
    if not made.exists() or engine("image", "exists", name, check=False).returncode:
        run([str(recipe), f"docker.io/library/{name}"], Path.cwd(), environment=engine.environment)
        made.touch()


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """The engine, for one module of tests."""
    if why := missing():
        pytest.skip(why)
    with engine_of_tests() as docker:
        yield docker


@pytest.fixture(scope="module")
def make_image(engine: Engine) -> Callable[..., None]:
    """Makes the stand-in for a public image, as `make_stand_in` does."""
    return partial(make_stand_in, engine)


def base_of(project: Project, dockerfile: str = "deploy/Dockerfile") -> str:
    """The one public image that a Dockerfile builds on."""
    (base,) = set(re.findall(r"^FROM (\S+)", project.text(dockerfile), re.MULTILINE))
    return str(base)


@dataclass(frozen=True)
class Running:
    """A container that answers."""

    name: str
    port: int
    log: Path
    seconds_to_start: float


@contextmanager
def serving(engine: Engine, image: str, log: Path, *options: str, within: float = 180) -> Iterator[Running]:
    """Run an image of the service as it is delivered, with its log in a folder of this machine."""
    log.mkdir()
    os.chown(log, 10001, 10001)
    port = free_port()
    started = time.monotonic()
    name = engine(
        *("run", "--detach", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", *options),
        *("--publish", f"127.0.0.1:{port}:8000", "--volume", f"{log}:/var/lib/predictions", image),
    ).stdout.strip()
    try:
        while ask(port, "GET", "/ready")[0] != 200:
            told = engine("logs", name, check=False)
            assert time.monotonic() < started + within, told.stdout + told.stderr
            time.sleep(0.02)
        yield Running(name, port, log, time.monotonic() - started)
    finally:
        engine("rm", "--force", "--time", "1", name)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
    """The status of an answer and what it says; the status is 0 if nobody answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    except (OSError, HTTPException):
        return 0, None
    finally:
        connection.close()

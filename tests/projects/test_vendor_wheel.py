"""The library comes from the project's own wheel: neither uv nor pip takes what an index has by that name."""

import hashlib
import http.server
import io
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import Bake, Project, clean_environment, run

from hooks import wheel

FOREIGN = "mlops_maturity-99.0-py3-none-any.whl"
PAGE = '<!DOCTYPE html><html><body><a href="/{name}#sha256={digest}">{name}</a></body></html>'
VENV = Path(".venv/bin/python")
INSTALL = {
    "pip": [str(VENV), "-m", "pip", "install", "--no-deps"],
    "uv": [sys.executable, "-m", "uv", "pip", "install", "--no-deps", f"--python={VENV}"],
}
BY_THE_LOCK = ["--require-hashes", "--requirement", "vendor/requirements.lock"]


def foreign_wheel() -> bytes:
    """A package of the library's name that would be newer."""
    stream = io.BytesIO()
    folder = "mlops_maturity-99.0.dist-info"
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mlops_maturity/__init__.py", "raise SystemExit('taken from the index')\n")
        archive.writestr(f"{folder}/METADATA", "Metadata-Version: 2.1\nName: mlops-maturity\nVersion: 99.0\n")
        archive.writestr(f"{folder}/WHEEL", wheel.WHEEL)
        archive.writestr(f"{folder}/RECORD", "mlops_maturity/__init__.py,,\n")
    return stream.getvalue()


@dataclass
class Index:
    """A package index of this machine, which has one package.

    Attributes:
        address: of its pages.
        asked: the paths that it was asked for.
    """

    address: str = ""
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def index() -> Iterator[Index]:
    content = foreign_wheel()
    page = PAGE.format(name=FOREIGN, digest=hashlib.sha256(content).hexdigest()).encode()
    answers = {"/simple/mlops-maturity/": ("text/html", page), f"/{FOREIGN}": ("application/zip", content)}
    found = Index()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            kind, body = answers.get(self.path, ("text/plain", b""))
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name is the server's
            """Be quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        found.address = f"http://127.0.0.1:{server.server_port}/simple/"
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def project(copy_of: Bake) -> Project:
    """A project with an empty environment."""
    made = copy_of(maturity_level="1")
    made.run(sys.executable, "-m", "venv", ".venv")
    return made


def settings(index: Index) -> dict[str, str]:
    """The environment of a command that asks the foreign index before any other."""
    return clean_environment(PIP_EXTRA_INDEX_URL=index.address, UV_INDEX=index.address, UV_CACHE_DIR=".venv/cache")


def installed(project: Project) -> str:
    code = "from importlib.metadata import version; print(version('mlops-maturity'))"
    return project.run(str(VENV), "-c", code).stdout.strip()


@pytest.mark.guards("OWN-05")
def test_index_of_the_test_is_one_that_pip_and_uv_would_take_the_package_from(project: Project, index: Index) -> None:
    for command in INSTALL.values():
        run([*command, "mlops-maturity"], project.path, environment=settings(index))
        assert installed(project) == "99.0"
        project.run(str(VENV), "-m", "pip", "uninstall", "--yes", "mlops-maturity")


@pytest.mark.guards("OWN-05")
@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_install_by_the_lock_takes_the_wheel_of_the_project(installer: str, project: Project, index: Index) -> None:
    run([*INSTALL[installer], *BY_THE_LOCK], project.path, environment=settings(index))
    assert installed(project) == wheel.build().version
    assert [path for path in index.asked if "mlops" in path] == []


@pytest.mark.guards("OWN-05")
@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_install_of_another_wheel_than_the_lock_names_is_refused(
    installer: str, project: Project, index: Index
) -> None:
    (file,) = (project.path / "vendor").glob("*.whl")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("mlops_maturity/more.py", "")
    done = run([*INSTALL[installer], *BY_THE_LOCK], project.path, check=False, environment=settings(index))
    assert done.returncode != 0
    assert "hash" in (done.stdout + done.stderr).lower()


@pytest.mark.guards("OWN-05")
def test_pip_with_the_project_alone_does_not_take_the_package_of_the_index(project: Project, index: Index) -> None:
    """Pip knows nothing of [tool.uv.sources]: what it is told is a version that no other package has."""
    command = [str(VENV), "-m", "pip", "install", "--no-build-isolation", "--dry-run", "."]
    run([str(VENV), "-m", "pip", "install", "setuptools>=80"], project.path)
    done = run(command, project.path, check=False, environment=settings(index))
    assert done.returncode != 0
    assert f"mlops-maturity[live]=={wheel.build().version}" in done.stderr
    assert f"/{FOREIGN}" not in index.asked


@pytest.mark.guards("OWN-05")
def test_make_lock_reproduces_the_lock_whatever_the_index_has(environment: Any, copy_of: Bake, index: Index) -> None:
    project = copy_of(maturity_level="1")
    (project.path / ".venv").symlink_to(environment("none", "1").parents[1])
    locks = {name: project.text(name) for name in ("requirements.lock", "deploy/requirements.lock")}
    command = ["make", "lock", "--assume-old=.venv/ready"]
    run(
        command,
        project.path,
        environment=clean_environment(UV_INDEX=index.address, UV_INDEX_STRATEGY="unsafe-best-match"),
    )
    assert {name: project.text(name) for name in locks} == locks
    assert [path for path in index.asked if "mlops" in path] == []

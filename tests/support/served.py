"""A project's prediction service as a process of its own."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from conftest import Project, bake_into, clean_environment

STEPS = ("ingest", "validate-data", "split", "train", "evaluate", "profile", "validate-model", "package")
RECORD = {
    "island": "Torgersen",
    "bill_length_mm": 38.0,
    "bill_depth_mm": 18.5,
    "flipper_length_mm": 187,
    "body_mass_g": 3600,
    "sex": "female",
    "year": 2008,
}


def packaged(folder: Path, python: Path, level: str = "1") -> Project:
    """A project with a packaged model."""
    project = bake_into(folder, maturity_level=level)
    project.step(python, *STEPS)
    return project


@dataclass(frozen=True)
class Service:
    """A service that answers at a port of this machine."""

    process: subprocess.Popen[str]
    port: int

    def ask(self, method: str, path: str, content: Any = None) -> tuple[int, Any]:
        """Send a request, and return the status and the answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, json.dumps(content), {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, json.load(response)
        finally:
            connection.close()

    def predict(self) -> str:
        """Ask for a prediction, and return its id."""
        status, answer = self.ask("POST", "/predict", {"records": [RECORD]})
        assert status == 200, answer
        name: str = answer["predictions"][0]["id"]
        return name

    def megabytes(self) -> float:
        """The memory that it takes now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (kilobytes,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
        return int(kilobytes) / 1024


@contextmanager
def serving(project: Project, python: Path, **environment: str) -> Iterator[Service]:
    """Serve a project's packaged model; it is killed at the end if it still runs."""
    command = [str(python), "-m", "mlops_maturity", "serve", "--port", "0"]
    settings = clean_environment(PYTHONPATH=str(project.path / "src"), **environment)
    with subprocess.Popen(command, cwd=project.path, env=settings, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().rsplit(":", 1)[1].split("/")[0]
            yield Service(process, int(port))
        finally:
            process.kill()


def wait_until(is_so: Callable[[], bool], seconds: float = 180) -> None:
    """Wait for something that must happen."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)

"""The service as a process of its own, which is asked from several threads until it ends."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from library.sandbox import COMMAND

THREADS = 4


@dataclass(frozen=True)
class Service:
    """A service that answers at a port of this machine."""

    process: "subprocess.Popen[str]"
    port: int

    def libraries(self) -> str:
        """The files of code that it has loaded."""
        return Path(f"/proc/{self.process.pid}/maps").read_text()

    def megabytes(self) -> float:
        """The memory that it takes now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (kilobytes,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
        return int(kilobytes) / 1024


@contextmanager
def serving(project: Path, file: Path, *, durable: bool = False) -> Iterator[Service]:
    """Serve a packaged model as `make serve` does; the service is killed at the end if it still runs.

    Args:
        project: with the packaged model.
        file: of the prediction log.
        durable: whether an answer waits until it is in the log.
    """
    settings = {"PREDICTION_LOG": f"sqlite:///{file}", "PREDICTION_LOG_DURABLE": str(int(durable))}
    command = [str(COMMAND), "serve", "--port", "0"]
    with subprocess.Popen(
        command, cwd=project, env=os.environ | settings, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield Service(process, int(process.stdout.readline().rsplit(":", 1)[1].split("/")[0]))
        finally:
            process.kill()


def ask_until_gone(service: Service, body: object, end: Callable[[], None]) -> list[str]:
    """Ask from several threads, end the service after its first answer, and return the ids that it gave."""
    answered: list[str] = []
    first = threading.Event()

    def ask() -> None:
        connection = HTTPConnection("127.0.0.1", service.port, timeout=20)
        try:
            while True:
                connection.request("POST", "/predict", json.dumps(body), {"Content-Type": "application/json"})
                response = connection.getresponse()
                content = json.loads(response.read())
                assert response.status == 200, content
                answered.append(content["predictions"][0]["id"])
                first.set()
        except (OSError, HTTPException, ValueError):
            # Ended in the middle of an answer, which then is none.
            return
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    assert first.wait(30)
    assert service.process.poll() is None
    end()
    for thread in threads:
        thread.join(30)
    return answered

"""A port of this machine whose connections end elsewhere, for as long as a command keeps it open."""

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from mlops_maturity.project.errors import ProjectError

SECONDS_TO_OPEN = 60


def free_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@contextmanager
def tunnel(command: Sequence[str], port: int, environment: Mapping[str, str], trouble: str) -> Iterator[None]:
    """Let a command hold a port open, and end it afterwards.

    Args:
        command: what opens the port.
        port: of this machine.
        environment: of the command.
        trouble: what to say if the port does not open.

    Raises:
        ProjectError: the command ends, or a minute passes, before the port is open.
    """
    with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as holding:
        try:
            until = time.monotonic() + SECONDS_TO_OPEN
            while not _is_open(port):
                if holding.poll() is not None or time.monotonic() > until:
                    raise ProjectError(f"{trouble}; the lines above say why")
                time.sleep(0.1)
            yield
        finally:
            holding.terminate()


def _is_open(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0

"""A PostgreSQL of a test's own."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
# The server refuses to run as root.
AS_ITS_USER = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
MISSING = "PostgreSQL is not there: apt-get install postgresql"


@dataclass(frozen=True)
class Postgres:
    """A server in a folder of its own, reachable from this machine only."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str) -> str:
        command = [*AS_ITS_USER, str(PROGRAMS[-1] / program), *arguments]
        # The server goes on after pg_ctl, and must not hold on to a pipe.
        with tempfile.TemporaryFile("w+") as output:
            code = subprocess.run(command, stdout=output, stderr=output, cwd="/", check=False).returncode
            output.seek(0)
            text = output.read()
        assert code == 0, text
        return text

    def start(self) -> None:
        options = f"-h 127.0.0.1 -p {self.port} -k {self.folder}"
        log = str(self.folder / "log.txt")
        self.run("pg_ctl", "-w", "-D", str(self.folder / "data"), "-l", log, "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-w", "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    def column(self, statement: str) -> list[str]:
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        return self.run("psql", *address, "-d", "postgres", "-At", "-c", statement).split()


@contextmanager
def installed() -> Iterator[Postgres]:
    """A server that is not started yet; it is gone afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    if AS_ITS_USER:
        shutil.chown(folder, "postgres", "postgres")
    server = Postgres(folder, port)
    try:
        server.run("initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder)

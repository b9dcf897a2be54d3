"""The prediction log on a real PostgreSQL, which is there, goes away, and comes back."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Project
from served import packaged, serving, wait_until

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
# The server refuses to run as root.
AS_ITS_USER = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

pytestmark = pytest.mark.skipif(not PROGRAMS, reason="PostgreSQL is not there: apt-get install postgresql")


@dataclass(frozen=True)
class Postgres:
    """A server of this test's own, in a folder of its own, reachable from this machine only."""

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


@pytest.fixture
def postgres() -> Iterator[Postgres]:
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


@pytest.fixture(scope="module")
def python(environment: Callable[..., Path]) -> Path:
    return environment("none", "1")


@pytest.fixture(scope="module")
def project(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return packaged(tmp_path_factory.mktemp("project"), python)


def test_nothing_is_lost_while_it_is_away(project: Project, python: Path, postgres: Postgres) -> None:
    with serving(project, python, PREDICTION_LOG=postgres.url) as service:
        assert service.ask("GET", "/ready")[0] == 503
        answered = [service.predict() for _ in range(20)]
        postgres.start()
        wait_until(lambda: service.ask("GET", "/ready")[0] == 200)
        answered += [service.predict() for _ in range(20)]
        wait_until(lambda: len(postgres.column("SELECT id FROM predictions")) == 40)

        label = {"labels": [{"id": answered[0], "label": "Adelie"}]}
        assert service.ask("POST", "/labels", label) == (200, {"written": 1})

        postgres.stop()
        answered += [service.predict() for _ in range(20)]
        assert service.ask("GET", "/ready")[0] == 200
        assert service.ask("POST", "/labels", label)[0] == 503
        postgres.start()
        answered += [service.predict() for _ in range(20)]

        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(30) == 0
    assert sorted(postgres.column("SELECT id FROM predictions")) == sorted(answered)
    assert postgres.column("SELECT prediction_id FROM labels") == [answered[0]]


def test_durable_answer_is_in_the_database(project: Project, python: Path, postgres: Postgres) -> None:
    postgres.start()
    with serving(project, python, PREDICTION_LOG=postgres.url, PREDICTION_LOG_DURABLE="1") as service:
        wait_until(lambda: service.ask("GET", "/ready")[0] == 200)
        for _ in range(20):
            name = service.predict()
            assert name in postgres.column("SELECT id FROM predictions")


def test_end_while_it_is_away_is_told(project: Project, python: Path, postgres: Postgres) -> None:
    postgres.start()
    with serving(project, python, PREDICTION_LOG=postgres.url) as service:
        wait_until(lambda: service.ask("GET", "/ready")[0] == 200)
        postgres.stop()
        service.predict()
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(40) == 1

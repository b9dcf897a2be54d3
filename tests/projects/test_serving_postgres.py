"""The prediction log on a real PostgreSQL, which is there, goes away, and comes back."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Project
from postgres import MISSING, PROGRAMS, Postgres, installed
from served import packaged, serving, wait_until

pytestmark = pytest.mark.skipif(not PROGRAMS, reason=MISSING)


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    with installed() as server:
        yield server


@pytest.fixture(scope="module")
def python(environment: Callable[..., Path]) -> Path:
    return environment("none", "1")


@pytest.fixture(scope="module")
def project(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return packaged(tmp_path_factory.mktemp("project"), python)


@pytest.mark.guards("MON-01")
def test_nothing_is_lost_while_it_is_away(project: Project, python: Path, postgres: Postgres) -> None:
    with serving(project, python, PREDICTION_LOG=postgres.url) as service:
        assert service.ask("GET", "/ready")[0] == 503
        answered = [service.predict() for _ in range(20)]
        postgres.start()
        wait_until(lambda: service.ask("GET", "/ready")[0] == 200)
        answered += [service.predict() for _ in range(20)]
        wait_until(lambda: len(postgres.column("SELECT id FROM predictions")) == 40)

        label = {"labels": [{"id": answered[0], "label": "Adelie"}]}
        assert service.ask("POST", "/labels", label) == (200, {"written": 1, "kept": []})

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

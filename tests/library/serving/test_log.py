"""The prediction log: what was answered is in it, whatever happens to the database."""

import asyncio
import shutil
import time
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from library.serving.logged import locked, logged_ids, select
from library.waiting import wait_until
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.serving import log as log_module
from mlops_maturity.serving.log import Entry, PredictionLog, insert_of, open_engine
from mlops_maturity.serving.log_file import LogFile

pytestmark = pytest.mark.guards("MON-01")


def entry(log: PredictionLog, count: int = 1) -> Entry:
    """Predictions that are alike."""
    answer = {"prediction": "a", "probabilities": {"a": 0.75, "b": 0.25}}
    return Entry(log.new_ids(count), 1.5, "v1", [{"size, é": None}] * count, [answer] * count)


def test_row_has_what_was_asked_and_answered(file: Path) -> None:
    log = PredictionLog(f"sqlite:///{file}")
    log.put(entry(log))
    assert log.close(5) == 0
    assert select(file, "SELECT at, model_version, record, prediction, probabilities FROM predictions") == [
        (1.5, "v1", '{"size, é":null}', '"a"', "[0.75,0.25]")
    ]


def test_row_of_a_regression_has_no_probabilities(file: Path) -> None:
    log = PredictionLog(f"sqlite:///{file}")
    log.put(Entry(["1"], 1.5, "v1", [{}], [{"prediction": 2.5}]))
    log.close(5)
    assert select(file, "SELECT prediction, probabilities FROM predictions") == [("2.5", None)]


def test_ids_differ_and_sort_by_time(log: PredictionLog) -> None:
    ids = [name for _ in range(100) for name in log.new_ids(3)]
    assert ids == sorted(set(ids))


def test_ids_of_one_moment_cannot_be_guessed_from_each_other(
    log: PredictionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1)
    ids = [*log.new_ids(500), *log.new_ids(500)]
    assert {len(name) for name in ids} == {40}
    assert len({name[16:] for name in ids}) == 1_000


@pytest.mark.parametrize("durable", [False, True])
def test_put_file_was_deleted_begins_a_new_one(
    file: Path, durable: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(log_module, "RETRY_SECONDS", 0.02)
    log = PredictionLog(f"sqlite:///{file}", durable=durable)

    async def put(count: int) -> list[str]:
        asked = entry(log, count)
        log.put(asked)
        while log.waiting:
            await asyncio.sleep(0.005)
        return list(asked.ids)

    asyncio.run(put(3))
    shutil.rmtree(file.parent)
    after = asyncio.run(put(2))
    assert logged_ids(file) == after
    assert log.label({after[0]: "a"}) == ([], [])
    assert log.close(5) == 0
    assert log.failures >= 1
    assert f"{file} was deleted or exchanged" in caplog.text


def test_file_that_is_deleted_while_nothing_is_asked_is_noticed(log: PredictionLog, file: Path) -> None:
    wait_until(lambda: log.is_open)
    file.unlink()
    wait_until(lambda: file.exists() and bool(select(file, "SELECT 1 FROM sqlite_master WHERE name = 'labels'")))


def test_file_that_is_deleted_before_it_is_remembered_is_gone(tmp_path: Path) -> None:
    file = LogFile(make_url(f"sqlite:///{tmp_path / 'log.sqlite'}"))
    assert not file.is_gone
    file.remember()
    assert file.is_gone


def test_put_rows_are_written_while_the_service_runs(log: PredictionLog, file: Path) -> None:
    log.put(entry(log, 2_500))
    wait_until(lambda: log.waiting == 0)
    assert len(logged_ids(file)) == 2_500


def test_put_database_away_for_a_while_loses_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "RETRY_SECONDS", 0.02)
    log = PredictionLog(f"sqlite:///{file}?timeout=0.01", most_waiting=50)
    wait_until(lambda: log.is_open)
    with locked(file):
        log.put(entry(log, 50))
        wait_until(lambda: log.failures > 1)
        assert log.is_full
        assert log.is_open
    wait_until(lambda: not log.is_full)
    assert log.close(5) == 0
    assert len(logged_ids(file)) == 50


def test_close_rows_that_cannot_be_written_are_counted(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "RETRY_SECONDS", 0.02)
    log = PredictionLog(f"sqlite:///{file}?timeout=0.01")
    wait_until(lambda: log.is_open)
    with locked(file):
        log.put(entry(log, 3))
        assert log.close(0.1) == 3


def test_put_durable_is_done_once_it_is_committed(file: Path) -> None:
    log = PredictionLog(f"sqlite:///{file}", durable=True)

    async def put() -> list[str]:
        committed = log.put(entry(log, 3))
        assert committed is not None
        await asyncio.wait_for(committed, 10)
        return logged_ids(file)

    assert len(asyncio.run(put())) == 3
    log.close(5)


def test_put_durable_whose_request_is_gone_is_written(file: Path) -> None:
    log = PredictionLog(f"sqlite:///{file}", durable=True)

    async def put() -> None:
        abandoned = log.put(entry(log))
        assert abandoned is not None
        abandoned.cancel()
        committed = log.put(entry(log))
        assert committed is not None
        await asyncio.wait_for(committed, 10)

    asyncio.run(put())
    log.close(5)
    assert len(logged_ids(file)) == 2


def test_label_needs_its_prediction(log: PredictionLog, file: Path) -> None:
    asked = entry(log)
    (name,) = asked.ids
    wait_until(lambda: log.is_open)
    log.put(asked)
    assert log.label({name: "a", "another": "b"}) == (["another"], [])
    assert log.label({name: "a"}) == ([], [])
    assert log.label({name: "b"}) == ([], [name])
    assert select(file, "SELECT prediction_id, label FROM labels") == [(name, '"a"')]


def test_label_of_what_is_not_written_in_time_is_an_error(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = PredictionLog(f"sqlite:///{file}?timeout=0.01")
    monkeypatch.setattr(log_module, "RETRY_SECONDS", 0.02)
    wait_until(lambda: log.is_open)
    with locked(file):
        asked = entry(log)
        log.put(asked)
        with pytest.raises(TimeoutError):
            log._wait_until_written(seconds=0.05)
    assert log.label({asked.ids[0]: "a"}) == ([], [])
    log.close(5)


@pytest.mark.parametrize("url", ["no url", "mysql://host/database"])
def test_url_of_another_database_is_refused(url: str) -> None:
    with pytest.raises(ProjectError, match="PREDICTION_LOG"):
        PredictionLog(url)


@pytest.mark.parametrize(("durable", "synchronous"), [(False, 1), (True, 2)])
def test_commit_of_a_durable_log_survives_the_loss_of_power(file: Path, durable: bool, synchronous: int) -> None:
    engine = open_engine(f"sqlite:///{file}", durable=durable)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == synchronous
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine.dispose()


def test_url_of_postgresql_is_accepted_without_a_connection() -> None:
    engine = open_engine("postgresql://somebody:secret@127.0.0.1:1/none", durable=True)
    assert engine.dialect.name == "postgresql"
    assert insert_of(2, "%s").count("(%s, %s, %s, %s, %s, %s)") == 2

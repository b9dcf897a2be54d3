"""A new release answers past requests again; if its answers differ too much, it is not deployed where people ask it."""

import asyncio
import hashlib
import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from library.delivery.places import release
from mlops_maturity.delivery import records
from mlops_maturity.delivery.checks import past, shadow
from mlops_maturity.delivery.checks.asking import records_of
from mlops_maturity.delivery.checks.past import Past
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params, Shadow
from mlops_maturity.serving.log import Entry, PredictionLog
from mlops_maturity.serving.log_tables import VARIABLE

pytestmark = [pytest.mark.guards("CD-10"), pytest.mark.usefixtures("in_workspace")]

COUNT = 60


@pytest.fixture
def asked(predictor: Predictor) -> list[dict[str, Any]]:
    return records_of(predictor.schema, COUNT - 1)


@pytest.fixture
def answers(predictor: Predictor, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return predictor.answers(predictor.of_records(asked))


@pytest.fixture
def log(tmp_path: Path, predictor: Predictor, asked: list[dict[str, Any]], answers: list[dict[str, Any]]) -> str:
    return logged(tmp_path / "log.sqlite", asked, answers, predictor.version)


def logged(path: Path, asked: list[dict[str, Any]], answers: list[dict[str, Any]], version: str) -> str:
    """Write answers to a log as the service does."""
    log = PredictionLog(f"sqlite:///{path}")

    async def put() -> None:
        log.put(Entry(log.new_ids(len(asked)), time.time(), version, asked, answers))

    asyncio.run(put())
    assert log.close(10) == 0
    return f"sqlite:///{path}"


def others(predictor: Predictor, answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answers that another model gave: another class each, or a value far off."""
    if predictor.task == "regression":
        away = 3 * shadow._spread(predictor)
        return [{"prediction": answer["prediction"] + away} for answer in answers]
    classes = predictor.target.classes
    next_one = dict(zip(classes, (*classes[1:], classes[0]), strict=True))
    return [answer | {"prediction": next_one[answer["prediction"]]} for answer in answers]


def test_check_shadow_of_the_same_model_finds_no_difference(
    model: Path, log: str, predictor: Predictor, capsys: pytest.CaptureFixture[str]
) -> None:
    shadow.run(model, predictor.version, log)
    said = capsys.readouterr().out
    assert f"the newest {COUNT} requests" in said
    for what in ("requests refused", "answers changed", "mean change"):
        assert f"PASS {what}: 0.0% (required: at most " in said


def test_check_shadow_with_other_answers_fails(
    model: Path, predictor: Predictor, asked: list[dict[str, Any]], answers: list[dict[str, Any]], tmp_path: Path
) -> None:
    log = logged(tmp_path / "log.sqlite", asked, others(predictor, answers), "before")
    with pytest.raises(ProjectError, match=r"answers otherwise than model before: answers changed: 100\.0%"):
        shadow.run(model, "before", log)


def test_check_shadow_uses_the_bounds_of_the_settings(
    model: Path, predictor: Predictor, asked: list[dict[str, Any]], answers: list[dict[str, Any]], tmp_path: Path
) -> None:
    """One answer in ten is another one."""
    mixed = [*others(predictor, answers[:6]), *answers[6:]]
    log = logged(tmp_path / "log.sqlite", asked, mixed, "before")
    bounds = Shadow(records=COUNT, least=COUNT, refused=0, changed=0.15, moved=1)
    shadow.run(model, "before", log, bounds.model_dump_json())
    with pytest.raises(ProjectError, match=r"answers changed: 10\.0% \(required: at most 5\.0%"):
        shadow.run(model, "before", log, bounds.model_copy(update={"changed": 0.05}).model_dump_json())


def test_check_shadow_of_a_model_that_refuses_requests_fails(
    of_old: tuple[Path, str], log: str, predictor: Predictor
) -> None:
    model, name = of_old
    with pytest.raises(ProjectError) as refused:
        shadow.run(model, predictor.version, log)
    assert f"requests refused: 100.0% (the first: {name}" in str(refused.value)


def test_check_shadow_with_too_few_requests_is_not_exercised(
    model: Path, log: str, params: Params, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    least = params.shadow.least
    shadow.run(model, "another", log)
    assert f"shadow not exercised: the log has 0 of {least} predictions of model another" in capsys.readouterr().out
    nowhere = tmp_path / "nowhere" / "log.sqlite"
    shadow.run(model, "another", f"sqlite:///{nowhere}")
    assert "shadow not exercised: the log has 0 of " in capsys.readouterr().out
    assert not nowhere.parent.exists()


def test_check_shadow_of_a_log_without_tables_leaves_it_empty(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sqlite3.connect(tmp_path / "log.sqlite").close()
    shadow.run(model, "", f"sqlite:///{tmp_path / 'log.sqlite'}")
    assert "shadow not exercised" in capsys.readouterr().out
    assert (tmp_path / "log.sqlite").stat().st_size == 0


def test_check_shadow_of_a_log_that_cannot_be_read_fails(model: Path, tmp_path: Path) -> None:
    (tmp_path / "log.sqlite").write_text("no database at all, but a text that is long enough to be taken for one")
    with pytest.raises(ProjectError, match="the prediction log cannot be read"):
        shadow.run(model, "", f"sqlite:///{tmp_path / 'log.sqlite'}")


def test_check_shadow_leaves_the_log_as_it_is(model: Path, log: str, predictor: Predictor) -> None:
    file = Path(log.removeprefix("sqlite:///"))
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    shadow.run(model, predictor.version, log)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before


def test_newest_while_a_service_writes_the_log_is_read(
    log: str, predictor: Predictor, asked: list[dict[str, Any]], answers: list[dict[str, Any]]
) -> None:
    writing = sqlite3.connect(log.removeprefix("sqlite:///"), isolation_level=None)
    writing.execute("PRAGMA wal_autocheckpoint=0")
    writing.execute("UPDATE predictions SET model_version = 'now'")
    writing.execute("BEGIN IMMEDIATE")
    try:
        found = past.newest(log, "now", 10)
    finally:
        writing.close()
    assert [one.prediction for one in found] == [answer["prediction"] for answer in answers[:-11:-1]]
    assert len(found) == 10
    assert past.newest(log, predictor.version, 10) == []
    assert len(asked) == COUNT


def test_check_shadow_in_a_release_reads_the_log_beside_it(
    trial: Any, log: str, predictor: Predictor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served = release("old")
    monkeypatch.setattr(records, "history", lambda _: [])
    monkeypatch.setattr(records, "serving", lambda _: [replace(served, model=predictor.version)])
    monkeypatch.setenv(VARIABLE, log)
    shadow.hold(trial)
    assert "PASS answers changed: 0.0%" in capsys.readouterr().out


def test_check_shadow_where_nothing_serves_is_not_exercised(trial: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shadow.hold(trial)
    assert "shadow not exercised: nothing serves in staging yet" in capsys.readouterr().out


def test_shadow_settings_with_more_than_there_will_be_are_refused(params: Params) -> None:
    with pytest.raises(ValidationError, match="nothing would ever be compared"):
        Shadow.model_validate(params.shadow.model_dump() | {"records": 5, "least": 6})


@pytest.mark.parametrize(("before", "move"), [(12.0, (True, 1.0)), (10.5, (False, 0.25)), (10.0, (False, 0.0))])
def test_move_of_a_value_is_in_units_of_the_spread_of_the_target(before: float, move: tuple[bool, float]) -> None:
    manifest = {"metrics": {"scores": {"baseline, test": {"mse": 4.0}}}}
    answered = Past("{}", before, None)
    regression: Any = SimpleNamespace(manifest=manifest)
    assert shadow._move(regression, answered, {"prediction": 10.0}) == move


def test_newest_of_a_server_opens_it_for_reading_only() -> None:
    engine = past._open("postgresql+psycopg://user:secret@nowhere.example/log")
    assert engine is not None
    assert engine.get_execution_options()["postgresql_readonly"] is True

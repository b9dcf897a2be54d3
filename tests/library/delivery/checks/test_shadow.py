"""A new release is asked again what was asked; if it answers too much otherwise, it does not go where people ask it."""

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from pydantic import ValidationError

from mlops_maturity.delivery.checks import past, shadow
from mlops_maturity.delivery.checks.asking import records_of
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params, Shadow
from mlops_maturity.serving.log import Entry, PredictionLog

pytestmark = [pytest.mark.requirement("CD-10"), pytest.mark.ml_test_score("Infra 6", 0.5)]

Inside = Callable[..., CompletedProcess[str]]
COUNT = 60


@pytest.fixture(scope="module")
def asked(predictor: Predictor) -> list[dict[str, Any]]:
    return records_of(predictor.schema, COUNT - 1)


@pytest.fixture(scope="module")
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


def test_same_model_changes_nothing(
    model: Path, log: str, predictor: Predictor, capsys: pytest.CaptureFixture[str]
) -> None:
    shadow.run(model, predictor.version, log)
    said = capsys.readouterr().out
    assert f"the newest {COUNT} requests" in said
    for what in ("requests refused", "answers changed", "mean change"):
        assert f"holds  {what}: 0.0%, wanted at most " in said


def test_other_answers_are_refused(
    model: Path, predictor: Predictor, asked: list[dict[str, Any]], answers: list[dict[str, Any]], tmp_path: Path
) -> None:
    log = logged(tmp_path / "log.sqlite", asked, others(predictor, answers), "before")
    with pytest.raises(ProjectError, match=r"answers otherwise than model before: answers changed: 100\.0%"):
        shadow.run(model, "before", log)


def test_bounds_are_those_of_the_settings(
    model: Path, predictor: Predictor, asked: list[dict[str, Any]], answers: list[dict[str, Any]], tmp_path: Path
) -> None:
    """One answer in ten is another one."""
    mixed = [*others(predictor, answers[:6]), *answers[6:]]
    log = logged(tmp_path / "log.sqlite", asked, mixed, "before")
    bounds = Shadow(records=COUNT, least=COUNT, refused=0, changed=0.15, moved=1)
    shadow.run(model, "before", log, bounds.model_dump_json())
    with pytest.raises(ProjectError, match=r"answers changed: 10\.0%, wanted at most 5\.0%"):
        shadow.run(model, "before", log, bounds.model_copy(update={"changed": 0.05}).model_dump_json())


def test_requests_that_it_does_not_take_are_refused(of_old: tuple[Path, str], log: str, predictor: Predictor) -> None:
    model, name = of_old
    with pytest.raises(ProjectError) as refused:
        shadow.run(model, predictor.version, log)
    assert f"requests refused: 100.0% (the first: {name}" in str(refused.value)


def test_too_few_requests_are_no_pass(
    model: Path, log: str, params: Params, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    least = params.shadow.least
    shadow.run(model, "another", log)
    assert f"shadow not exercised: the log has 0 predictions of model another, {least} are" in capsys.readouterr().out
    nowhere = tmp_path / "nowhere" / "log.sqlite"
    shadow.run(model, "another", f"sqlite:///{nowhere}")
    assert "shadow not exercised: the log has 0 predictions" in capsys.readouterr().out
    assert not nowhere.parent.exists()


def test_log_without_tables_stays_without(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sqlite3.connect(tmp_path / "log.sqlite").close()
    shadow.run(model, "", f"sqlite:///{tmp_path / 'log.sqlite'}")
    assert "shadow not exercised" in capsys.readouterr().out
    assert (tmp_path / "log.sqlite").stat().st_size == 0


def test_log_that_cannot_be_read_is_no_pass(model: Path, tmp_path: Path) -> None:
    (tmp_path / "log.sqlite").write_text("no database at all, but a text that is long enough to be taken for one")
    with pytest.raises(ProjectError, match="the prediction log cannot be read"):
        shadow.run(model, "", f"sqlite:///{tmp_path / 'log.sqlite'}")


def test_log_is_left_as_it_is(model: Path, log: str, predictor: Predictor) -> None:
    file = Path(log.removeprefix("sqlite:///"))
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    shadow.run(model, predictor.version, log)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before


def test_log_is_read_while_a_service_writes_it(
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


def test_release_asks_inside_of_its_image(in_an_image: Inside, log: str, predictor: Predictor, params: Params) -> None:
    done = in_an_image(
        [
            *("check-shadow", "--model", "/service/model.zip", "--settings", params.shadow.model_dump_json()),
            *("--beside", predictor.version, "--log", log),
        ]
    )
    assert done.returncode == 0, done.stderr
    assert "holds  answers changed: 0.0%" in done.stdout


def test_nothing_serves_yet(trial: Any, in_workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert in_workspace.exists()
    shadow.hold(trial)
    assert "shadow not exercised: nothing serves in staging yet" in capsys.readouterr().out


def test_more_than_there_will_be_is_no_bound(params: Params) -> None:
    with pytest.raises(ValidationError, match="nothing would ever be compared"):
        Shadow.model_validate(params.shadow.model_dump() | {"records": 5, "least": 6})

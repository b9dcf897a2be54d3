"""A service answers as its model does, in another process, to known records and to wrong ones; else it is refused."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from mlops_maturity.delivery.checks import api
from mlops_maturity.delivery.checks.asking import ask, records_of
from mlops_maturity.delivery.place import Address
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Case, Params
from mlops_maturity.serving.service import example

pytestmark = pytest.mark.requirement("CD-02")

Serve = Callable[..., AbstractContextManager[Address]]

OTHER_ANSWERS = """
of_matrix = Predictor.of_matrix
Predictor.of_matrix = lambda self, matrix: of_matrix(self, matrix)[..., ::-1].copy()
"""
LENIENT = """
from mlops_maturity.serving import service
strict = service.ConfigDict
service.ConfigDict = lambda **options: strict(**options | {"extra": "ignore"})
live.reader = lambda *_: None
"""


@pytest.fixture(autouse=True)
def _no_cases(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the project declares of any model of worth need not hold of one that learned from rows made up."""
    asks_nothing = params.changed(**{"behaviour.minimum": []})
    monkeypatch.setattr(settings, "load", lambda: asks_nothing)


def test_service_of_its_model_holds(service: Address, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api.run(service.url, model)
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said[1:] if not line.startswith("holds  ")] == []
    assert [line for line in said if f"POST /predict with {api.RECORDS + 1} records: 0 from them at most" in line]


def test_known_answers_must_be_given(
    service: Address, predictor: Predictor, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = example(predictor.schema)
    (answer,) = predictor.answers(predictor.of_records([record]))
    right = Case(why="it is so", record=record, expect=answer["prediction"])
    asks = params.changed(**{"behaviour.minimum": [right.model_dump()]})
    monkeypatch.setattr(settings, "load", lambda: asks)
    api.hold_service(service, predictor)
    asks = params.changed(**{"behaviour.minimum": [right.model_dump() | {"expect": "something else"}]})
    with pytest.raises(ProjectError, match=r"it is so: .*, wanted 'something else'"):
        api.hold_service(service, predictor)


def test_service_whose_model_expects_another_input_is_refused(
    serve: Serve, of_old: tuple[Path, str], predictor: Predictor
) -> None:
    model, name = of_old
    with serve(model) as address, pytest.raises(ProjectError) as refused:
        api.hold_service(address, predictor)
    said = str(refused.value)
    assert "GET /model: another features, " in said
    assert f"POST /predict with {api.RECORDS + 1} records: 422 (body.records.0.{name}" in said


def test_service_with_answers_of_another_model_is_refused(serve: Serve, model: Path) -> None:
    with serve(model, OTHER_ANSWERS) as address, pytest.raises(ProjectError) as refused:
        api.run(address.url, model)
    assert "records: " in str(refused.value)
    assert "wanted the model's own answers within 1e-05" in str(refused.value)
    assert "GET" not in str(refused.value)


def test_service_that_takes_wrong_records_is_refused(serve: Serve, model: Path) -> None:
    with serve(model, LENIENT) as address, pytest.raises(ProjectError) as refused:
        api.run(address.url, model)
    assert "POST /predict with a field too many: 200, wanted 422" in str(refused.value)


def test_another_version_is_refused(service: Address, predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(predictor.manifest, "version", "of tomorrow")
    with pytest.raises(ProjectError, match=r"GET /health: model .*, wanted model of tomorrow"):
        api.hold_service(service, predictor)


def test_nobody_is_no_service(model: Path) -> None:
    with pytest.raises(ProjectError, match=r"nobody answers at http://127\.0\.0\.1:9: "):
        api.run("http://127.0.0.1:9", model)


@pytest.mark.parametrize(
    ("given", "distance"),
    [
        ({"prediction": "a", "probabilities": {"a": 0.7, "b": 0.3}}, 0),
        ({"prediction": "a", "probabilities": {"a": 0.6, "b": 0.4}}, 0.1),
        ({"prediction": "b", "probabilities": {"a": 0.7, "b": 0.3}}, 0.4),
        ({"prediction": "c", "probabilities": {"a": 0.7, "b": 0.3}}, float("inf")),
        ({"prediction": "a", "probabilities": {"a": 1.0}}, float("inf")),
        ({"prediction": "a"}, float("inf")),
    ],
)
def test_distance_of_answers(given: dict[str, Any], distance: float) -> None:
    own = {"prediction": "a", "probabilities": {"a": 0.7, "b": 0.3}}
    assert api._distance(given, own) == pytest.approx(distance)


def test_distance_of_values() -> None:
    assert api._distance({"prediction": 2.5}, {"prediction": 2.0}) == 0.5
    assert api._distance({"prediction": "2"}, {"prediction": 2.0}) == float("inf")


def test_records_are_such_as_the_service_takes(service: Address, predictor: Predictor) -> None:
    records = records_of(predictor.schema, 50)
    assert len(records) == 51
    assert ask(service, "/predict", {"records": records}).status == 200

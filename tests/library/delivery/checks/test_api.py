"""A service must answer over HTTP as its model does, to known records and to wrong ones; else it is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from library.delivery.checks.conftest import Serve
from mlops_maturity.delivery.checks import api
from mlops_maturity.delivery.checks.asking import Answer, ask, records_of
from mlops_maturity.delivery.place import Address
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Case, Params
from mlops_maturity.serving import live
from mlops_maturity.serving import service as services
from mlops_maturity.serving.service import example

pytestmark = pytest.mark.guards("CD-02")


@pytest.fixture(autouse=True)
def _no_cases(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cases of params.yaml have a test of their own."""
    asked(monkeypatch, params)


def asked(monkeypatch: pytest.MonkeyPatch, params: Params, *cases: Case) -> None:
    """Let params.yaml have these cases, which any useful model gets right."""
    changed = params.changed(**{"behaviour.minimum": [case.model_dump() for case in cases]})
    monkeypatch.setattr(settings, "load", lambda: changed)


def test_check_api_of_a_service_of_its_model_passes(
    service: Address, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.run(service.url, model)
    printed = capsys.readouterr().out.splitlines()
    assert [line for line in printed[1:] if not line.startswith("PASS ")] == []
    assert [line for line in printed if f"POST /predict with {api.RECORDS + 1} records: differ by 0 at most" in line]


def test_check_api_with_a_case_requires_its_answer(
    service: Address, predictor: Predictor, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = example(predictor.schema)
    (answer,) = predictor.answers(predictor.of_records([record]))
    right = Case(why="it is so", record=record, expect=answer["prediction"])
    asked(monkeypatch, params, right)
    api.hold_service(service, predictor)
    asked(monkeypatch, params, right.model_copy(update={"expect": "something else"}))
    with pytest.raises(ProjectError, match=r"it is so: .* \(required: 'something else'"):
        api.hold_service(service, predictor)


def test_check_api_with_a_case_that_is_refused_names_the_field(
    service: Address, predictor: Predictor, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = example(predictor.schema) | {"unknown": 1}
    asked(monkeypatch, params, Case(why="it is so", record=wrong, expect="Adelie"))
    with pytest.raises(ProjectError, match=r"it is so: '422 \(body\.records\.0\.unknown: "):
        api.hold_service(service, predictor)


def test_check_api_of_a_model_with_another_input_fails(
    serve: Serve, of_old: tuple[Path, str], predictor: Predictor
) -> None:
    model, name = of_old
    with serve(Predictor.load(model)) as address, pytest.raises(ProjectError) as refused:
        api.hold_service(address, predictor)
    message = str(refused.value)
    assert "GET /model: another features, " in message
    assert f"POST /predict with {api.RECORDS + 1} records: 422 (body.records.0.{name}" in message


def test_check_api_of_a_service_with_other_answers_fails(
    serve: Serve, model: Path, predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = predictor.of_inputs
    monkeypatch.setattr(predictor, "of_inputs", lambda matrix: answers(matrix)[..., ::-1].copy())
    with serve(predictor) as address, pytest.raises(ProjectError) as refused:
        api.run(address.url, model)
    message = str(refused.value)
    assert "records: " in message
    assert "required: the model's own answers within 1e-05" in message
    assert "GET" not in message


def test_check_api_of_a_service_that_accepts_wrong_records_fails(
    serve: Serve, model: Path, predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(services.Strict.model_config, "extra", "ignore")
    monkeypatch.setattr(live, "reader", lambda *_: None)
    with serve(predictor) as address, pytest.raises(ProjectError) as refused:
        api.run(address.url, model)
    assert "POST /predict with a field too many: 200 (required: 422" in str(refused.value)


def test_check_api_of_another_version_fails(
    service: Address, predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(predictor.manifest, "version", "of tomorrow")
    with pytest.raises(ProjectError, match=r"GET /health: model .* \(required: model of tomorrow"):
        api.hold_service(service, predictor)


def test_check_api_where_nobody_answers_fails(model: Path) -> None:
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
def test_distance_of_answers_is_that_of_their_probabilities(given: dict[str, Any], distance: float) -> None:
    own = {"prediction": "a", "probabilities": {"a": 0.7, "b": 0.3}}
    assert api._distance(given, own) == pytest.approx(distance)


@pytest.mark.parametrize(("value", "distance"), [(2.5, 0.5), ("2", float("inf")), (None, float("inf"))])
def test_distance_of_values_is_their_difference(value: object, distance: float) -> None:
    assert api._distance({"prediction": value}, {"prediction": 2.0}) == distance


def test_records_of_a_schema_are_accepted_by_its_service(service: Address, predictor: Predictor) -> None:
    records = records_of(predictor.schema, 50)
    assert len(records) == 51
    assert ask(service, "/predict", {"records": records}).status == 200


@pytest.mark.parametrize("content", [None, {}, {"detail": "no list"}, {"detail": []}])
def test_answer_without_a_problem_is_told_by_its_status(content: object) -> None:
    assert Answer(500, content).told == "500"


@pytest.mark.parametrize(
    ("outputs", "distance"),
    [({"low": 0.5, "high": 2.0}, 0.0), ({"low": 0.5, "high": 2.25}, 0.25), ({"low": 0.5}, np.inf), (None, np.inf)],
)
def test_distance_of_answers_counts_their_further_outputs(outputs: dict[str, float] | None, distance: float) -> None:
    own = {"prediction": 1.0, "outputs": {"low": 0.5, "high": 2.0}}
    assert api._distance({"prediction": 1.0, "outputs": outputs}, own) == distance

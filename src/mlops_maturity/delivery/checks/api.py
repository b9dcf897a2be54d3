"""Whether a deployed service answers as its model does, to known records and to wrong ones."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_maturity.delivery.checks.asking import Answer, ask, records_of
from mlops_maturity.delivery.checks.comparison import Comparison, require
from mlops_maturity.delivery.checks.inside import model_of
from mlops_maturity.delivery.place import Address
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project import params as settings
from mlops_maturity.project.params import Case

if TYPE_CHECKING:
    from mlops_maturity.delivery.deploy import Trial

# They are logged like all others, and so few of them do not show in what is monitored.
RECORDS = 20
# The service may run on another kind of processor, which rounds otherwise. Of probabilities, or in the largest value.
TOLERANCE = 1e-5


def hold(trial: "Trial") -> None:
    """Hold what was deployed to the model inside of its release.

    Raises:
        ProjectError: it answers otherwise, or nobody answers.
    """
    hold_service(trial.address, Predictor.load(model_of(trial.release)))


def run(url: str, model: Path, environment: str | None = None) -> None:
    """Hold a service to a model.

    Args:
        url: of the service.
        model: the packaged model that it is to answer with.
        environment: its name, instead of a URL; what serves there is compared with the model inside of it.

    Raises:
        ProjectError: it answers otherwise, or nobody answers.
    """
    if environment:
        from mlops_maturity.delivery.checks.by_hand import hold_serving

        hold_serving(environment, __name__)
    else:
        hold_service(Address(url.rstrip("/")), Predictor.load(model))


def hold_service(address: Address, predictor: Predictor) -> None:
    """Hold the service at an address to a model, and to what params.yaml says of any useful model.

    Raises:
        ProjectError: it answers otherwise, or nobody answers.
    """
    print(f"{address.url} beside model {predictor.version}:")
    comparisons = [
        *_state(address, predictor),
        _answers(address, predictor),
        *_cases(address, settings.load().behaviour.minimum),
        *_refusals(address, predictor),
    ]
    require(comparisons, f"{address.url} does not answer as model {predictor.version} must")


def _state(address: Address, predictor: Predictor) -> Iterator[Comparison]:
    ready, health, model = (ask(address, path) for path in ("/ready", "/health", "/model"))
    yield Comparison("GET /ready", "200", ready.told, ready.status == 200)
    serves = _field(health, "model_version")
    yield Comparison("GET /health", f"model {predictor.version}", f"model {serves}", serves == predictor.version)
    told = model.content if isinstance(model.content, dict) else {}
    other = sorted(name for name, value in predictor.manifest.items() if told.get(name) != value)
    found = f"another {', '.join(other)}" if other else "the same"
    yield Comparison("GET /model", f"the manifest of model {predictor.version}", found, not other)


def _answers(address: Address, predictor: Predictor) -> Comparison:
    """All known records in one request, beside what the model answers in this process."""
    records = records_of(predictor.schema, RECORDS)
    what = f"POST /predict with {len(records)} records"
    wanted = f"the model's own answers within {TOLERANCE:g}"
    answer = ask(address, "/predict", {"records": records})
    given = _field(answer, "predictions") or []
    if len(given) != len(records):
        return Comparison(what, wanted, answer.told, holds=False)
    predicted = predictor.of_records(records)
    scale = 1.0 if predictor.task == "classification" else float(np.abs(predicted).max()) or 1.0
    own = predictor.answers(predicted)
    distance = max(_distance(one, other) for one, other in zip(given, own, strict=True)) / scale
    return Comparison(what, wanted, f"differ by {distance:.2g} at most", distance <= TOLERANCE)


def _distance(given: Mapping[str, Any], own: Mapping[str, Any]) -> float:
    """How far two answers to one record are apart; infinite where they cannot be compared."""
    probabilities = own.get("probabilities")
    if probabilities is None:
        wanted = {"prediction": own["prediction"], **own.get("outputs", {})}
        told = {"prediction": given.get("prediction"), **(given.get("outputs") or {})}
        if told.keys() != wanted.keys() or not all(isinstance(value, int | float) for value in told.values()):
            return np.inf
        return float(max(abs(told[name] - value) for name, value in wanted.items()))
    told = given.get("probabilities") or {}
    if told.keys() != probabilities.keys():
        return np.inf
    answer, short = given.get("prediction"), 0.0
    if answer != own["prediction"]:
        # Another class must be as probable but for rounding. A model that abstains answers none.
        least = max(probabilities.values()) if str(own["prediction"]) in probabilities else np.inf
        short = least - probabilities.get(str(answer), -np.inf)
    return float(max(short, *(abs(told[name] - value) for name, value in probabilities.items())))


def _cases(address: Address, cases: Sequence[Case]) -> Iterator[Comparison]:
    for case in cases:
        answer = ask(address, "/predict", {"records": [case.record]})
        predictions = _field(answer, "predictions")
        found = predictions[0].get("prediction") if predictions else answer.told
        yield Comparison(f"POST /predict, {case.why}", repr(case.expect), repr(found), case.is_met_by(found))


def _refusals(address: Address, predictor: Predictor) -> Iterator[Comparison]:
    """Records that are wrong in one field: each must be refused, and the field be named."""
    (right,) = records_of(predictor.schema, 0)
    first, strange = next(iter(right)), "no column of the model"
    required = [name for name, column in predictor.schema.columns.items() if column.missing == 0]
    wrong = {
        f"a wrong {first}": (first, right | {first: {}}),
        "a field too many": (strange, right | {strange: 1}),
        **{f"no {name}": (name, {other: right[other] for other in right if other != name}) for name in required[:1]},
    }
    for what, (name, record) in wrong.items():
        answer = ask(address, "/predict", {"records": [record]})
        named = [problem.get("loc") for problem in _field(answer, "detail") or [] if isinstance(problem, dict)]
        holds = answer.status == 422 and ["body", "records", 0, name] in named
        yield Comparison(f"POST /predict with {what}", f"422 that names {name!r}", answer.told, holds)


def _field(answer: Answer, name: str) -> Any:
    return answer.content.get(name) if isinstance(answer.content, dict) else None

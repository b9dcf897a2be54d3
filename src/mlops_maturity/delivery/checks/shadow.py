"""What a new release would have answered: the newest requests of an environment, asked again before it serves.

It runs inside of the release, where its service will run, so this module gets by with what serving needs.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from mlops_maturity.delivery.checks.comparison import Comparison, require
from mlops_maturity.delivery.checks.past import Past, newest
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project import params as settings_of
from mlops_maturity.project.params import Shadow
from mlops_maturity.serving.log_tables import DEFAULT, VARIABLE
from mlops_maturity.serving.service import record_model

if TYPE_CHECKING:
    from mlops_maturity.delivery.deploy import Trial

# A value that moves further than this, in units of the target's spread, is another answer.
ANOTHER_VALUE = 0.5


@dataclass(frozen=True)
class Differences:
    """How far new answers are from those that were given.

    Attributes:
        records: that were asked again.
        refused: share of them that do not fit the new model's schema.
        problem: with the first of these.
        changed: share of the others with another answer: a class, or a value that is far off.
        moved: mean change of the probability of the class that was answered, or of the value in units of the target's
            spread.
    """

    records: int
    refused: float
    problem: str
    changed: float
    moved: float


def hold(trial: "Trial") -> None:
    """Hold a release to the answers that are given in its environment now.

    Raises:
        ProjectError: its own are too far from them.
    """
    from mlops_maturity.delivery import records
    from mlops_maturity.delivery.checks.inside import try_out

    served = records.serving(records.history(trial.environment))
    if served:
        try_out(trial, "check-shadow", settings_of.load().shadow, "--beside", served[-1].model)
    else:
        print(f"shadow not exercised: nothing serves in {trial.environment} yet")


def run(model: Path, beside: str = "", log: str = "", settings: str = "", environment: str | None = None) -> None:
    """Ask a model again what another one was asked.

    Args:
        model: the packaged model.
        beside: the version of the other one; by default, any that answered.
        log: URL of the prediction log; by default, what PREDICTION_LOG says.
        settings: the bounds, as JSON; by default, `shadow` of params.yaml.
        environment: its name; the release that comes next there is asked what was asked there.

    Raises:
        ProjectError: the answers are too far apart, or the log cannot be read.
    """
    if environment:
        from mlops_maturity.delivery.checks.by_hand import hold_next

        hold_next(environment, __name__)
        return
    other = f"model {beside}" if beside else "any model"
    bounds = Shadow.model_validate_json(settings) if settings else settings_of.load().shadow
    past = newest(log or os.environ.get(VARIABLE, DEFAULT), beside, bounds.records)
    if len(past) < bounds.least:
        print(f"shadow not exercised: the log has {len(past)} of {bounds.least} predictions of {other}")
        return
    predictor = Predictor.load(model)
    found = differences(predictor, past)
    print(f"model {predictor.version} beside {other}, the newest {found.records:,} requests:")
    require(compared(found, bounds), f"model {predictor.version} answers otherwise than {other}")


def differences(predictor: Predictor, past: Sequence[Past]) -> Differences:
    """Ask a model what another one was asked, and compare."""
    accepted, problems = _accepted(predictor, past)
    answers = predictor.answers(predictor.of_records([record for _, record in accepted])) if accepted else []
    moves = [_move(predictor, before, answer) for (before, _), answer in zip(accepted, answers, strict=True)]
    count = len(moves) or 1
    return Differences(
        records=len(past),
        refused=len(problems) / len(past),
        problem=problems[0] if problems else "",
        changed=sum(changed for changed, _ in moves) / count,
        moved=sum(distance for _, distance in moves) / count,
    )


def compared(found: Differences, bounds: Shadow) -> Iterator[Comparison]:
    """Differences beside their bounds."""
    told = f"{found.refused:.1%}" + (f" (the first: {found.problem})" if found.problem else "")
    yield Comparison("requests refused", f"at most {bounds.refused:.1%}", told, found.refused <= bounds.refused)
    for what, value, bound in (
        ("answers changed", found.changed, bounds.changed),
        ("mean change", found.moved, bounds.moved),
    ):
        yield Comparison(what, f"at most {bound:.1%}", f"{value:.1%}", value <= bound)


def _accepted(predictor: Predictor, past: Sequence[Past]) -> tuple[list[tuple[Past, dict[str, Any]]], list[str]]:
    """The requests that the model's service would answer, and what is wrong with the others."""
    record_of, accepted, problems = record_model(predictor.schema), [], []
    for before in past:
        try:
            record = record_of.model_validate_json(before.record)
        except ValidationError as error:
            first = error.errors()[0]
            problems.append(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
        else:
            accepted.append((before, record.model_dump(by_alias=True)))
    return accepted, problems


def _move(predictor: Predictor, before: Past, answer: dict[str, Any]) -> tuple[bool, float]:
    """Whether an answer is another one, and how far it is from the one before."""
    if before.probability is None:
        distance = abs(answer["prediction"] - before.prediction) / _spread(predictor)
        return distance > ANOTHER_VALUE, distance
    now = answer["probabilities"].get(str(before.prediction), 0.0)
    if (abstain := predictor.target.abstain) and before.prediction == abstain.answer:
        now = max(answer["probabilities"].values())
    return answer["prediction"] != before.prediction, abs(now - before.probability)


def _spread(predictor: Predictor) -> float:
    """How far the target's values are from their mean: the baseline's error on the test set."""
    error: float = predictor.manifest["metrics"]["scores"]["baseline, test"]["mse"]
    return error**0.5 or 1.0

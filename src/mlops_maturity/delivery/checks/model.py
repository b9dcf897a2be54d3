"""Whether a model is good enough to be deployed: scored again, compared with its gates and the production model."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from mlops_maturity.data.tables import stored
from mlops_maturity.delivery.arrival import tell
from mlops_maturity.delivery.candidate import NO_MODEL, candidate
from mlops_maturity.delivery.checks.comparison import Comparison, require
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project import params as settings
from mlops_maturity.project.numbers import number
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import PRODUCTION, TEST
from mlops_maturity.project.storage import LOCK, dvc
from mlops_maturity.registry import versions as registry
from mlops_maturity.training import comparison, gates
from mlops_maturity.training.evaluate import scored
from mlops_maturity.training.gates import Gate
from mlops_maturity.training.losses import shares

# The loss that gates compare, as it is called among the scores.
LOSS = {"classification": "log_loss", "regression": "mse"}
# Another processor may round otherwise.
TOLERANCE = 1e-3


def run(model: Path | None = None) -> None:
    """Hold a model to all that is asked of one before it is deployed.

    Args:
        model: the packaged model; by default, the candidate: the one of the next release.

    Raises:
        ProjectError: it is not good enough, is not the one that was scored, or its test set cannot be had.
    """
    chosen = model or candidate()
    if chosen is None:
        tell(f"NOT CHECKED: {NO_MODEL}")
        return
    predictor, params = Predictor.load(chosen), settings.load()
    with _test_set(predictor) as rows:
        print(f"{chosen}, model {predictor.version}, on the {len(rows):,} rows of its test set:")
        require(judged(predictor, rows, params), f"model {predictor.version} is not fit to be deployed")


def judged(predictor: Predictor, rows: pd.DataFrame, params: Params) -> Iterator[Comparison]:
    """What is asked of a model beside what it reaches on its test set."""
    known = predictor.manifest["metrics"]["scores"]
    found = scored(predictor, rows, predictor.all_of_frame(rows))
    # An older version of the library measured less.
    for name, was in known["test"].items():
        value = found.get(name, math.nan)
        same = abs(value - was) <= TOLERANCE * max(abs(was), TOLERANCE)
        yield Comparison(f"{name}, scored again", f"{number(was)}, as when it was trained", number(value), same)
    loss = LOSS[predictor.task]
    baseline, simple = (known[f"{name}, test"][loss] for name in ("baseline", "simple model"))
    measured = {"gains": shares(found[loss], baseline, simple), "scores": {"test": found}}
    for gate in [*gates.judge(measured, params.gates), *_beside_production(predictor, rows, baseline, params)]:
        yield Comparison(gate.name, gate.required, gate.statement, gate.passed)


def _beside_production(predictor: Predictor, rows: pd.DataFrame, unit: float, params: Params) -> list[Gate]:
    current = registry.in_production()
    if current is None or current.model == predictor.version:
        print("not compared: " + (f"it is {current.name}, in production" if current else "none is in production yet"))
        return []
    registry.fetch()
    # Each computes its features by the code that it was trained with.
    with registry.checkout(current.commit) as past:
        production = Predictor.load(PRODUCTION, past)
        return comparison.judge({current.name: production, "new": predictor}, rows, unit, params)


@contextmanager
def _test_set(predictor: Predictor) -> Iterator[pd.DataFrame]:
    """The rows that a model was scored on: those of its version, else those at hand."""
    version = registry.of_model(predictor.version)
    if version is not None:
        with registry.checkout(version.commit, TEST) as folder:
            yield stored(folder / TEST, "make run")
        return
    if LOCK.exists() and not TEST.exists():
        dvc("pull", "--quiet", str(TEST))
    yield stored(TEST, "make run")

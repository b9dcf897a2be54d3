"""The evaluation step: score the model on rows it never saw, and draw the pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
import pandas as pd

from mlops_maturity.data import schema as schemas
from mlops_maturity.data.tables import stored
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.artefact import TRAINED_FIELDS
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project import params as settings
from mlops_maturity.project.contract import own
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import read_json, write_json
from mlops_maturity.project.numbers import number
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import DATA_FACTS, HISTORY, METRICS, MODEL, PARAMS, SIMPLE, TEST, TRAIN, VALIDATION
from mlops_maturity.training.caveats import caveats
from mlops_maturity.training.gates import WHOLE, judge
from mlops_maturity.training.importance import permutation_importance
from mlops_maturity.training.losses import baseline, gains, loss
from mlops_maturity.training.metrics import answered, readable, scores

SMALLEST_SLICE = 5


@dataclass(frozen=True)
class Evaluation:
    """What the report shows beside the metrics: the test set's targets and predictions, and the columns' importance."""

    target: np.ndarray
    predicted: np.ndarray
    importance: pd.DataFrame


def run() -> None:
    """Write metrics.json, the plots, the report and the cards.

    Raises:
        ProjectError: an earlier step is missing, or params.yaml names a column that is not there.
    """
    params = settings.load()
    params.require_columns(schemas.load().columns)
    artefact = artefacts.read(MODEL, made_by="make train", fields=TRAINED_FIELDS)
    predictor = Predictor(artefact)
    simple = Predictor(artefacts.read(SIMPLE, made_by="make train", fields=TRAINED_FIELDS))
    sets = {path.stem: stored(path, "make data") for path in (TRAIN, VALIDATION, TEST)}
    metrics, evaluation = evaluate(predictor, simple, sets, params)
    metrics["model_sha256"] = artefact.digest
    write_json(METRICS, metrics)
    print_scores(metrics)

    from mlops_maturity.training import cards, plots, report  # matplotlib is for the pictures alone

    history, facts = read_json(HISTORY, "make train", list), read_json(DATA_FACTS, "make data")
    schema, pictures = schemas.load(), plots.draw(predictor, evaluation, history)
    report.write(metrics, pictures, predictor, facts, schema.notes)
    cards.write(metrics, facts, predictor.manifest, schema)


def print_scores(metrics: Mapping[str, Any]) -> None:
    """Print the scores on the test set, and what to know before trusting them.

    Args:
        metrics: the content of metrics.json.
    """
    scores = ", ".join(f"{name} {number(value)}" for name, value in metrics["scores"]["test"].items())
    print(f"test set, {metrics['rows']['test']:,} rows: {scores}")
    for warning in metrics["warnings"]:
        print(f"warning: {warning}")


def evaluate(
    predictor: Predictor, simple: Predictor, sets: dict[str, pd.DataFrame], params: Params
) -> tuple[dict[str, Any], Evaluation]:
    """Score the model and the two that it must beat.

    Args:
        predictor: the trained model.
        simple: the simple model, trained on the same rows.
        sets: the rows by the name of their set: train, validation, test.
        params: the project's settings.

    Returns:
        The content of metrics.json, and what the report shows beside it.
    """
    task, target = predictor.task, predictor.target
    encoded = {name: target.encode(rows[target.name]) for name, rows in sets.items()}
    answers = {name: predictor.all_of_frame(rows) for name, rows in sets.items()}
    actual, answer = encoded["test"], target.prediction(answers["test"])
    guess = baseline(task, encoded["train"], len(actual), len(target.classes))
    plain = simple.of_frame(sets["test"])
    metrics: dict[str, Any] = {
        "scores": {
            **{name: scored(predictor, rows, answers[name]) for name, rows in sets.items()},
            "baseline, test": scores(task, actual, guess),
            "simple model, test": scores(task, actual, plain),
        },
        "gains": gains(task, actual, answer, guess, plain),
        "rows": {name: len(rows) for name, rows in sets.items()},
        "slices": _slices(predictor, sets["test"], actual, answers["test"], params),
    }
    metrics["gates"] = [gate.as_data for gate in judge(metrics, params.gates)]
    metrics["warnings"] = list(caveats(metrics))
    importance = permutation_importance(predictor, sets["test"], actual, params.split.seed)
    return metrics, Evaluation(actual, answer, importance)


def scored(predictor: Predictor, rows: pd.DataFrame, answer: np.ndarray) -> dict[str, float]:
    """The scores of a model on some rows: the library's, and those of the project's metrics.py.

    Args:
        predictor: the model.
        rows: with their target.
        answer: all that the model says of them: probabilities (rows, classes), values (rows,), or values with further
            outputs (rows, outputs + 1).

    Raises:
        ProjectError: metrics.py fails, or does not return numbers by name.
    """
    encoded, predicted = predictor.target.encode(rows[predictor.target.name]), predictor.target.prediction(answer)
    found = scores(predictor.task, encoded, predicted) | answered(predictor.target, encoded, predicted)
    return found | _own_scores(predictor, encoded, answer, found)


def _own_scores(
    predictor: Predictor,
    encoded: np.ndarray,
    answer: np.ndarray,
    known: Mapping[str, float],
    *,
    of_slice: bool = False,
) -> dict[str, float]:
    """What metrics.py says of predictions.

    Args:
        predictor: the model.
        encoded: the target (rows,).
        answer: probabilities (rows, classes), values (rows,), or values with further outputs (rows, outputs + 1).
        known: the scores that the library measures.
        of_slice: whether a score may be NaN and is then left out: no row of a slice may be of the class that it is of.
    """
    function = own("metrics", predictor.manifest["package"])
    if outputs := predictor.target.outputs:
        values = function(encoded, dict(zip(("prediction", *outputs), answer.T, strict=True)))
    elif predictor.task == "regression":
        values = function(encoded, answer)
    else:
        names = list(map(str, predictor.target.classes))
        # A class that the model does not know has no name among them.
        values = function(np.array([*names, ""])[encoded], dict(zip(names, answer.T, strict=True)))
    if not isinstance(values, Mapping):
        raise function.refuse(f"returned {type(values).__name__}; it must return a mapping of names to numbers")
    found = {}
    for name, value in values.items():
        is_number = isinstance(name, str) and isinstance(value, (int, float, np.number))
        if of_slice and is_number and np.isnan(value):
            continue
        if not is_number or not np.isfinite(value):
            shown = f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else repr(value)
            raise function.refuse(f"returned {name!r}: {shown}; each score must be a finite number by its name")
        if name in known:
            raise function.refuse(f"returned {name!r}, which the library measures already; choose another name")
        found[name] = float(value)
    return found


def words_of(column: pd.Series) -> pd.Series:
    """The values of a column by which rows are grouped, as words: 2 of 2.0, missing ones stay missing."""
    if pd.api.types.is_float_dtype(column):
        return column.map({value: f"{value:.12g}" for value in column.dropna().unique()}).astype("str")
    return column.astype("str")


def _slices(
    predictor: Predictor, rows: pd.DataFrame, actual: np.ndarray, answer: np.ndarray, params: Params
) -> dict[str, dict[str, dict[str, float]]]:
    """Rows, loss, one readable score and the project's own scores for each value of each declared column.

    A value with hardly any rows is left out; the whole test set stands first, to compare with.
    """
    predicted = predictor.target.prediction(answer)

    def measured(mask: np.ndarray) -> dict[str, float]:
        known = {
            "rows": int(mask.sum()),
            "loss": loss(predictor.task, actual[mask], predicted[mask]),
            **readable(predictor.task, actual[mask], predicted[mask]),
            **answered(predictor.target, actual[mask], predicted[mask]),
        }
        with catch_warnings():
            simplefilter("ignore", RuntimeWarning)  # of a mean of no rows
            return known | _own_scores(predictor, actual[mask], answer[mask], known, of_slice=True)

    found: dict[str, dict[str, dict[str, float]]] = {}
    for column in params.slices or []:
        if column not in rows:
            raise ProjectError(f"{PARAMS}: slices: there is no column {column!r}; take it out, or name another")
        words = words_of(rows[column])
        masks = {WHOLE: np.ones(len(rows), dtype=bool)}
        masks |= {str(value): (words == value).to_numpy() for value in sorted(words.dropna().unique())}
        found[column] = {value: measured(mask) for value, mask in masks.items() if mask.sum() >= SMALLEST_SLICE}
    return found

"""The gate between a new model and the one in production: both answer the same rows, overall and on every slice."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd

from mlops_maturity.data.tables import stored
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import read_json, write_json, write_text
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import ARTEFACT, COMPARISON, COMPARISON_PAGE, METRICS, TEST
from mlops_maturity.training.evaluate import SMALLEST_SLICE, words_of
from mlops_maturity.training.gates import Gate, failures
from mlops_maturity.training.losses import losses
from mlops_maturity.training.page import document
from mlops_maturity.training.report import gate_table, score_table, verdict

# A mean difference of losses less its standard error, in shares of the baseline's loss.
MEANING = "{{}} of the baseline's loss worse than {version}, beyond the standard error"


def compare_models(folder: Path, production: Predictor, version: str) -> None:
    """Compare the packaged model in a folder with the production model and write reports/comparison.

    Args:
        folder: where the new model, its test set and its metrics are.
        production: the model in production.
        version: its name.

    Raises:
        ProjectError: the new model fails a gate, or the production model cannot answer these rows.
    """
    params = settings.load()
    rows = stored(folder / TEST, "make run")
    old, new = production, Predictor.load(folder / ARTEFACT, folder)
    scores = read_json(folder / METRICS, "make run")["scores"]
    unit = scores["baseline, test"]["log_loss" if new.task == "classification" else "mse"]
    gates = judge({version: old, "new": new}, rows, unit, params)
    before = old.manifest["metrics"]["scores"]["test"]
    COMPARISON.unlink(missing_ok=True)
    write_json(
        COMPARISON,
        {
            "gates": [gate.as_data for gate in gates],
            "scores": {"new": scores["test"], version: before},
            "version": version,
        },
    )
    _write_page(
        gates,
        {"new model": scores["test"], f"{version}, in production": old.manifest["metrics"]["scores"]["test"]},
        new,
    )
    for gate in gates:
        print(f"{gate.verdict} {gate}")
    if failed := failures(gates):
        raise ProjectError(f"gate failed: {failed}. {version} stays in production")


def _write_page(gates: Sequence[Gate], scores: Mapping[str, Mapping[str, float]], new: Predictor) -> None:
    title = f"The new model for {new.target.name} and the one in production"
    body = [
        verdict(gates),
        f'<p class="faint">New model: {escape(new.version)}. Both answered the same rows of the test set.</p>',
        "<h2>Gates</h2>",
        "<p>Each compares the loss of the two on the same rows. The standard error of the difference is taken off, so "
        "that a few rows alone fail no gate; the rest is a share of the baseline's loss.</p>",
        gate_table(gates),
        "<h2>Scores</h2>",
        "<p>Each model on the test set of its own training.</p>",
        score_table(scores, new.target.name),
    ]
    write_text(COMPARISON_PAGE, document(title, body))
    print(f"wrote {COMPARISON_PAGE}")


def judge(models: Mapping[str, Predictor], rows: pd.DataFrame, unit: float, params: Params) -> list[Gate]:
    """The gates of a new model against an old one: the whole test set first, then every slice.

    What is compared is the mean difference of the losses of each row, less its standard error: a few rows alone fail
    no gate by chance.

    Args:
        models: the model in production by the name of its version, then the one that wants its place.
        rows: the test set.
        unit: the baseline's loss on it.
        params: the project's settings.

    Raises:
        ProjectError: a column or a class that a model needs is not in the rows.
    """
    (version, old), (_, new) = models.items()
    if lacking := [name for name in old.features.columns if name not in rows]:
        raise ProjectError(
            f"{version} needs the column {lacking[0]!r}, which the data do not have any more, so the two cannot be "
            f"compared; look at {METRICS} and promote by hand: `.venv/bin/gto assign model --version ... --stage prod`"
        )
    differences = _losses(new, rows) - _losses(old, rows)
    meaning = MEANING.format(version=version)
    bounds = params.gates.production
    gates = [Gate("not_worse", meaning, _beyond_chance(differences) / unit, bounds.overall, at_most=True)]
    for column in params.slices or []:
        words = words_of(rows[column])
        for value in sorted(words.dropna().unique()):
            some = differences[(words == value).to_numpy()]
            if len(some) >= SMALLEST_SLICE:
                name = f"not_worse where {column} is {value}"
                gates.append(Gate(name, meaning, _beyond_chance(some) / unit, bounds.slices, at_most=True))
    return gates


def _losses(model: Predictor, rows: pd.DataFrame) -> np.ndarray:
    """The loss of each row. A class that the model does not know has no probability at all."""
    return losses(model.task, model.target.encode(rows[model.target.name]), model.of_frame(rows))


def _beyond_chance(differences: np.ndarray) -> float:
    error = float(differences.std(ddof=1)) / np.sqrt(len(differences))
    return float(differences.mean() - np.sign(differences.mean()) * min(error, abs(differences.mean())))

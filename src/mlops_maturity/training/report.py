"""reports/evaluation.html: the evaluation on one page of its own, for whoever decides on the model."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.files import write_text
from mlops_maturity.project.numbers import number
from mlops_maturity.project.paths import REPORT
from mlops_maturity.project.repository import code_described
from mlops_maturity.training.cards import stored_as
from mlops_maturity.training.gates import LOSS, LOWER_IS_BETTER, Gate, gate_of
from mlops_maturity.training.page import document, facts, figure, note, table

SPLIT = {
    "stratified": "at random, with the same share of each class, or of each tenth of a number, in every set",
    "random": "at random",
    "group": "at random, all rows with the same {by} in one set: new rows bring new values of it",
    "time": "by {by}: the model learns from the past and is tested on the latest rows",
    "column": "by the column {by}",
}
# How scores are called and read, where their names do not say it.
LABELS = {
    "accuracy_answered": "accuracy of what is answered",
    "answered": "share that is answered",
    "calibration_error": "calibration error",
    "f1_macro": "F1 score, mean over classes",
    "mae": "mean absolute error (MAE)",
    "mse": "mean squared error (MSE)",
    "r2": "R²",
    "rmse": "root mean squared error (RMSE)",
    "roc_auc": "area under the ROC curve",
}
# In the unit of the target.
UNITS = {"mae": "{unit}", "rmse": "{unit}", "mse": "{unit}²"}
HOW_TO_READ = {
    "Learning curve": "Loss by iteration. Where validation rises while train falls, the model overfits.",
    "Confusion matrix": "Rows of the test set by what they are and by what the model predicts. The diagonal is right.",
    "Calibration": "On the line, the model is right as often as it says.",
    "ROC curves": "True positives for each share of false positives. The diagonal is chance.",
    "Precision-recall curves": "How many of those found are right, for each share that is found.",
    "Predicted and actual": "On the line, the prediction is right.",
    "Residuals": "Predicted minus actual: symmetric around zero if the model has no bias.",
    "Residuals against predictions": "No pattern is good: a curve or a funnel shows what the model has not learned.",
    "Permutation importance": "How much the loss grows when a column is shuffled: what the model relies on.",
}


def write(
    metrics: Mapping[str, Any],
    pictures: Mapping[str, Path],
    predictor: Predictor,
    data: Mapping[str, Any],
    notes: Sequence[str],
) -> None:
    """Write the page.

    Args:
        metrics: the content of metrics.json.
        pictures: files by title.
        predictor: the model.
        data: what the data step found.
        notes: what the first run noticed of the data, as the schema keeps it.
    """
    gates = [gate_of(each) for each in metrics["gates"]]
    body = [
        verdict(gates),
        note("warn", "Warnings", map(escape, metrics["warnings"])) if metrics["warnings"] else "",
        "<h2>What was evaluated</h2>",
        facts(_origin(metrics, predictor, data)),
        "<details><summary>Notes on the data</summary><ul>"
        + "".join(f"<li>{escape(each)}</li>" for each in notes)
        + "</ul></details>"
        if notes
        else "",
        "<h2>Gates</h2>",
        "<p>Each is a bound in <code>params.yaml</code>; a model that fails one is not packaged.</p>",
        gate_table(gates),
        "<h2>Scores</h2>",
        score_table(metrics["scores"], predictor.target.name),
        "<h2>Charts</h2>",
        '<div class="charts">',
        *(_picture(title, path) for title, path in pictures.items()),
        "</div>",
        *(_slice(column, values) for column, values in metrics["slices"].items()),
    ]
    write_text(REPORT, document(f"Evaluation of the model for {predictor.target.name}", body))
    print(f"wrote {REPORT}")


def verdict(gates: Sequence[Gate]) -> str:
    """PASS or FAIL for people in a hurry."""
    if failed := [gate for gate in gates if not gate.passed]:
        return note("fail", f"FAIL: {len(failed)} of {len(gates)} gates", (escape(str(gate)) for gate in failed))
    return note("pass", f"PASS: {len(gates)} of {len(gates)} gates", ())


def gate_table(gates: Iterable[Gate]) -> str:
    """Each gate with its result, what is required, and the verdict."""
    rows = [
        (
            escape(gate.name.replace("_", " ")),
            escape(gate.statement),
            escape(gate.required),
            f'<span class="verdict {gate.verdict}">{gate.verdict}</span>',
        )
        for gate in gates
    ]
    return table(("gate", "result", "required", "verdict"), rows, name="Gates", css="words")


def score_table(scores: Mapping[str, Mapping[str, float]], unit: str) -> str:
    """The scores side by side, the test set first."""
    order = sorted(scores, key=lambda label: label != "test")
    names = list(dict.fromkeys(name for label in order for name in scores[label]))
    rows = [
        (
            escape(label_of(name, unit)),
            *(number(scores[label][name]) if name in scores[label] else "" for label in order),
        )
        for name in names
    ]
    return table(("score", *map(escape, order)), rows, name="Scores")


def label_of(name: str, unit: str) -> str:
    """How a score is called, with its unit, and a word where less is more."""
    text = LABELS.get(name, name.replace("_", " "))
    if name in UNITS:
        text += f", in {UNITS[name].format(unit=f'units of {unit}')}"
    return text + (" (lower is better)" if name in LOWER_IS_BETTER else "")


def _origin(metrics: Mapping[str, Any], predictor: Predictor, data: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    parameters, rows, model = predictor.manifest["parameters"], metrics["rows"], predictor.manifest["model"]
    split = parameters["split"]
    told = ", ".join(f"{name} {value}" for name, value in _settings(parameters["model"]))
    how = SPLIT[split["method"]].format(by=split["by"])
    yield "Predicts", escape(f"{predictor.target.name} ({predictor.task})")
    yield "Code", escape(code_described())
    yield "Data", f"{escape(str(parameters['data']['raw']))}, MD5 <code>{escape(str(data['md5']))}</code>"
    yield "Rows", f"{rows['train']:,} to train, {rows['validation']:,} to validate, {rows['test']:,} to test"
    yield "Split", escape(f"{split['method']}, {how} (seed {split['seed']})")
    yield "Model", escape(model["kind"])
    if told:
        # A model of the team's own may leave some of them unread.
        yield "Settings", f"{escape(told)}; <code>model</code> of params.yaml, as build() got it"
    yield "Model version", f"SHA-256 <code>{escape(model['sha256'][:12])}</code>"
    yield "Stored as", escape(stored_as(predictor.manifest).replace("`", ""))
    loss = LOSS[predictor.task]
    yield "Compared with", escape(f"the {loss['baseline']} baseline, and a single small tree, by {loss['loss']}")


def _settings(model: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """The settings that count: of the kinds that params.yaml describes, only those of the one that was chosen."""
    for name, value in model.items():
        if not isinstance(value, (Mapping, list)):
            yield name, value
        elif name == model.get("kind") and isinstance(value, Mapping):
            yield from value.items()


def _slice(column: str, values: Mapping[str, Mapping[str, float]]) -> str:
    names = [name for name in next(iter(values.values()), {}) if name != "rows"]
    rows = [
        (escape(value), f"{found['rows']:,}", *(number(found[name]) if name in found else "" for name in names))
        for value, found in values.items()
    ]
    title = escape(f"Scores by {column}")
    return f"<h2>{title}</h2>\n" + table((escape(column), "rows", *names), rows, name=f"Scores by {column}")


def _picture(title: str, path: Path) -> str:
    content = base64.b64encode(path.read_bytes()).decode()
    return figure(f"data:image/png;base64,{content}", title, HOW_TO_READ.get(title, ""))

"""reports/evaluation.html: the evaluation on one page that needs nothing beside it."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.files import write_text
from mlops_maturity.project.paths import REPORT
from mlops_maturity.training.gates import gate_of

STYLE = """\
body { color: #1f2937; font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { margin-bottom: 0; }
h2 { border-top: 1px solid #e5e7eb; margin-top: 2rem; padding-top: 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid #e5e7eb; padding: .3rem .9rem .3rem 0; text-align: right; }
th:first-child, td:first-child { text-align: left; }
.pictures { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(28rem, 1fr)); }
img { max-width: 100%; }
.open, .closed { border-radius: .3rem; color: white; padding: .1rem .5rem; }
.open { background: #2f855a; }
.closed { background: #c53030; }
"""

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<h1>{title}</h1>
<p>{summary}</p>
<h2>Gates</h2>
<p>{loss}</p>
{gates}
<h2>Scores</h2>
{scores}
<h2>Pictures</h2>
<div class="pictures">
{pictures}
</div>
{slices}
</body>
</html>
"""

LOSS = {
    "classification": "The loss is the log loss on the test set: how little probability was given to what then was so.",
    "regression": "The loss is the mean squared error on the test set.",
}


def write(metrics: Mapping[str, Any], pictures: Mapping[str, Path], predictor: Predictor) -> None:
    """Write the page.

    Args:
        metrics: the content of metrics.json.
        pictures: files by title.
        predictor: the model.
    """
    rows = metrics["rows"]
    text = PAGE.format(
        style=STYLE,
        title=escape(f"Evaluation: {predictor.target.name}"),
        summary=escape(
            f"{predictor.manifest['model']['kind']} for {predictor.task}, "
            f"trained on {rows['train']:,} rows, stopped on "
            f"{rows['validation']:,}, tested on {rows['test']:,}."
        ),
        loss=escape(LOSS[predictor.task]),
        gates=_gates(metrics["gates"]),
        scores=_scores(metrics["scores"]),
        pictures="\n".join(_picture(title, path) for title, path in pictures.items()),
        slices="\n".join(_slice(column, values) for column, values in metrics["slices"].items()),
    )
    write_text(REPORT, text)
    print(f"wrote {REPORT}")


def _gates(gates: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        (
            escape(f"{gate.name}: {gate.meaning}"),
            gate.found,
            gate.required,
            f'<span class="{"open" if gate.is_open else "closed"}">{"open" if gate.is_open else "closed"}</span>',
        )
        for gate in map(gate_of, gates)
    ]
    return table(("gate", "found", "required", ""), rows)


def _scores(scores: Mapping[str, Mapping[str, float]]) -> str:
    names = sorted({name for values in scores.values() for name in values})
    rows = [
        (escape(label), *(f"{values[name]:.4g}" if name in values else "" for name in names))
        for label, values in scores.items()
    ]
    return table(("", *(escape(name.replace("_", " ")) for name in names)), rows)


def _slice(column: str, values: Mapping[str, Mapping[str, float]]) -> str:
    names = [name for name in next(iter(values.values()), {}) if name != "rows"]
    rows = [
        (escape(value), f"{found['rows']:,}", *(f"{found[name]:.4g}" if name in found else "" for name in names))
        for value, found in values.items()
    ]
    return f"<h2>Slices by {escape(column)}</h2>\n" + table(("", "rows", *names), rows)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    lines = ["<tr>" + "".join(f"<th>{cell}</th>" for cell in header) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows]
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def _picture(title: str, path: Path) -> str:
    content = base64.b64encode(path.read_bytes()).decode()
    return f'<img alt="{escape(title)}" src="data:image/png;base64,{content}">'

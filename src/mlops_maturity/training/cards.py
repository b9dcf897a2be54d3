"""The model card and the data sheet: the run fills its part of each, people write the rest, and neither overwrites."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_maturity.data.schema import Schema
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import existing, write_text
from mlops_maturity.project.numbers import number
from mlops_maturity.project.paths import DATA_SHEET, MODEL_CARD
from mlops_maturity.training.gates import gate_of

BEGIN = "<!-- filled by `make evaluate`: begin -->"
END = "<!-- filled by `make evaluate`: end -->"


def write(metrics: Mapping[str, Any], facts: Mapping[str, Any], manifest: Mapping[str, Any], schema: Schema) -> None:
    """Fill both documents.

    Args:
        metrics: the content of metrics.json.
        facts: what the data step found.
        manifest: of the trained model.
        schema: of the whole table.
    """
    fill(MODEL_CARD, model_part(metrics, manifest))
    fill(DATA_SHEET, data_part(facts, manifest, schema))
    print(f"filled in {MODEL_CARD} and {DATA_SHEET}")


def fill(path: Path, part: str) -> None:
    """Replace what stands between the two marks.

    Raises:
        ProjectError: a mark is missing.
    """
    text = existing(path, "git checkout").read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ProjectError(f"{path}: put back the lines {BEGIN!r} and {END!r}: the run writes between them")
    write_text(path, f"{before}{BEGIN}\n\n{part}\n\n{END}{after}")


def model_part(metrics: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """What the run knows of the model, as Markdown."""
    scores = metrics["scores"]
    names = sorted({name for values in scores.values() for name in values})
    versions = ", ".join(f"{name} {number}" for name, number in manifest["package_versions"].items())
    predicts = f"`{_cell(manifest['target'])}` ({manifest['task']})"
    if manifest["classes"]:
        predicts += ": " + ", ".join(_cell(name) for name in manifest["classes"])
    if outputs := manifest["outputs"]:
        predicts += f", and beside it {', '.join(outputs)}"
    if abstain := manifest["abstain"]:
        predicts += f"; {_cell(abstain['answer'])} where no class has a probability of {abstain['below']:g}"
    lines = [
        f"- **Predicts:** {predicts}",
        f"- **Kind:** {manifest['model']['kind']}, made with {versions}",
        f"- **Stored as:** {stored_as(manifest)}",
        f"- **Sees:** {', '.join(f'`{_cell(name)}`' for name in _seen(manifest))}",
        "",
        "### Scores",
        "",
        *_table(
            ("set", *names),
            [(label, *(number(v[n]) if n in v else "" for n in names)) for label, v in scores.items()],
        ),
        "",
        "### Gates",
        "",
        *_table(
            ("gate", "result", "required", ""),
            [(gate.name, gate.statement, gate.required, gate.verdict) for gate in map(gate_of, metrics["gates"])],
        ),
    ]
    for column, values in metrics["slices"].items():
        names = [name for name in next(iter(values.values()), {}) if name != "rows"]
        rows = [
            (value, f"{found['rows']:,}", *(number(found[name]) if name in found else "" for name in names))
            for value, found in values.items()
        ]
        lines += ["", f"### Slices by {_cell(column)}", "", *_table((column, "rows", *names), rows)]
    return "\n".join(lines)


def _seen(manifest: Mapping[str, Any]) -> list[str]:
    """What the model sees, by name: the columns of its matrix, or of its frame."""
    features = manifest["features"]
    if manifest["lane"] == "matrix":
        return list(features["names"])
    return [*features["numbers"], *features["derived"], *features["categories"], *features["texts"], *features["times"]]


def stored_as(manifest: Mapping[str, Any]) -> str:
    """In which lane and format the model is, what its service must have for it, and which types are trusted."""
    form = "ONNX" if manifest["format"] == "onnx" else manifest["format"]
    text = f"{form}, {manifest['lane']} lane"
    if why := manifest["not_onnx"]:
        text += f" ({_cell(why)})"
    needed = [f"{name} {number}" for name, number in manifest["requirements"].items()]
    text += f"; the service requires {', '.join(needed) or 'ONNX Runtime only'}"
    if manifest["format"] == "skops" and manifest["trusted"]:
        text += f"; trusted types: {', '.join(f'`{name}`' for name in manifest['trusted'])}"
    return text


def data_part(facts: Mapping[str, Any], manifest: Mapping[str, Any], schema: Schema) -> str:
    """What the run knows of the data, as Markdown."""
    data = manifest["parameters"]["data"]
    sizes = ", ".join(f"{name} {facts['rows'][name]:,}" for name in ("train", "validation", "test"))
    dropped = "; ".join(f"{count:,} rows ({_cell(reason)})" for reason, count in facts["dropped"].items()) or "none"
    rows = []
    for name, column in schema.columns.items():
        role = "target" if name == data["target"] else "feature"
        if name in data["ignore"]:
            role = f"ignored: {data['ignore'][name]}"
        rows.append((name, column.type, _domain(column.model_dump()), f"{column.missing:.0%}", role))
    return "\n".join(
        [
            *_sources(facts),
            f"- **Rows:** {sizes}",
            f"- **Dropped:** {dropped}",
            *(f"- **Note:** {_cell(note)}" for note in schema.notes),
            "",
            *_table(("column", "type", "accepted", "may be missing", "role"), rows),
        ]
    )


def _sources(facts: Mapping[str, Any]) -> list[str]:
    files = [f"- **File:** `{_cell(path)}`, MD5 `{md5}`, tracked by DVC" for path, md5 in facts["sources"].items()]
    return files or [f"- **Source:** what `data.py` asks for; its rows have the MD5 `{facts['md5']}`"]


def _domain(column: Mapping[str, Any]) -> str:
    if column["categories"] is not None:
        some = ", ".join(column["categories"][:6]) + (", …" if len(column["categories"]) > 6 else "")
        return some + (" or any other" if column["open"] else "")
    if column["minimum"] is not None:
        return f"{column['minimum']:g} to {column['maximum']:g}"
    return ""


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines]


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")

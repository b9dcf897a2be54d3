"""The first run on new data: propose the schema and every setting that depends on the data, for people to review."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import yaml

from .. import params as settings
from ..data import schema as schemas
from ..data.inference import infer_schema, unusable
from ..data.prepare import learnable
from ..data.schema import Schema
from ..errors import ProjectError
from ..files import write_text
from ..params import Params, Task
from ..paths import PARAMS, SCHEMA
from .trials import best_trial

FEW_VALUES = 10
MOST_SLICES = 2
MOST_SLICE_VALUES = 10


def propose(frame: pd.DataFrame, params: Params) -> Params:
    """Write data/schema.yaml and fill in what params.yaml leaves open.

    Raises:
        ProjectError: the target is not there or cannot be predicted from these columns.
    """
    schema = schemas.load() if SCHEMA.exists() else infer_schema(frame)
    target = params.data.target
    if target not in schema.columns:
        raise ProjectError(
            f"{PARAMS}: data.target: there is no column {target!r}; there is {', '.join(schema.columns)}"
        )
    frame = schema.conform(frame)
    found: dict[str, object] = {}
    if params.data.task is None:
        found["data.task"] = infer_task(frame[target], schema.columns[target].type)
    ignored = params.data.ignore
    if ignored is None:
        found["data.ignore"] = ignored = unusable(frame, schema, target)
    if not set(schema.columns) - {target, *ignored}:
        told = "; ".join(f"{name}: {reason}" for name, reason in ignored.items()) or "there is no other"
        raise ProjectError(f"no column can explain {target!r} ({told}); add one")
    if params.slices is None:
        found["slices"] = _slices(frame, schema, {target, *ignored})
    params = params.changed(**found)
    frame, _ = learnable(frame, schema, params)
    if params.model.gradient_boosting.min_samples_leaf is None:
        found["model.gradient_boosting.min_samples_leaf"] = int(np.clip(len(frame) // 60, 2, 20))
        params = params.changed(**found)
    best = best_trial(frame, schema, params, _time_column(schema, params))
    if params.split.method is None:
        found["split.method"] = best.method
        found["split.by"] = best.by
    if params.model.kind is None:
        found["model.kind"] = best.kind
    if params.gates.beats_trivial is None:
        found["gates.beats_trivial"] = max(best.starting_gate("trivial"), 0.0)
    if params.gates.beats_simple is None:
        found["gates.beats_simple"] = best.starting_gate("simple")
    schemas.save(schema)
    _fill_in(found)
    print(f"first run: proposed {SCHEMA} and filled in {PARAMS}; review both and commit them")
    for name, value in found.items():
        if value is not None:
            print(f"  {name}: {value}")
    return settings.load()


def infer_task(values: pd.Series, column_type: str) -> Task:
    """Classification for words, truth values and a few whole numbers; regression for other numbers.

    Raises:
        ProjectError: the column is a date or free text.
    """
    if column_type in ("category", "boolean"):
        return "classification"
    if column_type in ("datetime", "text"):
        raise ProjectError(
            f"{values.name}: a {column_type} column, or one with a value of its own in every row, cannot be predicted; "
            "choose another target"
        )
    few = values.nunique() <= min(FEW_VALUES, len(values) // 10)
    return "classification" if few and column_type == "integer" else "regression"


def _slices(frame: pd.DataFrame, schema: Schema, hidden: set[str]) -> list[str]:
    words = [name for name, column in schema.columns.items() if column.type == "category" and name not in hidden]
    return [name for name in words if 2 <= frame[name].nunique() <= MOST_SLICE_VALUES][:MOST_SLICES]


def _time_column(schema: Schema, params: Params) -> str | None:
    ignored = params.data.ignore or {}
    times = [name for name, column in schema.columns.items() if column.type == "datetime" and name not in ignored]
    return times[0] if times else None


def _fill_in(found: Mapping[str, object]) -> None:
    """Put values in the place of nulls in params.yaml; every other byte stays as people wrote it."""
    text = PARAMS.read_text(encoding="utf-8")
    # From the end, so that positions before it stay true.
    for node, indent, value in sorted(_nulls(text, found), key=lambda entry: -entry[0].start_mark.index):
        start, end = node.start_mark.index, node.end_mark.index
        text = text[:start] + _written(value, indent) + text[end:]
    write_text(PARAMS, text)


def _nulls(text: str, found: Mapping[str, object]) -> Iterator[tuple[Any, int, object]]:
    for path, value in found.items():
        if value is not None:
            node: Any = yaml.compose(text, yaml.SafeLoader)
            for name in path.split("."):
                key, node = next((key, child) for key, child in node.value if key.value == name)
            yield node, key.start_mark.column, value


def _written(value: object, indent: int) -> str:
    """A value as YAML: reasons a line each, anything else on the line of its key."""
    if isinstance(value, dict) and value:
        lines = yaml.safe_dump(value, allow_unicode=True, width=1000).splitlines()
        return "".join(f"\n{' ' * (indent + 2)}{line}" for line in lines)
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1000)
    return text.removesuffix("\n").removesuffix("\n...")

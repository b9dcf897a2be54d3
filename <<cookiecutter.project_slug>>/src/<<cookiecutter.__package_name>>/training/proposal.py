"""The first run on new data: propose the schema and every setting that depends on the data, for people to review."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import yaml

from .. import params as settings
from ..data import schema as schemas
from ..data.inference import infer_schema, unusable
from ..data.prepare import learnable
from ..data.schema import Schema
from ..data.splitting import folds
from ..errors import ProjectError
from ..features import Features
from ..files import write_text
from ..params import ModelKind, Params, SplitMethod, Task
from ..paths import PARAMS, SCHEMA
from . import models
from .metrics import gain
from .targets import Target

# Settings are found on at most so many rows: enough to tell models apart, few enough to wait for.
TRIAL_ROWS = 20_000
FEW_VALUES = 10
MOST_SLICES = 2
MOST_SLICE_VALUES = 10


@dataclass(frozen=True)
class Trial:
    """How a kind of model fared over the folds: the shares of the other models' loss that it saved."""

    method: SplitMethod
    kind: ModelKind
    over_trivial: np.ndarray
    over_simple: np.ndarray


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
    if params.data.ignore is None:
        found["data.ignore"] = unusable(frame, schema, target)
    if params.slices is None:
        found["slices"] = _slices(frame, schema, {target, *(found.get("data.ignore") or params.data.ignore or {})})  # type: ignore[misc]
    params = params.changed(**found)
    frame, _ = learnable(frame, schema, params)
    if params.model.gradient_boosting.min_samples_leaf is None:
        found["model.gradient_boosting.min_samples_leaf"] = int(np.clip(len(frame) // 60, 2, 20))
        params = params.changed(**found)
    best = _best_trial(_some(frame, params), schema, params)
    if params.split.method is None:
        found["split.method"] = best.method
        found["split.by"] = _time_column(schema, params) if best.method == "time" else None
    if params.model.kind is None:
        found["model.kind"] = best.kind
    if params.gates.beats_trivial is None:
        found["gates.beats_trivial"] = _starting_gate(best.over_trivial)
    if params.gates.beats_simple is None:
        found["gates.beats_simple"] = _starting_gate(best.over_simple)
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


def _some(frame: pd.DataFrame, params: Params) -> pd.DataFrame:
    if len(frame) <= TRIAL_ROWS:
        return frame
    rows = np.random.default_rng(params.split.seed).choice(len(frame), TRIAL_ROWS, replace=False)
    some = frame.iloc[np.sort(rows)].reset_index(drop=True)
    if params.task == "classification":
        counts = some[params.data.target].value_counts()
        some = some[some[params.data.target].isin(counts.index[counts >= FEW_VALUES])].reset_index(drop=True)
    return some


def _best_trial(frame: pd.DataFrame, schema: Schema, params: Params) -> Trial:
    """Try the ways to split in order of preference, with each kind of model, up to the first that finds a signal."""
    time = _time_column(schema, params)
    usual: SplitMethod = "stratified" if params.task == "classification" else "random"
    methods: list[SplitMethod] = [params.split.method] if params.split.method else ["time", usual] if time else [usual]
    kinds: list[ModelKind] = [params.model.kind] if params.model.kind else ["gradient_boosting", "linear"]
    for method in methods:
        by = params.split.by or (time if method == "time" else None)
        settled = params.changed(**{"split.method": method, "split.by": by})
        trials = [_try(frame, schema, settled, kind) for kind in kinds]
        best = max(trials, key=lambda trial: trial.over_trivial.mean())
        print(f"  tried a {method} split: " + ", ".join(f"{t.kind} {t.over_trivial.mean():.1%}" for t in trials))
        if best.over_trivial.mean() > 0 and (best.over_trivial > 0).mean() > 0.5:
            return best
    raise ProjectError(
        f"no model predicts {params.data.target!r} from the other columns any better than a guess does; "
        "choose another target, or add columns that explain it"
    )


def _try(frame: pd.DataFrame, schema: Schema, params: Params, kind: ModelKind) -> Trial:
    features = Features.of(schema, params)
    matrix = features.of_frame(frame)
    target = Target.of(frame[params.data.target], params)
    values = target.encode(frame[params.data.target])
    gains = []
    for learn, score in folds(frame, params.data.target, params.split):
        if len(np.unique(values[learn])) < max(2, len(target.classes)):
            continue
        cut = max(len(learn) // 5, 1)
        order = np.random.default_rng(params.split.seed).permutation(learn)
        train, validation = (
            ((matrix[rows], values[rows]) for rows in (order[cut:], order[:cut]))
            if len(np.unique(values[order[cut:]])) >= max(2, len(target.classes))
            else ((matrix[rows], values[rows]) for rows in (learn, learn))
        )
        predictions = {}
        for name in (kind, "simple", "trivial"):
            fitted = models.fit(models.build(name, params.task, features, params.model), params.task, train, validation)
            predictions[name] = models.predict(fitted.estimator, params.task, matrix[score])
        gains.append(
            [gain(params.task, values[score], predictions[kind], predictions[other]) for other in ("trivial", "simple")]
        )
    if not gains:
        gains = [[-1.0, -1.0]]
    over_trivial, over_simple = np.array(gains).T
    return Trial(params.split.method or "random", kind, over_trivial, over_simple)


def _starting_gate(gains: np.ndarray) -> float:
    """Half of the gain that was found, or less where the folds differ so much that a good model could miss it."""
    mean, spread = float(gains.mean()), float(gains.std(ddof=1)) if len(gains) > 1 else abs(float(gains.mean()))
    return max(math.floor((mean - max(abs(mean) / 2, 3 * spread)) * 100) / 100, -10.0)


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

"""The first run on new data: propose the schema and every setting that depends on the data, for people to review."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from mlops_maturity.data import schema as schemas
from mlops_maturity.data.cells import shown
from mlops_maturity.data.conversion import conform, convert
from mlops_maturity.data.inference import IDENTIFIER_NAME, LEADING_ZERO, unusable
from mlops_maturity.data.names import column_of, no_column
from mlops_maturity.data.reading import inferred
from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.data.sets import learnable
from mlops_maturity.data.splitting import FEWEST_GROUPS, first_equal
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import MOST_NAMED, ProjectError
from mlops_maturity.project.numbers import percent
from mlops_maturity.project.params import Params, Task
from mlops_maturity.project.paths import PARAMS, SCHEMA
from mlops_maturity.training import yaml_edit
from mlops_maturity.training.leaks import leaks
from mlops_maturity.training.trials import best_trial

FEW_VALUES = 10
# Columns that may say which rows belong together, beside those that are named as an identifier.
GROUP_NAME = re.compile(rf"{IDENTIFIER_NAME.pattern}|(^|[\W_])(?i:nr|pid|subject|patient|person|customer|household)$")
MISSING = object()
MOST_PRINTED = 20
# Of the values of a target, that are words among numbers; with more, it may be classes, some of them named by numbers.
MOST_STRAYS, MOST_AMONG_FRACTIONS = 0.1, 0.5
# Classes that perhaps are none.
UNKNOWN = re.compile(
    r"(?i)unknown|undefined|undetermined|missing|not (?:available|known)|n\.a\.|k\.a\.|keine angabe|unbekannt|"
    r"inconnue?|desconocid[ao]|sconosciut[ao]|onbekend|#\w+[!?]|-{1,3}|\."
)
ROWS_IN_A_SLICE = 10
MOST_SLICES = 2
MOST_SLICE_VALUES = 10


class Proposal:
    """Settings on their way to being complete.

    Attributes:
        params: with what was found so far.
        found: what was open and is not any more, by its path in params.yaml.
    """

    def __init__(self, params: Params) -> None:
        self.params = params
        self.found: dict[str, object] = {}

    def settle(self, path: str, find: Callable[[], object]) -> None:
        """Find a value if params.yaml leaves it open."""
        section, *keys = path.split(".")
        value = getattr(self.params, section)
        for key in keys:
            # Of the free settings of a model, only those that are there and open.
            value = value.get(key, MISSING) if isinstance(value, dict) else getattr(value, key)
        if value is None and (found := find()) is not None:
            self.put(path, found)

    def put(self, path: str, found: object) -> None:
        """Set a value."""
        self.found[path] = found
        self.params = self.params.changed(**{path: found})


def propose(frame: pd.DataFrame, params: Params) -> Params:
    """Write data/schema.yaml and fill in what params.yaml leaves open.

    Raises:
        ProjectError: the target is not there or cannot be predicted from these columns.
    """
    is_first = not SCHEMA.exists()
    schema = inferred(frame) if is_first else schemas.load()
    target = column_of(params.data.target, schema.columns)
    if target is None:
        raise ProjectError(f"{PARAMS}: data.target: the table has {no_column(params.data.target, schema.columns)}")
    frame = conform(schema, frame)
    proposal = Proposal(params)
    if target != params.data.target:
        # Typed in other signs that look alike: from now on as it is in the file.
        proposal.put("data.target", target)
    run = "first run" if is_first else f"{PARAMS} leaves settings open"
    print(f"{run}: {len(frame):,} rows, {len(schema.columns)} columns")
    _print("note", schema.notes, SCHEMA)
    _require_readable(frame[target], schema)
    proposal.settle("data.task", lambda: infer_task(frame[target], schema.columns[target].type))
    proposal.settle("data.ignore", lambda: unusable(frame, schema, target) | dict(params.no_features.values()))
    ignored = proposal.params.data.ignore or {}
    if not set(schema.columns) - {target, *ignored}:
        told = "; ".join(f"{name}: {reason}" for name, reason in list(ignored.items())[:MOST_NAMED])
        more = f"; and {len(ignored) - MOST_NAMED:,} more" if len(ignored) > MOST_NAMED else ""
        raise ProjectError(f"no column can explain {target!r} ({told or 'there is no other'}{more}); add one")
    _print("ignored", [f"{name}: {reason}" for name, reason in ignored.items()], PARAMS)
    noticed = _noticed(frame, schema, proposal.params)
    _print("note", noticed, SCHEMA)
    schema = schema.model_copy(update={"notes": (*schema.notes, *noticed)})
    proposal.settle("slices", lambda: _slices(frame, schema, {target, *ignored}, params.split.test))
    rows, _ = learnable(frame, schema, proposal.params)
    proposal.settle("model.gradient_boosting.min_samples_leaf", lambda: int(np.clip(len(rows) // 30, 2, 20)))
    best = best_trial(rows, schema, proposal.params, _time_column(schema, proposal.params))
    print(f"  {best.reason}")
    schema = schema.model_copy(update={"notes": (*schema.notes, best.reason)})
    proposal.settle("split.method", lambda: best.method)
    proposal.settle("split.by", lambda: best.by)
    proposal.settle("model.kind", lambda: best.kind)
    proposal.settle("gates.beats_baseline", lambda: best.starting_gate("baseline"))
    proposal.settle("gates.beats_simple", lambda: best.starting_gate("simple"))
    if is_first:
        schemas.save(schema)
    yaml_edit.put(PARAMS, proposal.found)
    proposed = f"proposed {SCHEMA} and filled in {PARAMS}; review both and commit them"
    print(proposed if is_first else f"filled in {PARAMS}; review it and commit it")
    for name, value in proposal.found.items():
        print(f"  {name}: {value if name != 'data.ignore' else _short(ignored)}")
    saved = float(best.folds["baseline"].mean())
    if not best.finds_a_signal:
        print(
            f"  warning: a weak signal: cross-validated, the loss is {percent(saved)} below the baseline's, which "
            "may be chance; look for columns that explain the target"
        )
    elif not best.beats_the_simple_model:
        print("  note: a single small tree is as good as this model; look for better features before you rely on it")
    return settings.load()


def _print(kind: str, lines: Sequence[str], where: Path) -> None:
    """Print what people should know. A table of very many columns would fill the screen with it."""
    for line in lines[:MOST_PRINTED]:
        print(f"  {kind}: {line}")
    if len(lines) > MOST_PRINTED:
        print(f"  {kind}: {len(lines) - MOST_PRINTED:,} more; a run that gets through lists all in {where}")


def _short(ignored: Mapping[str, str]) -> str:
    return str(dict(ignored)) if len(ignored) <= MOST_PRINTED else f"{len(ignored):,} columns"


def _noticed(frame: pd.DataFrame, schema: Schema, params: Params) -> list[str]:
    """What a person should know before trusting a model of these rows."""
    others = [name for name in schema.columns if name != params.data.target]
    seen = [name for name in others if name not in (params.data.ignore or {})]
    notes = [*_repeated(frame, params.data.target, params.data.ignore or {}), *_not_known(frame[params.data.target])]
    if empty := int(frame.isna().all(axis=1).sum()):
        notes.append(f"rows without any value: {empty:,}; they count as missing values of every column: take them out")
    for name in seen:
        values = frame[name]
        if schema.columns[name].type == "datetime" and (undated := int(values.isna().sum())):
            notes.append(f"{name}: rows without a time: {undated:,}; a split by time keeps them in the train set")
    for name in others:
        known = frame[name].dropna()
        is_key = GROUP_NAME.search(name) and schema.columns[name].type in ("integer", "category", "text")
        if is_key and FEWEST_GROUPS <= (different := known.nunique()) < len(known):
            notes.append(
                f"{name}: {different:,} values in {len(known):,} rows: if new rows bring new ones, set split.method "
                f"to group and split.by to {name}, so that no row is tested on what its relatives taught"
            )
    notes += [
        f"{name}: this column alone predicts {reached:.1%} of {params.data.target}; is it known before the target is?"
        for name, reached in leaks(frame, schema, params, seen)
    ]
    return notes


def _repeated(frame: pd.DataFrame, target: str, ignored: Mapping[str, str]) -> Iterator[str]:
    """Whether rows are copies of others, as far as columns count."""
    if repeated := int(frame.drop(columns=list(ignored), errors="ignore").duplicated().sum()):
        kept = len(np.unique(first_equal(frame, target, ignored))) < len(frame)
        why = (
            "equal rows stay in one set"
            if kept
            else "rows with equal features differ in the target: they are no copies"
        )
        yield f"rows that are equal to an earlier one: {repeated:,}; {why}"


def _not_known(values: pd.Series) -> Iterator[str]:
    """That a class perhaps means that the class is not known. A number never does, and may have millions of values."""
    if pd.api.types.is_numeric_dtype(values):
        return
    counts = values.value_counts()
    for word, count in counts[counts > 0].items():
        # Of a test, + and - are the two results.
        if UNKNOWN.fullmatch(str(word)) and "+" not in counts:
            yield (
                f"{values.name}: {shown(word)} ({count:,} rows) is a class like the others; if it means that the class "
                "is not known, take it out of the categories and add it to reading.missing"
            )


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


def _require_readable(values: pd.Series, schema: Schema) -> None:
    """Refuse a target of words that are no classes: numbers in a form that is not read, or with some words among them.

    Raises:
        ProjectError: it is one; the text names the words.
    """
    name, kind = str(values.name), schema.columns[str(values.name)].type
    if kind not in ("category", "text"):
        return
    counts = values.dropna().value_counts()
    words = pd.Series(counts.index.astype("str"), index=counts.index)
    numbers = convert(words, Column(type="number", missing=1.0), schema.reading)
    strays = counts[numbers.isna()]
    # Words are not many among numbers, unless these have fractions: no class has such a name.
    most = MOST_STRAYS if (numbers.dropna() % 1 == 0).all() else MOST_AMONG_FRACTIONS
    coded = words.str.fullmatch(LEADING_ZERO).any()
    if numbers.nunique() > FEW_VALUES and 0 < strays.sum() <= most * counts.sum() and not coded:
        named = ", ".join(f"{shown(word)} ({count:,} rows)" for word, count in strays.head(3).items())
        raise ProjectError(
            f"{name}: the values are numbers but for {named}: leave those cells empty if they mean that the "
            "value is missing, and correct them if not; a target is either a number or a class"
        )
    if kind == "text" and (notes := [note for note in schema.notes if note.startswith(f"{name}: ")]):
        raise ProjectError(
            f"{notes[0].partition('; if ')[0]}; a target is a number or a class: write such into the file, or make it "
            "one in load() of data.py"
        )


def _slices(frame: pd.DataFrame, schema: Schema, hidden: set[str], share: float) -> list[str]:
    """Columns of few values, one of which at least has enough rows in a test set of this share to be scored."""
    words = [name for name, column in schema.columns.items() if column.type == "category" and name not in hidden]
    few = [name for name in words if 2 <= frame[name].nunique() <= MOST_SLICE_VALUES]
    return [name for name in few if share * frame[name].value_counts().max() >= ROWS_IN_A_SLICE][:MOST_SLICES]


def _time_column(schema: Schema, params: Params) -> str | None:
    ignored = params.data.ignore or {}
    times = [name for name, column in schema.columns.items() if column.type == "datetime" and name not in ignored]
    return times[0] if times else None

"""The data step: read, hold to the schema, drop what cannot be learned from, divide."""

import hashlib
from pathlib import Path

import pandas as pd
import yaml

from .. import params as settings
from ..errors import ProjectError
from ..files import existing, replacing, write_json
from ..params import Params
from ..paths import DATA_FACTS, SCHEMA, TEST, TRAIN, VALIDATION
from . import schema as schemas
from .reading import read_table
from .schema import Schema
from .splitting import split

MINIMUM_ROWS = 30
MOST_CLASSES = 100


def run() -> None:
    """Write the three sets and the facts about the data; propose schema and settings if there are none yet.

    Raises:
        ProjectError: the data cannot be read, do not fit the schema, or cannot be learned from.
    """
    params = settings.load()
    digest = _digest(params.data.raw)
    frame = read_table(params.data.raw)
    print(f"read {params.data.raw}: {len(frame):,} rows, {frame.shape[1]} columns")
    if not SCHEMA.exists() or not params.is_complete:
        from ..training.proposal import propose  # trains models, which no later run needs

        params = propose(frame, params)
    schema = schemas.load()
    frame = schema.check(frame)
    print(f"every value fits {SCHEMA}")
    frame, dropped = learnable(frame, schema, params)
    for reason, count in dropped.items():
        print(f"dropped {count:,} rows: {reason}")
    write_sets(frame, params, {"dropped": dropped, "md5": digest, "columns": frame.shape[1]})


def learnable(frame: pd.DataFrame, schema: Schema, params: Params) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows that a model can learn from, and how many were dropped for which reason.

    Raises:
        ProjectError: too few are left, or the target has one value or too many classes.
    """
    target = params.data.target
    if target not in schema.columns:
        raise ProjectError(f"params.yaml: data.target: {target!r} is not a column of {SCHEMA}")
    known = frame[target].notna()
    dropped = {f"{target} is missing": int((~known).sum())}
    frame = frame[known]
    if params.task == "classification":
        counts = frame[target].value_counts()
        common = counts.index[counts >= params.data.min_class_rows]
        kept = frame[target].isin(common)
        dropped[f"fewer than {params.data.min_class_rows} rows of their {target}"] = int((~kept).sum())
        frame = frame[kept]
        if len(common) > MOST_CLASSES:
            raise ProjectError(f"{target} has {len(common)} classes; join some until there are at most {MOST_CLASSES}")
    dropped = {reason: count for reason, count in dropped.items() if count}
    if len(frame) < MINIMUM_ROWS:
        told = "".join(f", {count:,} dropped ({reason})" for reason, count in dropped.items())
        raise ProjectError(f"{len(frame)} rows can be learned from{told}; at least {MINIMUM_ROWS} are needed")
    if frame[target].nunique() < 2:
        told = "".join(f", after {count:,} rows were dropped ({reason})" for reason, count in dropped.items())
        raise ProjectError(f"{target} has one value only{told}; there is nothing to predict")
    return frame.reset_index(drop=True), dropped


def write_sets(frame: pd.DataFrame, params: Params, facts: dict[str, object]) -> None:
    """Divide the rows and write the three sets, and what is known of them."""
    parts = split(frame, params.data.target, params.split)
    sizes = {}
    for path, rows in ((TRAIN, parts.train), (VALIDATION, parts.validation), (TEST, parts.test)):
        with replacing(path) as temporary:
            frame.iloc[rows].to_parquet(temporary, index=False)
        sizes[path.stem] = len(rows)
    write_json(DATA_FACTS, {**facts, "rows": sizes})
    print(f"split ({params.split.method}): " + ", ".join(f"{name} {count:,}" for name, count in sizes.items()))


def _digest(raw: Path) -> str:
    """The MD5 of the raw data, which must be what DVC's pointer says: the manifest of the model will name it."""
    with existing(raw, "make pull").open("rb") as file:
        digest = hashlib.file_digest(file, "md5").hexdigest()
    pointer = raw.with_name(f"{raw.name}.dvc")
    if pointer.exists() and yaml.safe_load(pointer.read_text())["outs"][0]["md5"] != digest:
        raise ProjectError(
            f"{raw} is not what {pointer} says: `make pull` fetches what it says, `.venv/bin/dvc add {raw}` takes in "
            "what is there"
        )
    return digest

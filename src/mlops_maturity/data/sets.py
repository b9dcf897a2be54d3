"""The split step: keep the rows that can be learned from and divide them into train, validation and test."""

import pandas as pd

from mlops_maturity.data import schema as schemas
from mlops_maturity.data.conversion import conform
from mlops_maturity.data.schema import Schema
from mlops_maturity.data.splitting import split
from mlops_maturity.data.tables import stored
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError, meant
from mlops_maturity.project.files import existing, read_json, replacing, write_json
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import DATA_FACTS, DATA_VALIDATION, SCHEMA, SOURCE, TABLE, TEST, TRAIN, VALIDATION

MINIMUM_ROWS = 30
MOST_CLASSES = 100
RARE_NAMED = 3


def run() -> None:
    """Write the three sets and the facts about the data.

    Raises:
        ProjectError: a step is missing, or the data cannot be learned from.
    """
    params = settings.load()
    existing(DATA_VALIDATION, "make data")
    schema = schemas.load()
    frame = conform(schema, stored(TABLE, "make data"))
    frame, dropped = learnable(frame, schema, params)
    for reason, count in dropped.items():
        print(f"dropped {count:,} {'row' if count == 1 else 'rows'}: {reason}")
    source = read_json(SOURCE, made_by="make data")
    write_sets(frame, params, {**source, "dropped": dropped})


def learnable(frame: pd.DataFrame, schema: Schema, params: Params) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows that a model can learn from, and how many were dropped for which reason.

    Raises:
        ProjectError: too few are left, or the target has one value or too many classes.
    """
    target = params.data.target
    if target not in schema.columns:
        raise ProjectError(
            f"params.yaml: data.target: {target!r} is not a column of {SCHEMA}; {meant(target, schema.columns)}"
        )
    known = frame[target].notna()
    dropped = {f"{target} is missing": int((~known).sum())}
    frame = frame[known]
    if params.task == "classification":
        counts = frame[target].value_counts()
        common = counts.index[counts >= params.data.min_class_rows]
        kept = frame[target].isin(common)
        rare = [str(value) for value in counts.index[(counts > 0) & (counts < params.data.min_class_rows)]]
        named = f" ({', '.join(rare[:RARE_NAMED])}{', ...' if len(rare) > RARE_NAMED else ''})" if rare else ""
        dropped[f"fewer than {params.data.min_class_rows} rows of their {target}{named}"] = int((~kept).sum())
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
    parts = split(frame, params.data.target, params.split, params.data.ignore or {})
    sizes = {}
    for path, rows in ((TRAIN, parts.train), (VALIDATION, parts.validation), (TEST, parts.test)):
        with replacing(path) as temporary:
            frame.iloc[rows].to_parquet(temporary, index=False)
        sizes[path.stem] = len(rows)
    write_json(DATA_FACTS, {**facts, "rows": sizes})
    print(f"split ({params.split.method}): " + ", ".join(f"{name} {count:,}" for name, count in sizes.items()))

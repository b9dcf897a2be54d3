"""The first step: read the raw data as they are, and propose schema and settings if there are none yet."""

import hashlib
from pathlib import Path

import pandas as pd
import yaml

from mlops_maturity.project import params as settings
from mlops_maturity.project.contract import own
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import existing, replacing, write_json
from mlops_maturity.project.paths import SCHEMA, SOURCE, TABLE


def run() -> None:
    """Write the table and where it comes from.

    Raises:
        ProjectError: the data cannot be read, are not what DVC's pointer says, or cannot be learned from.
    """
    params = settings.load()
    digest = _digest(params.data.raw)
    frame = load_data()
    print(f"read {params.data.raw}: {len(frame):,} rows, {frame.shape[1]} columns")
    if not SCHEMA.exists() or not params.is_complete:
        from mlops_maturity.training.proposal import propose  # trains models, which no later run needs

        propose(frame, params)
    with replacing(TABLE) as temporary:
        frame.to_parquet(temporary, index=False)
    write_json(SOURCE, {"columns": frame.shape[1], "md5": digest, "rows": len(frame)})


def load_data() -> pd.DataFrame:
    """The table that the project's data.py loads.

    Raises:
        ProjectError: it fails, or does not return a table with a name for each column.
    """
    load = own("data")
    frame = load()
    if not isinstance(frame, pd.DataFrame):
        raise load.refuse(f"returned {type(frame).__name__}; it must return a pandas.DataFrame")
    if strange := [name for name in frame if not isinstance(name, str)]:
        raise load.refuse(f"returned a column named {strange[0]!r}; names must be str")
    if repeated := frame.columns[frame.columns.duplicated()].tolist():
        raise load.refuse(f"returned the column {repeated[0]!r} twice; rename one of them")
    if frame.empty:
        raise load.refuse("returned a table without rows or columns")
    return frame.reset_index(drop=True)


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

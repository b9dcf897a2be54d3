"""The first step: read the raw data as they are, and propose schema and settings if there are none yet."""

import hashlib
from pathlib import Path

import pyarrow.parquet as pq
import yaml

from mlops_maturity.data.reading import read_arrow
from mlops_maturity.project import params as settings
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
    table = read_arrow(params.data.raw)
    print(f"read {params.data.raw}: {table.num_rows:,} rows, {table.num_columns} columns")
    if not SCHEMA.exists() or not params.is_complete:
        from mlops_maturity.training.proposal import propose  # trains models, which no later run needs

        propose(table.to_pandas(split_blocks=True), params)
    with replacing(TABLE) as temporary:
        pq.write_table(table, temporary)
    write_json(SOURCE, {"columns": table.num_columns, "md5": digest, "rows": table.num_rows})


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

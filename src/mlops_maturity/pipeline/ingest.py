"""The first step: read the raw data as they are, and propose schema and settings if there are none yet."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from mlops_maturity.project import params as settings
from mlops_maturity.project import sources
from mlops_maturity.project.contract import own
from mlops_maturity.project.files import replacing, write_json
from mlops_maturity.project.paths import SCHEMA, SOURCE, TABLE


def run() -> None:
    """Write the table and where it comes from.

    Raises:
        ProjectError: the data cannot be read, are not what DVC's pointer says, or cannot be learned from.
    """
    params = settings.load()
    found = sources.digests(params.data.raw)
    frame = load_data()
    print(f"read {', '.join(found) or 'what data.py asks for'}: {len(frame):,} rows, {frame.shape[1]} columns")
    if not SCHEMA.exists() or not params.is_complete:
        from mlops_maturity.training.proposal import propose  # trains models, which no later run needs

        propose(frame, params)
    with replacing(TABLE) as temporary:
        frame.to_parquet(temporary, index=False)
    md5 = next(iter(found.values())) if len(found) == 1 else sources.digest(TABLE)
    write_json(SOURCE, {"columns": frame.shape[1], "md5": md5, "rows": len(frame), "sources": found})


def table_digest() -> str:
    """The MD5 of the file that this step would write of the data as they are now."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / TABLE.name
        load_data().to_parquet(path, index=False)
        return sources.digest(path)


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

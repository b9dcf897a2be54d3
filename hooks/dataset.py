"""The data set that was answered: what can be said of it with the standard library."""

import csv
import os
import re
import shutil
from itertools import islice
from pathlib import Path

from mlops_maturity.data.dialect import DELIMITERS, MISSING, Dialect, dialect_of, misfit, records
from mlops_maturity.data.names import column_of, no_column
from mlops_maturity.project.errors import ProjectError

SAMPLE = "sample"
SAMPLE_FILE = "penguins.csv"
SAMPLE_COLUMNS = (
    "species",
    "island",
    "bill_length_mm",
    "bill_depth_mm",
    "flipper_length_mm",
    "body_mass_g",
    "sex",
    "year",
)
PARQUET_SUFFIXES = (".parquet", ".pq")
SUFFIXES = (".csv", ".tsv", ".txt", *PARQUET_SUFFIXES)
MINIMUM_ROWS = 30
TAB = "\t"
# Of a title or of remarks above the header, at the most.
LINES_ABOVE = 50
LARGEST_BYTES = 20 * 2**30
# The file is kept twice (data/raw and DVC's cache), and the run needs some room of its own.
COPIES = 3


def path_of(dataset: str) -> str:
    """The absolute path of the answered file, so that a hook finds it from any folder; empty for the sample."""
    return "" if dataset == SAMPLE else os.path.abspath(os.path.expanduser(dataset))


def file_name(dataset: str) -> str:
    """The name of the file in data/raw: the user's own, with nothing in it that a shell or YAML would trip over."""
    if dataset == SAMPLE:
        return SAMPLE_FILE
    stem, suffix = os.path.splitext(os.path.basename(dataset))
    return (re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-") or "data") + suffix.lower()


def file_problem(dataset: str) -> str | None:
    """What is wrong with the answered data set, in one line, or None."""
    return None if dataset == SAMPLE else _file_problem(Path(path_of(dataset)))


def column_problem(dataset: str, target: str) -> str | None:
    """What is wrong with the answered target in a data set that can be read, in one line, or None."""
    if dataset == SAMPLE:
        return _target_problem(target, SAMPLE_COLUMNS, "the sample")
    path = Path(path_of(dataset))
    return None if path.suffix.lower() in PARQUET_SUFFIXES else _csv_problem(path, target)


def _file_problem(path: Path) -> str | None:  # noqa: PLR0911 - one return for each thing that can be wrong
    if path.suffix.lower() not in SUFFIXES:
        return f"dataset: {path.name!r} is neither CSV nor Parquet; its name must end in {', '.join(SUFFIXES)}"
    try:
        if not path.is_file():
            return f"dataset: there is no file {str(path)!r}; give the path of a CSV or Parquet file, or 'sample'"
        with path.open("rb") as file:
            head = file.read(65536)
    except OSError as error:
        return f"dataset: {str(path)!r} cannot be read ({error.strerror}); check its permissions"
    size = path.stat().st_size
    if not head.strip():
        return f"dataset: {str(path)!r} is empty; give a file with a header line and at least {MINIMUM_ROWS} rows"
    if size > LARGEST_BYTES:
        return (
            f"dataset: {str(path)!r} has {readable(size)}; at most {readable(LARGEST_BYTES)}: give a sample of its rows"
        )
    if (free := shutil.disk_usage(os.getcwd()).free) < COPIES * size:
        return f"dataset: {str(path)!r} needs {readable(COPIES * size)} of disk, {readable(free)} are free; make room"
    if path.suffix.lower() in PARQUET_SUFFIXES:
        return None if head.startswith(b"PAR1") else f"dataset: {str(path)!r} is not a Parquet file; export it again"
    return None


def _csv_problem(path: Path, target: str) -> str | None:
    try:
        dialect = dialect_of(path)
        if wrong := _target_problem(target, dialect.names, path.name):
            return wrong + _below(path, dialect.encoding, target)
        column = column_of(target, dialect.names) or target
        return _values_problem(path, dialect, dialect.names.index(column), target)
    except ProjectError as error:
        return f"dataset: {error}"
    except (csv.Error, UnicodeDecodeError) as error:
        return f"dataset: {path.name!r} is not valid CSV ({error}); export it again"


def _target_problem(target: str, columns: tuple[str, ...] | list[str], where: str) -> str | None:
    if column_of(target, columns):
        return None
    alone = f" as its only one: cells must be set apart by one of {' '.join(DELIMITERS).replace(TAB, 'tab')}"
    return f"target: {where!r} has {no_column(target, columns)}{alone if len(columns) == 1 else ''}"


def _below(path: Path, encoding: str, target: str) -> str:
    """That the target stands in a line below the first one, if it does: a title or remarks are above the header."""
    with path.open(encoding=encoding) as file:
        for number, line in enumerate(islice(file, LINES_ABOVE), start=1):
            if number > 1 and target in (cell.strip(' "\n') for cell in re.split(f"[{DELIMITERS}]", line)):
                return f"; line {number} has it: delete what is above it"
    return ""


def _values_problem(path: Path, dialect: Dialect, column: int, target: str) -> str | None:
    """Look at the target until it is known to be usable: usually some thirty rows, the whole file at worst."""
    first, varies, known, total, where = None, False, 0, 0, path.name
    for total, (line, row) in enumerate(records(path, dialect), start=1):
        if wrong := misfit(dialect, total - 1, row):
            return f"dataset: {where!r}, line {line}: {wrong}"
        value = row[column].strip()
        if value in MISSING:
            continue
        known += 1
        first = value if first is None else first
        varies = varies or value != first
        if varies and known >= MINIMUM_ROWS:
            return None
    if known < MINIMUM_ROWS:
        return (
            f"dataset: {where!r} has {total} rows, {known} of them with a value of {target!r}; "
            f"at least {MINIMUM_ROWS} are needed"
        )
    return f"target: {target!r} has the same value ({first}) in every row of {where!r}; there is nothing to predict"


def readable(count: float) -> str:
    """A number of bytes as people write it."""
    for unit in ("B", "KB", "MB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GB"

"""Tables as files: the cells of a CSV file as they stand there, or the typed columns of a Parquet file."""

import csv
from collections.abc import Collection
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from mlops_maturity.data.dialect import ROWS_IN_A_CELL, Dialect, dialect_of, misfit, named, records
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import existing
from mlops_maturity.project.sources import NotAtHandError, missing

if TYPE_CHECKING:
    import pandas as pd

PARQUET = (".parquet", ".pq")
# Where a table carries what was noticed of its columns (pandas' `attrs`).
NOTES = "mlops_maturity.notes"


def is_parquet(path: Path) -> bool:
    """Whether a file, or the files of a folder, hold typed columns, and not text."""
    return path.suffix.lower() in PARQUET or path.is_dir()


def read_parquet(path: Path) -> "pd.DataFrame":
    """The columns of a Parquet file, in the few types that the project knows; what has none is left out.

    Raises:
        ProjectError: as `parquet_of` does.
    """
    return plain(parquet_of(path))


def stored(path: Path, made_by: str) -> "pd.DataFrame":
    """A table that an earlier step left.

    Raises:
        ProjectError: it is missing or damaged; the text names the command that makes it.
    """
    import pandas as pd

    try:
        return pd.read_parquet(existing(path, made_by))
    except (OSError, ValueError) as error:
        raise ProjectError(f"{path} is damaged ({str(error).splitlines()[0]}); run `{made_by}` again") from None


def parquet_of(path: Path) -> pa.Table:
    """The columns of a Parquet file, of any type.

    Args:
        path: of a file, or of a folder of files with the same columns; folders in it may be named `column=value`.

    Raises:
        ProjectError: it is missing, damaged or empty, two columns have one name, or two files have other columns.
    """
    with _Readable(path):
        if path.is_dir():
            _refuse_other_columns(path)
        table = pa.parquet.read_table(path)
    if not table.num_rows:
        raise ProjectError(f"{path} has no rows")
    # What a file says of its index would make a column of the table one.
    return table.rename_columns(named(path, table.column_names)).replace_schema_metadata()


def plain(table: pa.Table) -> "pd.DataFrame":
    """A table in the few types that the project knows; `attrs` holds what people should know of it."""
    found, notes = _plain(table)
    frame: pd.DataFrame = found.replace_schema_metadata().to_pandas(self_destruct=True, split_blocks=True)
    if notes:
        frame.attrs[NOTES] = notes
    return frame


def read_cells(path: Path, expected: Collection[str] = ()) -> "pd.DataFrame":
    """The cells of a CSV file as text, just as they stand there; `expected` columns tell its delimiter.

    Raises:
        ProjectError: it is missing, damaged or empty, two columns have one name, the header is repeated, or a stray
            quotation mark swallows rows; the text names the line.
    """
    with _Readable(path):
        dialect = dialect_of(path, expected)
    table = read_arrow(path, dialect, pa.csv.ConvertOptions(strings_can_be_null=False))
    _refuse_swallowed(path, dialect, table)
    _refuse_headers(path, dialect, table)
    frame: pd.DataFrame = table.to_pandas(self_destruct=True, split_blocks=True)
    return _with_rows(path, frame)


def read_arrow(path: Path, dialect: Dialect, options: pa.csv.ConvertOptions) -> pa.Table:
    """A CSV file as Arrow reads it: text, but for columns that `options` give a type.

    Raises:
        ProjectError: it is damaged.
        pa.ArrowInvalid: a cell cannot be read in the type of its column.
    """
    types = {name: pa.string() for name in dialect.names} | dict(options.column_types)
    options.column_types = {name: types[name] for name in dialect.names}
    with _Readable(path):
        try:
            return pa.csv.read_csv(
                path,
                read_options=pa.csv.ReadOptions(
                    encoding="utf-8" if dialect.encoding == "utf-8-sig" else dialect.encoding,
                    column_names=dialect.names,
                    skip_rows=dialect.header,
                ),
                parse_options=pa.csv.ParseOptions(
                    delimiter=dialect.delimiter,
                    newlines_in_values=True,
                    invalid_row_handler=lambda row: "error" if row.text.strip() else "skip",
                ),
                convert_options=options,
            )
        except pa.ArrowInvalid:
            _refuse_misfits(path, dialect)
            raise


def write_like(frame: "pd.DataFrame", path: Path, delimiter: str = ",") -> None:
    """Write a table as Parquet, or as CSV if the name ends so."""
    if is_parquet(path):
        # Not every type of Arrow has a name by which pandas finds it again.
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
        pa.parquet.write_table(table, path)
    else:
        frame.to_csv(path, index=False, sep=delimiter)


def line_of(path: Path, row: int) -> int:
    """The line of a CSV file on which a row (from 0) begins."""
    line, _ = next(islice(records(path, dialect_of(path)), row, None), (row + 2, []))
    return line


def _with_rows(path: Path, frame: "pd.DataFrame") -> "pd.DataFrame":
    if frame.empty:
        raise ProjectError(f"{path} has no rows")
    return frame


class _Readable:
    """Says of whatever goes wrong with a file which file it is."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        if not self._path.exists():
            raise NotAtHandError(missing(self._path))

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (pa.ArrowInvalid, pa.ArrowKeyError, OSError, UnicodeDecodeError, csv.Error)):
            raise ProjectError(f"{self._path} cannot be read: {' '.join(str(error).split())}") from None


def _refuse_misfits(path: Path, dialect: Dialect) -> None:
    """Name the first record that has another number of cells than the header."""
    for row, (line, cells) in enumerate(records(path, dialect)):
        if wrong := misfit(dialect, row, cells):
            raise ProjectError(f"{path}, line {line}: {wrong}")


def _refuse_other_columns(folder: Path) -> None:
    """Of files with other columns than the first one, Arrow would leave those out."""
    files = sorted(path for path in folder.rglob("*") if is_parquet(path) and path.is_file())
    if not files:
        raise ProjectError(f"{folder} has no Parquet file")
    first, *others = ((path, set(pa.parquet.read_schema(path).names)) for path in files)
    for path, names in others:
        if names != first[1]:
            raise ProjectError(f"{path} has other columns than {first[0]}: {', '.join(sorted(names ^ first[1]))}")


def _refuse_swallowed(path: Path, dialect: Dialect, table: pa.Table) -> None:
    for name, column in zip(table.column_names, table.columns, strict=True):
        broken = pc.match_substring(column, "\n")
        if not pc.any(broken).as_py():
            continue
        for row in pc.indices_nonzero(broken).to_pylist():
            lines = column[row].as_py().splitlines()[1:]
            if sum(line.count(dialect.delimiter) >= len(table.columns) - 1 for line in lines) >= ROWS_IN_A_CELL:
                start = line_of(path, row)
                raise ProjectError(
                    f"{path}, line {start}: a quotation mark in the column {name!r} swallows {len(lines)} lines; "
                    "double it, or take it out"
                )


def _refuse_headers(path: Path, dialect: Dialect, table: pa.Table) -> None:
    same: pa.ChunkedArray | None = None
    for name, column in zip(dialect.names, table.columns, strict=True):
        equal = pc.equal(pc.utf8_trim_whitespace(column), name)
        same = equal if same is None else pc.and_(same, equal)
    rows = pc.indices_nonzero(same).to_pylist() if same is not None else []
    if rows:
        raise ProjectError(f"{path}, line {line_of(path, rows[0])}: the header stands here once more; take it out")


def _plain(table: pa.Table) -> tuple[pa.Table, list[str]]:
    """Bring Arrow's many types down to the few that the project knows, and say what is lost."""
    columns, notes = {}, []
    for name, column in zip(table.column_names, table.columns, strict=True):
        stored = column.cast(column.type.storage_type) if isinstance(column.type, pa.BaseExtensionType) else column
        if (found := _plain_column(stored, stored.type)) is None:
            notes.append(f"{name}: left out: {stored.type} is no type that a model can see")
            continue
        columns[name] = found
        if pa.types.is_duration(stored.type):
            notes.append(f"{name}: a duration is read as its seconds")
    return pa.table(columns), notes


def _plain_column(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    """A column in a type that the project knows; None where there is none."""
    if pa.types.is_nested(kind):
        return None
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        try:
            return column.cast(pa.binary()).cast(pa.string())
        except pa.ArrowInvalid:
            return None
    if pa.types.is_duration(kind):
        return pc.divide(column.cast(pa.duration("us"), safe=False).cast(pa.int64()).cast(pa.float64()), 1e6)
    if pa.types.is_timestamp(kind):
        # Finer than a microsecond is cut off.
        column = column.cast(pa.timestamp("us", tz="UTC" if kind.tz else None), safe=False)
    target = _plain_type(kind)
    return column if target is None else column.cast(target)


def _plain_type(kind: pa.DataType) -> pa.DataType | None:
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind) or pa.types.is_float32(kind):
        return pa.float64()
    if pa.types.is_null(kind):
        return pa.float64()
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    if pa.types.is_time(kind):
        return pa.string()
    return None

"""Tables as files: the cells of a CSV file as they stand there, or the typed columns of a Parquet file."""

import csv
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from mlops_maturity.data.dialect import Dialect, dialect_of, named, records
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.sources import NotAtHandError

if TYPE_CHECKING:
    import pandas as pd

PARQUET = (".parquet", ".pq")
# A cell with a line break in it that looks like rows: the quotation mark that began it was a stray one.
ROWS_IN_A_CELL = 2


def is_parquet(path: Path) -> bool:
    """Whether a file, or the files of a folder, hold typed columns, and not text."""
    return path.suffix.lower() in PARQUET or path.is_dir()


def read_parquet(path: Path) -> "pd.DataFrame":
    """The columns of a Parquet file, in the few types that the project knows; lists and records are left out.

    Args:
        path: of a file, or of a folder of files with the same columns; folders in it may be named `column=value`.

    Raises:
        ProjectError: it is missing, damaged or empty, two columns have one name, or two files have other columns.
    """
    with _Readable(path):
        if path.is_dir():
            _refuse_other_columns(path)
        table = pa.parquet.read_table(path)
    return _with_rows(path, plain(table.rename_columns(named(path, table.column_names))))


def plain(table: pa.Table) -> "pd.DataFrame":
    """A table in the few types that the project knows."""
    # What a file says of its index would make a column of the table one.
    frame: pd.DataFrame = _plain(table).replace_schema_metadata().to_pandas(self_destruct=True, split_blocks=True)
    return frame


def read_cells(path: Path) -> "pd.DataFrame":
    """The cells of a CSV file as text, just as they stand there.

    Raises:
        ProjectError: it is missing, damaged or empty, two columns have one name, the header is repeated, or a stray
            quotation mark swallows rows; the text names the line.
    """
    with _Readable(path):
        dialect = dialect_of(path)
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
        frame.to_parquet(path, index=False)
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
            raise NotAtHandError(f"{self._path} is missing; `make pull` fetches it from the DVC remote")

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (pa.ArrowInvalid, pa.ArrowKeyError, OSError, UnicodeDecodeError, csv.Error)):
            raise ProjectError(f"{self._path} cannot be read: {' '.join(str(error).split())}") from None


def _refuse_misfits(path: Path, dialect: Dialect) -> None:
    """Name the first record that has another number of cells than the header."""
    wanted = len(dialect.names)
    for row, (line, cells) in enumerate(records(path, dialect)):
        if len(cells) != wanted:
            lines = sum(cell.count("\n") for cell in cells)
            hint = f"; a quotation mark there swallows {lines} lines" if lines >= ROWS_IN_A_CELL else ""
            if row == 0 and len(cells) == wanted + 1:
                hint = "; if the first column has no name, begin the header with a delimiter"
            raise ProjectError(f"{path}, line {line}: {len(cells)} cells, and the header has {wanted}{hint}")


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


def _plain(table: pa.Table) -> pa.Table:
    """Bring Arrow's many types down to the few that the project knows."""
    for position, field in reversed(list(enumerate(table.schema))):
        kind = field.type
        if pa.types.is_nested(kind):
            table = table.remove_column(position)
        elif (target := _plain_type(kind)) is not None:
            column = table.column(position)
            if pa.types.is_timestamp(kind):
                zone = "UTC" if kind.tz else None
                # Finer than a microsecond is cut off.
                column = column.cast(pa.timestamp("us", tz=zone), safe=False)
            table = table.set_column(position, field.name, column.cast(target))
    return table


def _plain_type(kind: pa.DataType) -> pa.DataType | None:
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind) or pa.types.is_float32(kind):
        return pa.float64()
    if pa.types.is_null(kind):
        return pa.float64()
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    if pa.types.is_time(kind):
        return pa.string()
    if pa.types.is_duration(kind):
        return pa.int64()
    return None

"""Tables as files: the cells of a CSV file as they stand there, or the typed columns of a Parquet file."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.sources import NotAtHandError

if TYPE_CHECKING:
    import pandas as pd

PARQUET = (".parquet", ".pq")
DELIMITERS = ",;\t|"
# A cell with a line break in it that looks like rows: the quotation mark that began it was a stray one.
ROWS_IN_A_CELL = 2

csv.field_size_limit(2**24)


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written.

    Attributes:
        encoding: of its text.
        delimiter: between cells.
        names: of its columns.
    """

    encoding: str
    delimiter: str
    names: list[str]


def is_parquet(path: Path) -> bool:
    """Whether a file, or the files of a folder, hold typed columns, and not text."""
    return path.suffix.lower() in PARQUET or path.is_dir()


def read_parquet(path: Path) -> "pd.DataFrame":
    """The columns of a Parquet file, in the few types that the project knows; lists and records are left out.

    Args:
        path: of a file, or of a folder of files with the same columns; folders in it may be named `column=value`.

    Raises:
        ProjectError: it is missing or damaged, two columns have one name, or two files have other columns.
    """
    with _Readable(path):
        if path.is_dir():
            _refuse_other_columns(path)
        table = pa.parquet.read_table(path)
    return plain(table.rename_columns(_named(path, table.column_names)))


def plain(table: pa.Table) -> "pd.DataFrame":
    """A table in the few types that the project knows."""
    # What a file says of its index would make a column of the table one.
    frame: pd.DataFrame = _plain(table).replace_schema_metadata().to_pandas(self_destruct=True, split_blocks=True)
    return frame


def read_cells(path: Path) -> "pd.DataFrame":
    """The cells of a CSV file as text, just as they stand there.

    Raises:
        ProjectError: it is missing or damaged, two columns have one name, the header is repeated, or a stray quotation
            mark swallows rows.
    """
    dialect = dialect_of(path)
    table = read_arrow(path, dialect, pa.csv.ConvertOptions(strings_can_be_null=False))
    _refuse_swallowed(path, dialect, table)
    _refuse_headers(path, dialect, table)
    frame: pd.DataFrame = table.to_pandas(self_destruct=True, split_blocks=True)
    return frame


def dialect_of(path: Path) -> Dialect:
    """How a CSV file is written: the delimiter that its header has most of, in UTF-8 unless that cannot be.

    Raises:
        ProjectError: it is missing or empty, or two columns have one name.
    """
    with _Readable(path):
        encoding = "utf-8" if _is_utf8(path) else "cp1252"
        with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as file:
            first = file.readline()
            delimiter = max(DELIMITERS, key=first.count)
            file.seek(0)
            names = next(csv.reader(file, delimiter=delimiter), [])
    if not any(name.strip() for name in names):
        raise ProjectError(f"{path} has no header line; its first line must name the columns")
    return Dialect(encoding, delimiter, _named(path, names))


def read_arrow(path: Path, dialect: Dialect, options: pa.csv.ConvertOptions) -> pa.Table:
    """A CSV file as Arrow reads it: text, but for columns that `options` give a type.

    Raises:
        ProjectError: it is damaged.
        pa.ArrowInvalid: a cell cannot be read in the type of its column.
    """
    types = {name: pa.string() for name in dialect.names} | dict(options.column_types)
    options.column_types = {name: types[name] for name in dialect.names}
    with _Readable(path):
        return pa.csv.read_csv(
            path,
            read_options=pa.csv.ReadOptions(
                encoding=dialect.encoding, column_names=dialect.names, skip_rows=_lines_of_header(path, dialect)
            ),
            parse_options=pa.csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True),
            convert_options=options,
        )


def write_like(frame: "pd.DataFrame", path: Path, delimiter: str = ",") -> None:
    """Write a table as Parquet, or as CSV if the name ends so."""
    if is_parquet(path):
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False, sep=delimiter)


def line_of(path: Path, row: int) -> int:
    """The line of a CSV file on which a row (from 0) ends."""
    dialect = dialect_of(path)
    with path.open(encoding="utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=dialect.delimiter)
        for number, cells in enumerate((line for line in reader if line), start=-1):
            if number == row:
                return reader.line_num - sum(cell.count("\n") for cell in cells)
    return row + 2


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


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while part := file.read(2**20):
                decoder.decode(part)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _named(path: Path, given: list[str]) -> list[str]:
    names = [name.strip() or f"column_{position}" for position, name in enumerate(given, start=1)]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ProjectError(f"{path} has the column {repeated[0]!r} twice; rename one of them")
    return names


def _lines_of_header(path: Path, dialect: Dialect) -> int:
    """A name may hold line breaks."""
    with path.open(encoding=dialect.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=dialect.delimiter)
        next(reader)
        return reader.line_num


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


def rows_of(path: Path) -> Iterator[list[str]]:
    """The lines of a CSV file with their cells as they stand there, the header first.

    Raises:
        ProjectError: it is missing or damaged.
    """
    dialect = dialect_of(path)
    with (
        _Readable(path),
        path.open(encoding="utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding, newline="") as file,
    ):
        yield from csv.reader(file, delimiter=dialect.delimiter)

"""From a CSV or Parquet file to a table, whatever wrote the file."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from mlops_maturity.project.errors import ProjectError

if TYPE_CHECKING:
    import pandas as pd

MISSING = ["", "?", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "Null", "null", "None", "none", "#N/A"]
DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
# Arrow keeps a text column as a dictionary up to this many different values; beyond it, as plain text.
LARGEST_DICTIONARY = 50_000


def read_table(path: Path) -> "pd.DataFrame":
    """Read a whole table.

    Numbers come as float64 or int64, truth values as bool, text as categories or strings, dates and times as
    datetime64 without a zone (UTC where the file names one). Columns of lists or records are left out.

    Raises:
        ProjectError: the file is missing or damaged, or two columns have one name.
    """
    frame: pd.DataFrame = read_arrow(path).to_pandas(self_destruct=True, split_blocks=True)
    return frame


def read_arrow(path: Path) -> pa.Table:
    """`read_table` for who only hands the table on, and need not wait for pandas.

    Raises:
        ProjectError: the file is missing or damaged, or two columns have one name.
    """
    if not path.exists():
        raise ProjectError(f"{path} is missing; `make pull` fetches it from the DVC remote")
    try:
        table = _read_parquet(path) if path.suffix in (".parquet", ".pq") else _read_csv(path)
    except (pa.ArrowInvalid, pa.ArrowKeyError, OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    names = [name.strip() or f"column_{position}" for position, name in enumerate(table.column_names, start=1)]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ProjectError(f"{path} has the column {repeated[0]!r} twice; rename one of them")
    # What a file says of its index would make a column of the table one.
    return _plain(table.rename_columns(names)).replace_schema_metadata()


def write_table(frame: "pd.DataFrame", path: Path) -> None:
    """Write a table as Parquet, or as CSV if the name ends so."""
    if path.suffix in (".parquet", ".pq"):
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)


def _read_parquet(path: Path) -> pa.Table:
    return pa.parquet.read_table(path)


def _read_csv(path: Path) -> pa.Table:
    encoding, header = _header(path)
    delimiter = max(",;\t|", key=header.count)
    table = _parse_csv(path, delimiter, encoding)
    if any(pa.types.is_binary(field.type) or _is_dictionary_of_bytes(field.type) for field in table.schema):
        # The first byte that is not UTF-8 came after the header.
        encoding = "cp1252"
        table = _parse_csv(path, delimiter, encoding)
    if delimiter != "," and any(_has_decimal_commas(column) for column in table.columns):
        table = _parse_csv(path, delimiter, encoding, decimal_point=",")
    return table


def _header(path: Path) -> tuple[str, str]:
    """The encoding and the text of the first line."""
    with path.open("rb") as file:
        line = file.readline()
    try:
        return "utf-8", line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "cp1252", line.decode("cp1252", errors="replace")


def _parse_csv(path: Path, delimiter: str, encoding: str, *, decimal_point: str = ".") -> pa.Table:
    return pa.csv.read_csv(
        path,
        read_options=pa.csv.ReadOptions(encoding=encoding),
        parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            null_values=MISSING,
            strings_can_be_null=True,
            decimal_point=decimal_point,
            auto_dict_encode=True,
            auto_dict_max_cardinality=LARGEST_DICTIONARY,
        ),
    )


def _is_dictionary_of_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind) and pa.types.is_binary(kind.value_type))


def _has_decimal_commas(column: pa.ChunkedArray) -> bool:
    if not pa.types.is_dictionary(column.type) and not pa.types.is_string(column.type):
        return False
    values = [value.strip() for value in column.slice(0, 1000).to_pylist() if value is not None]
    return bool(values) and all(DECIMAL_COMMA.fullmatch(value) or value.strip("-").isdigit() for value in values)


def _plain(table: pa.Table) -> pa.Table:
    """Bring Arrow's many types down to the few that the project knows."""
    for position, field in reversed(list(enumerate(table.schema))):
        kind = field.type
        if pa.types.is_nested(kind):
            table = table.remove_column(position)
        elif (target := _plain_type(kind)) is not None:
            column = table.column(position)
            if pa.types.is_timestamp(kind) and kind.tz:
                column = column.cast(pa.timestamp("us", tz="UTC"))
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


def finite(values: "pd.Series") -> "pd.Series":
    """Numbers as float64, with an infinite value counted as a missing one."""
    numbers = values.astype("float64")
    return numbers.mask(np.isinf(numbers))

"""From a file to a table: each cell is read as data/schema.yaml says or, where there is none, as it would propose."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from mlops_maturity.data import schema as schemas
from mlops_maturity.data import tables
from mlops_maturity.data.conversion import convert, is_text, lost, replaced
from mlops_maturity.data.dialect import WINDOWS, dialect_of, note_of_windows
from mlops_maturity.data.inference import infer_schema
from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.data.stray_rows import refuse_second_header, refuse_totals
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import SCHEMA

# Where a table carries the schema that was inferred from its cells (pandas' `attrs`).
INFERRED = "mlops_maturity.schema"


def read_table(path: Path | str | None, schema: Schema | None = None) -> pd.DataFrame:
    """Read a whole table.

    Numbers and truth values come as float64, words as categories, dates and times as datetime64 in UTC. A cell that
    cannot be read in the type of its column leaves the column as text, for the validation to name it.

    Args:
        path: of a CSV or a Parquet file, or of a folder of Parquet files; None, which `data.raw` of params.yaml may be,
            is refused.
        schema: by which cells are read; by default, data/schema.yaml, or what would be proposed where there is none.

    Raises:
        ProjectError: the file is missing or damaged, or none is named; without a schema, its last row holds sums.
    """
    if path is None:
        raise ProjectError("params.yaml: data.raw names no file; name one, or read the data otherwise in data.py")
    path = Path(path)
    if schema is None and SCHEMA.exists():
        schema = schemas.load()
    if tables.is_parquet(path):
        return tables.read_parquet(path)
    if schema is not None and path.exists() and (frame := _at_once(path, schema)) is not None:
        return frame
    cells = tables.read_cells(path)
    proposed = schema or _proposed(path, cells)
    if schema is None:
        refuse_second_header(path, cells, proposed)
    frame = typed(cells, proposed)
    if schema is None:
        refuse_totals(cells.iloc[-1], frame)
        # As text: pandas copies it, in depth, with each operation on each column.
        frame.attrs[INFERRED] = proposed.model_dump_json()
    return frame


def _proposed(path: Path, cells: pd.DataFrame) -> Schema:
    dialect = dialect_of(path)
    found = infer_schema(cells, dialect.delimiter)
    if dialect.encoding != WINDOWS:
        return found
    return found.model_copy(update={"notes": (note_of_windows(path), *found.notes)})


def typed(cells: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The same table with every column that the schema names in its type, if all of its cells can be read."""
    return pd.DataFrame({str(name): _typed(str(name), values, schema) for name, values in cells.items()}, copy=False)


def inferred(frame: pd.DataFrame) -> Schema:
    """The schema to propose for a table: what was inferred from its cells, where it came from a file of text."""
    known = frame.attrs.get(INFERRED)
    if not known:
        found = infer_schema(frame)
        return found.model_copy(update={"notes": (*frame.attrs.get(tables.NOTES, ()), *found.notes)})
    schema = Schema.model_validate_json(known)
    # What data.py has added to the columns of the file, or made of them.
    made = [name for name, values in frame.items() if not _is_as_read(values, schema.columns.get(str(name)))]
    columns = schema.columns | (infer_schema(frame[made]).columns if made else {})
    notes = tuple(note for note in schema.notes if note.partition(": ")[0] not in made)
    return Schema(columns={str(name): columns[str(name)] for name in frame}, reading=schema.reading, notes=notes)


def _is_as_read(values: pd.Series, column: Column | None) -> bool:
    """Whether the values of a column may be those of the file."""
    if column is None or is_text(values) != (column.type in ("category", "text")):
        return False
    if pd.api.types.is_datetime64_any_dtype(values) != (column.type == "datetime"):
        return False
    if column.categories is not None and not column.open:
        return bool(values.dropna().isin(column.categories).all())
    if column.minimum is None or column.maximum is None:
        return True
    return bool(values.dropna().between(column.minimum, column.maximum).all())


def _typed(name: str, values: pd.Series, schema: Schema) -> pd.Series:
    column = schema.columns.get(name)
    if column is None:
        return values
    found = convert(values, column, schema.reading)
    return values if lost(values, found, schema.reading, column.unit) else found


def _at_once(path: Path, schema: Schema) -> pd.DataFrame | None:
    """The same at several times the speed, where Arrow can read each number and no cell has lines; else None."""
    dialect = dialect_of(path)
    numbers = {
        name
        for name, column in schema.columns.items()
        if column.type in ("number", "integer") and not (column.unit or schema.reading.thousands)
    }
    options = pa.csv.ConvertOptions(
        column_types={
            name: pa.float64() if name in numbers else pa.dictionary(pa.int32(), pa.string()) for name in dialect.names
        },
        null_values=list(schema.reading.missing),
        strings_can_be_null=True,
        decimal_point=schema.reading.decimal,
    )
    try:
        table = tables.read_arrow(path, dialect, options)
    except ProjectError:
        return None
    frame: pd.DataFrame = table.to_pandas(self_destruct=True, split_blocks=True)
    words = [name for name in dialect.names if name not in numbers]
    values = {name: frame[name].cat.categories for name in words}
    is_swallowed = any("\n" in word for some in values.values() for word in some)
    has_headers = not numbers and all(name in some for name, some in values.items())
    if is_swallowed or has_headers or frame.empty:
        return None  # for the other way to look at, and to name the line
    return replaced(frame, {name: _typed(name, frame[name], schema) for name in words})

"""The second step: hold the table to its schema, with pandera."""

from collections.abc import Iterable

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from mlops_maturity.data import schema as schemas
from mlops_maturity.data.cells import shown
from mlops_maturity.data.changes import changes
from mlops_maturity.data.conversion import conform
from mlops_maturity.data.lookalikes import folded, spelled
from mlops_maturity.data.schema import Column, Schema, refuse
from mlops_maturity.data.tables import stored
from mlops_maturity.project import params as settings
from mlops_maturity.project.files import write_json
from mlops_maturity.project.paths import DATA_VALIDATION, SCHEMA, TABLE


def run() -> None:
    """Write that the table fits the schema.

    Raises:
        ProjectError: it does not, and nothing may be learned from it; the text names columns, rules and values.
    """
    DATA_VALIDATION.unlink(missing_ok=True)
    schema, data = schemas.load(), settings.load().data
    frame = check(schema, stored(TABLE, "make data"), data.ignore or {})
    write_json(DATA_VALIDATION, {"columns": list(frame), "problems": [], "rows": len(frame)})
    print(f"every value fits {SCHEMA}")
    for line in changes(schema.only(set(schema.columns) - set(data.ignore or {})), frame, data.target):
        print(f"  warning: {line}")


def check(schema: Schema, frame: pd.DataFrame, ignored: Iterable[str] = ()) -> pd.DataFrame:
    """Give the columns the types of the schema, and require that all values are in their domain.

    Args:
        schema: of the table.
        frame: the table.
        ignored: columns that no model sees: a new id may well be over yesterday's maximum.

    Raises:
        ProjectError: a column is missing or unexpected, or a value is of another type or outside of its domain.
    """
    frame = conform(schema, frame)
    seen = schema.only(set(schema.columns) - set(ignored))
    refuse(problems(seen, frame[list(seen.columns)]))
    return frame


def problems(schema: Schema, frame: pd.DataFrame, *, shares: bool = True) -> list[str]:
    """What is wrong with the values of a table that `conform` returned, a line for each column and rule.

    Args:
        schema: of the table.
        frame: with the types of the schema.
        shares: whether the share of missing values is judged, too; in a few rows it says nothing.
    """
    columns = {name: _column(column, shares) for name, column in schema.columns.items()}
    expected = pa.DataFrameSchema(columns, strict=True)
    try:
        expected.validate(frame, lazy=True)
    except SchemaErrors as error:
        return _lines(error.failure_cases, schema)
    return []


def _column(column: Column, shares: bool) -> pa.Column:
    checks = [_missing(column.missing if shares or column.missing == 0 else 1.0)]
    if column.minimum is not None:
        checks.append(pa.Check.ge(column.minimum, error=f"under the minimum {column.minimum:g}"))
    if column.maximum is not None:
        checks.append(pa.Check.le(column.maximum, error=f"over the maximum {column.maximum:g}"))
    if column.type in ("integer", "boolean"):
        checks.append(pa.Check(lambda values: values % 1 == 0, error="not a whole number"))
    if column.type == "boolean":
        checks.append(pa.Check.isin([0.0, 1.0], error="neither true nor false"))
    if column.categories is not None and not column.open:
        checks.append(pa.Check.isin(column.categories, error="not one of the categories"))
    return pa.Column(checks=checks, nullable=True)


def _missing(largest: float) -> pa.Check:
    return pa.Check(
        lambda values: bool(values.isna().mean() <= largest),
        ignore_na=False,
        error=f"more missing values than the accepted share {largest:g}",
    )


def _lines(failures: pd.DataFrame, schema: Schema) -> list[str]:
    lines = []
    for (name, rule), cases in failures.groupby(["column", "check"], sort=False):
        if cases["index"].isna().all():
            lines.append(f"{name}: {rule}")
        else:
            value, row = cases["failure_case"].iloc[0], int(cases["index"].iloc[0]) + 1
            count = "1 value" if len(cases) == 1 else f"{len(cases)} values"
            known = schema.columns[str(name)].categories or []
            alike = next((word for word in known if folded(word) == folded(str(value))), None)
            example = f"{shown(value)} in row {row}"
            if alike is not None:
                example = f"{spelled(str(value))} in row {row}, and {spelled(alike)} is one"
            lines.append(f"{name}: {count} {rule}, such as {example}")
    return lines

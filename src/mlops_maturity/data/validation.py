"""The second step: hold the table to its schema, with pandera."""

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from mlops_maturity.data import schema as schemas
from mlops_maturity.data.conversion import conform
from mlops_maturity.data.schema import Column, Schema, refuse
from mlops_maturity.project.files import existing, write_json
from mlops_maturity.project.paths import DATA_VALIDATION, SCHEMA, TABLE


def run() -> None:
    """Write that the table fits the schema.

    Raises:
        ProjectError: it does not, and nothing may be learned from it; the text names columns, rules and values.
    """
    DATA_VALIDATION.unlink(missing_ok=True)
    table = existing(TABLE, "make data")
    frame = check(schemas.load(), pd.read_parquet(table))
    write_json(DATA_VALIDATION, {"columns": list(frame), "problems": [], "rows": len(frame)})
    print(f"every value fits {SCHEMA}")


def check(schema: Schema, frame: pd.DataFrame) -> pd.DataFrame:
    """Give the columns the types of the schema, and require that all values are in their domain.

    Raises:
        ProjectError: a column is missing or unexpected, or a value is of another type or outside of its domain.
    """
    frame = conform(schema, frame)
    refuse(problems(schema, frame))
    return frame


def problems(schema: Schema, frame: pd.DataFrame) -> list[str]:
    """What is wrong with the values of a table that `conform` returned, a line for each column and rule."""
    expected = pa.DataFrameSchema({name: _column(column) for name, column in schema.columns.items()}, strict=True)
    try:
        expected.validate(frame, lazy=True)
    except SchemaErrors as error:
        return _lines(error.failure_cases)
    return []


def _column(column: Column) -> pa.Column:
    checks = [_missing(column.missing)]
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


def _lines(failures: pd.DataFrame) -> list[str]:
    lines = []
    for (name, rule), cases in failures.groupby(["column", "check"], sort=False):
        if cases["index"].isna().all():
            lines.append(f"{name}: {rule}")
        else:
            example = cases.iloc[0]
            count = "1 value" if len(cases) == 1 else f"{len(cases)} values"
            lines.append(f"{name}: {count} {rule}, such as {example['failure_case']} in row {example['index']}")
    return lines

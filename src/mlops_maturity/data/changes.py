"""What fits the schema and may yet mean something else than before: another unit, spelling or order of days.

A schema has room, and a person must look. Each is judged on many rows only, where chance does not explain it.
"""

from collections.abc import Iterator

import pandas as pd

from mlops_maturity.data.schema import Column, Schema

# Rows, and different values among them, without which nothing is said.
FEWEST_ROWS, FEWEST_VALUES = 100, 20
# Of the room that the bounds leave, the least that new values usually take up.
LEAST_SPAN = 0.01
EITHER_WAY = ("%d/%m/", "%m/%d/", "%d.%m.", "%m.%d.", "%d-%m-", "%m-%d-")
# From this day of a month on, a date tells its day from its month.
FIRST_CERTAIN_DAY = 13


def changes(schema: Schema, frame: pd.DataFrame, target: str | None = None) -> Iterator[str]:
    """What a person should look at, a line for each column.

    Args:
        schema: of the table.
        frame: the table, which fits it.
        target: the column that is predicted, if the table has it.
    """
    for name, column in schema.columns.items():
        known = frame[name].dropna()
        if name == target and column.categories and (gone := sorted({*column.categories} - {*known.unique()})):
            yield f"{name}: no row has {gone[0]!r}, one of its {len(column.categories)} classes"
        if len(known) >= FEWEST_ROWS and (line := _changed(known, column)):
            yield f"{name}: {line}"


def _changed(known: pd.Series, column: Column) -> str:
    """What is strange about the values of a column; nothing where it is nothing."""
    if column.type == "category" and column.open and not known.isin(column.categories or ()).any():
        return f"none of its values is one of the categories, such as {known.iloc[0]!r}: are they written otherwise?"
    if column.type in ("number", "integer") and column.minimum is not None and column.maximum is not None:
        low, high = float(known.min()), float(known.max())
        if (high - low) < LEAST_SPAN * (column.maximum - column.minimum) and known.nunique() >= FEWEST_VALUES:
            return (
                f"its values, {low:g} to {high:g}, take up less than {LEAST_SPAN:.0%} of what the schema allows, "
                f"{column.minimum:g} to {column.maximum:g}: is it another unit?"
            )
    if (
        column.type == "datetime"
        and (column.format or "").startswith(EITHER_WAY)
        and known.dt.day.max() < FIRST_CERTAIN_DAY
        and known.dt.normalize().nunique() >= FEWEST_VALUES
    ):
        return f"no day is after the 12th: are the dates still written as {column.format}?"
    return ""

"""Bringing a table to the types of its schema."""

import numpy as np
import pandas as pd

from mlops_maturity.data.schema import Column, Schema, refuse


def conform(schema: Schema, frame: pd.DataFrame) -> pd.DataFrame:
    """Give every column its type and put the columns in order.

    Raises:
        ProjectError: a column is missing or unexpected, or has values that are not of its type.
    """
    problems = [f"{name}: the column is missing" for name in schema.columns if name not in frame]
    problems += [f"{name}: the column is not in the schema" for name in frame if name not in schema.columns]
    converted: dict[str, pd.Series] = {}
    for name, column in schema.columns.items():
        if name in frame:
            converted[name] = convert(frame[name], column)
            if lost := _lost(frame[name], converted[name]):
                problems.append(f"{name}: {lost} is not a {column.type}")
    refuse(problems)
    return pd.DataFrame(converted, copy=False)


def convert(values: pd.Series, column: Column) -> pd.Series:
    """The values in the column's own type; what cannot be read in it becomes missing.

    Numbers, integers and booleans become float64 (so that a value may be missing), categories and text become
    strings, dates and times datetime64.
    """
    if column.type == "datetime":
        kept = values if pd.api.types.is_datetime64_any_dtype(values) else values.astype("str")
        times = pd.to_datetime(kept, format=column.format or "ISO8601", errors="coerce", utc=True)
        return times.dt.tz_localize(None).astype("datetime64[us]")
    if column.type in ("number", "integer", "boolean"):
        return _numbers(values)
    return _words(values)


def _numbers(values: pd.Series) -> pd.Series:
    if not pd.api.types.is_numeric_dtype(values):
        values = values.astype("object").replace({"true": 1, "True": 1, "TRUE": 1, "false": 0, "False": 0, "FALSE": 0})
        values = pd.to_numeric(values, errors="coerce")
    numbers = values.astype("float64")
    return numbers.mask(np.isinf(numbers))


def _words(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.rename_categories([str(word).strip() for word in values.cat.categories])
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    return values.astype("str").str.strip().astype("category")


def _lost(before: pd.Series, after: pd.Series) -> str:
    lost = (before.notna() & after.isna()).to_numpy()
    if before.dtype.kind == "f":
        lost = lost & ~np.isinf(before.to_numpy(dtype="float64", na_value=np.nan))
    count = int(lost.sum())
    if not count:
        return ""
    example = before[lost].iloc[0]
    return f"{example!r}" if count == 1 else f"{example!r} (and {count - 1} more)"

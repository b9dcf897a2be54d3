"""A first schema, proposed from the data for people to review."""

import math
import re

import pandas as pd

from mlops_maturity.data.conversion import convert
from mlops_maturity.data.reading import finite
from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.project.errors import ProjectError

DATE_FORMATS = ("%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%b %d %Y", "%d %b %Y", "%m/%d/%Y %H:%M")
IDENTIFIER_NAME = re.compile(r"(^|[\W_])(id|uuid|guid|index|key|rownames?)$|^(unnamed.*|column_1)$", re.IGNORECASE)
# A category with more values than this is open: its rarer values are seen as one.
CLOSED_CATEGORIES = 50
KEPT_CATEGORIES = 254
FREE_TEXT_LENGTH = 40


def infer_schema(frame: pd.DataFrame) -> Schema:
    """Propose what each column must look like. It looks at all rows.

    Raises:
        ProjectError: there are no columns.
    """
    if frame.shape[1] == 0:
        raise ProjectError("the table has no columns that can be used; give one with numbers, words or dates")
    return Schema(columns={str(name): _infer_column(values) for name, values in frame.items()})


def unusable(frame: pd.DataFrame, schema: Schema, target: str) -> dict[str, str]:
    """The columns that are no features, each with the reason."""
    reasons = {name: _why_unusable(name, frame[name], column) for name, column in schema.columns.items()}
    return {name: reason for name, reason in reasons.items() if reason and name != target}


def _infer_column(values: pd.Series) -> Column:
    missing = _accepted_missing(float(values.isna().mean()))
    if pd.api.types.is_bool_dtype(values):
        return Column(type="boolean", missing=missing)
    if pd.api.types.is_datetime64_any_dtype(values):
        return Column(type="datetime", missing=missing)
    if pd.api.types.is_numeric_dtype(values):
        return _infer_number(values)
    if (date_format := _date_format(values)) is not None:
        return Column(type="datetime", format=date_format, missing=missing)
    return _infer_words(values, missing)


def _infer_number(values: pd.Series) -> Column:
    known = finite(values).dropna()
    if known.empty:
        return Column(type="number", missing=1.0)
    whole = bool((known % 1 == 0).all())
    low, high = float(known.min()), float(known.max())
    room = (high - low) / 2
    minimum, maximum = max(low - room, 0.0) if low >= 0 else low - room, high + room
    if whole:
        minimum, maximum = math.floor(minimum), math.ceil(maximum)
    return Column(
        type="integer" if whole else "number",
        minimum=float(f"{minimum:.6g}") if abs(minimum) < 1e6 else minimum,
        maximum=float(f"{maximum:.6g}") if abs(maximum) < 1e6 else maximum,
        missing=_accepted_missing(float(1 - len(known) / len(values))),
    )


def _infer_words(values: pd.Series, missing: float) -> Column:
    words = convert(values, Column(type="category", missing=1.0))
    counts = words.value_counts()
    counts = counts[counts > 0]
    if len(counts) <= CLOSED_CATEGORIES and not _all_differ(counts, len(words)):
        return Column(type="category", categories=sorted(counts.index), missing=missing)
    if _all_differ(counts, len(words)) or counts.index.str.len().to_series().mean() > FREE_TEXT_LENGTH:
        return Column(type="text", missing=missing)
    # Ties in frequency are broken by name, so that the same data give the same schema.
    frequent = sorted(counts.index, key=lambda word: (-counts[word], word))[:KEPT_CATEGORIES]
    return Column(type="category", categories=sorted(frequent), open=True, missing=missing)


def _all_differ(counts: pd.Series, rows: int) -> bool:
    return len(counts) > 20 and len(counts) > 0.9 * rows


def _accepted_missing(share: float) -> float:
    """Room above what was seen: a column without gaps may have none; one with gaps may have half as many again."""
    return 0.0 if share == 0 else min(1.0, math.ceil(share * 150 + 1) / 100)


def _date_format(values: pd.Series) -> str | None:
    known = values.dropna()
    sample = known.iloc[:: max(1, len(known) // 200)].astype("str")
    if sample.empty or not sample.str.contains(r"\d").all():
        return None
    for date_format in ("ISO8601", *DATE_FORMATS):
        if pd.to_datetime(sample, format=date_format, errors="coerce", utc=True).notna().all():
            column = Column(type="datetime", format=date_format, missing=1.0)
            if convert(known, column).notna().all():
                return date_format
    return None


def _why_unusable(name: str, values: pd.Series, column: Column) -> str | None:
    known = values.dropna()
    if known.empty:
        return "every value is missing"
    if column.type == "text":
        return "free text, or a value of its own in almost every row"
    different = known.nunique()
    if different == 1:
        return "one value only"
    if different == len(values) and column.type == "integer":
        if IDENTIFIER_NAME.search(name):
            return "an identifier: a value of its own in every row"
        if known.iloc[0] in (0, 1) and (known.diff().dropna() == 1).all():
            return "it counts the rows"
    return None

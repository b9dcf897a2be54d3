"""Bringing a table to the types of its schema, cell by cell as `cells` says, a column at a time."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mlops_maturity.data import cells
from mlops_maturity.data.cells import Reading
from mlops_maturity.data.schema import Column, Schema, refuse

NO_TIME = np.datetime64("NaT", "us")


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
            converted[name] = convert(frame[name], column, schema.reading)
            if unread := lost(frame[name], converted[name], schema.reading, column.unit):
                article = "an" if column.type == "integer" else "a"
                problems.append(f"{name}: {unread} is not {article} {column.type}")
    refuse(problems)
    return pd.DataFrame(converted, copy=False)


def lost(before: pd.Series, after: pd.Series, reading: Reading, unit: str | None) -> str:
    """The first value that could not be read, and where it is; nothing where all could."""
    unread = (before.notna() & after.isna()).to_numpy(copy=True)
    if not unread.any():
        return ""
    if is_text(before):
        said = before[unread].astype("str").str.strip()
        nothing = said.isin(reading.missing) | said.str.fullmatch(r"[+-]?(?i:inf|infinity|nan)")
        # What float64 cannot hold is infinite, too.
        nothing |= np.isinf(numbers_of(arrow_of(said), reading, unit))
        unread[np.flatnonzero(unread)] = ~nothing.to_numpy(bool)
    elif before.dtype.kind == "f":
        unread &= ~np.isinf(before.to_numpy(dtype="float64", na_value=np.nan))
    count = int(unread.sum())
    if not count:
        return ""
    example, row = before[unread].iloc[0], before.index[unread][0]
    where = f" in row {row + 1:,}" if isinstance(row, (int, np.integer)) else ""
    named = f"{cells.shown(example)}{where}"
    return named if count == 1 else f"{named} (and {count - 1} more)"


def convert(values: pd.Series, column: Column, reading: Reading = Reading()) -> pd.Series:  # noqa: B008 - it is frozen
    """The values in the column's own type; what cannot be read in it becomes missing.

    Numbers, integers and booleans become float64 (so that a value may be missing), categories and text become words,
    dates and times datetime64 in UTC.
    """
    values = truths(values)
    if column.type not in ("category", "text"):
        values = _without_missing(values, reading)
    if column.type == "datetime":
        return _times(values, column.format)
    if column.type in ("number", "integer"):
        return _numbers(values, lambda text: numbers_of(text, reading, column.unit))
    if column.type == "boolean":
        return _numbers(values, _truth_of)
    return _words(values, reading)


def _without_missing(values: pd.Series, reading: Reading) -> pd.Series:
    """Cells without those that say that there is no value though they could be one, such as -999 and 9999-12-31."""
    words = [word for word in reading.missing if any(sign.isdigit() for sign in word)]
    if not words or not is_text(values):
        return values
    return values.where(~values.astype("str").str.strip().isin(words))


def replaced(frame: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """The table with other values in some columns. `DataFrame.assign` takes no column named self."""
    found = dict(frame.items()) | dict(columns)
    return pd.DataFrame(found, index=frame.index, columns=list(found), copy=False)


def truths(values: pd.Series) -> pd.Series:
    """A column of truth values as one, with or without gaps: pandas makes objects of those with gaps."""
    is_one = values.dtype == "object" and pd.api.types.infer_dtype(values, skipna=True) == "boolean"
    return values.astype("boolean") if is_one else values


def is_text(values: pd.Series) -> bool:
    """Whether a column holds cells of text."""
    kind = values.cat.categories.dtype if isinstance(values.dtype, pd.CategoricalDtype) else values.dtype
    return bool(pd.api.types.is_string_dtype(kind) or pd.api.types.is_object_dtype(kind))


def numbers_of(text: pa.Array, reading: Reading, unit: str | None = None) -> np.ndarray:
    """The numbers that cells stand for, float64 (cells,); NaN for what is none."""
    text = bare_cells(text, unit)
    pattern = cells.number_pattern(reading.decimal, reading.thousands)
    text = pc.if_else(pc.match_substring_regex(text, pattern), text, None)
    if reading.thousands:
        text = pc.replace_substring(text, reading.thousands, "")
    if reading.decimal != ".":
        text = pc.replace_substring(text, reading.decimal, ".")
    text = pc.utf8_ltrim(text, "+")
    return _of_arrow(text.cast(pa.float64()))


def bare_cells(text: pa.Array, unit: str | None = None) -> pa.Array:
    """Numbers as `cells.bare` leaves them, a column at a time."""
    text = pc.utf8_trim_whitespace(text)
    # Most columns have none of these signs, and to look for them takes less time than to replace them.
    for written, read in cells.SIGNS.items() if not _all(pc.string_is_ascii(text)) else ():
        text = pc.replace_substring(text, written, read)
    if _any(pc.match_substring(text, "(")) or _any(pc.ends_with(text, "-")):
        text = pc.replace_substring_regex(text, cells.ACCOUNTS, r"-\1\2")
    if _any(pc.match_substring(text, " ")):
        text = pc.replace_substring_regex(text, cells.PADDED, r"\1")
    if unit:
        before, after = cells.unit_patterns(unit)
        text = pc.replace_substring_regex(pc.replace_substring_regex(text, before, r"\1"), after, "")
    return text


def times_of(text: pd.Series, written: str | None) -> pd.Series:
    """The dates and times that cells stand for, datetime64[us] in UTC; NaT for what is none."""
    trimmed = text.str.strip()
    iso = trimmed.str.fullmatch(cells.ISO).fillna(False).to_numpy(bool)
    found = pd.Series(NO_TIME, index=text.index, dtype="datetime64[us]")
    if iso.any():
        found[iso] = _parsed(trimmed[iso].map(cells.canonical_time), "ISO8601")
    if written and written != "ISO8601" and not iso.all():
        found[~iso] = _parsed(trimmed[~iso].str.replace(cells.FINER, r"\1", regex=True), written)
    return found


def _parsed(text: pd.Series, written: str) -> pd.Series:
    return pd.to_datetime(text, format=written, errors="coerce", utc=True).dt.tz_localize(None).astype("datetime64[us]")


def _times(values: pd.Series, written: str | None) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(values):
        if getattr(values.dt, "tz", None) is not None:
            values = values.dt.tz_convert("UTC").dt.tz_localize(None)
        return values.astype("datetime64[us]")
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, known = values.cat.codes.to_numpy(), values.cat.categories
    else:
        codes, known = pd.factorize(values)  # days repeat, and each takes a while
    found = np.append(times_of(pd.Series(known).astype("str"), written).to_numpy(), NO_TIME)[codes]
    return pd.Series(found, index=values.index, name=values.name)


def _numbers(values: pd.Series, read: Callable[[pa.Array], np.ndarray]) -> pd.Series:
    if not is_text(values):
        numbers = values.astype("float64")
        return numbers.mask(np.isinf(numbers))
    if isinstance(values.dtype, pd.CategoricalDtype):
        known = read(arrow_of(pd.Series(values.cat.categories)))
        found = np.append(known, np.nan)[values.cat.codes.to_numpy()]
    else:
        found = read(arrow_of(values))
    return pd.Series(np.where(np.isinf(found), np.nan, found), index=values.index, name=values.name)


def _truth_of(text: pa.Array) -> np.ndarray:
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(text))
    kinds = list(cells.TRUTH)
    position = pc.index_in(lower, pa.array(kinds, lower.type)).to_numpy(zero_copy_only=False)
    truth = np.array([*cells.TRUTH.values(), np.nan])
    found: np.ndarray = truth[np.where(np.isnan(position.astype("float64")), len(kinds), position).astype(int)]
    return found


def _words(values: pd.Series, reading: Reading) -> pd.Series:
    if isinstance(values.dtype, pd.CategoricalDtype):
        said = [cells.word(str(word), reading) for word in values.cat.categories]
        words = sorted({word for word in said if word is not None})
        position = {word: code for code, word in enumerate(words)}
        codes = np.array([*(-1 if word is None else position[word] for word in said), -1])[values.cat.codes.to_numpy()]
        found = pd.Categorical.from_codes(codes, pd.Index(words, dtype="str"))
        return pd.Series(found, index=values.index, name=values.name)
    if not is_text(values):
        if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
            values = values.astype("Int64")
        return values.astype("str").str.strip().astype("category")
    stripped = values.where(values.notna(), None).astype("str").str.strip().astype("category")
    gone = stripped.cat.categories.intersection(list(reading.missing))
    kept: pd.Series = stripped.cat.remove_categories(gone)
    return kept


def arrow_of(values: pd.Series) -> pa.Array:
    """Cells of text for Arrow, None where there is none."""
    if isinstance(values.dtype, pd.StringDtype) and values.dtype.storage == "pyarrow":
        found = pa.array(values.array)
        return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    return pa.array(values.astype("object").where(values.notna(), None), pa.large_string(), from_pandas=True)


def _all(truths: pa.Array) -> bool:
    return pc.all(truths, min_count=0).as_py() is not False


def _any(truths: pa.Array) -> bool:
    return pc.any(truths, min_count=0).as_py() is True


def _of_arrow(numbers: pa.Array) -> np.ndarray:
    found: np.ndarray = numbers.to_numpy(zero_copy_only=False).astype("float64")
    return found

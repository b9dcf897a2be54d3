"""A first schema, proposed from the data for people to review: what every cell means, settled once."""

import math
import re
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from mlops_maturity.data import cells
from mlops_maturity.data.cells import Reading
from mlops_maturity.data.codes import named_as_codes, written_as_codes
from mlops_maturity.data.conversion import arrow_of, bare_cells, convert, is_text, numbers_of, truths
from mlops_maturity.data.dates import counted, format_of, without_marks
from mlops_maturity.data.dialect import MISSING
from mlops_maturity.data.inferred import Inferred, accepted, accepted_share, infer_number
from mlops_maturity.data.lookalikes import lookalikes
from mlops_maturity.data.marks import MOST, are_numbers, infer_reading
from mlops_maturity.data.placeholders import noted
from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.data.stray_rows import perhaps_no_header, swallowed
from mlops_maturity.data.units import Unit, unit_of
from mlops_maturity.project.errors import ProjectError

IDENTIFIER_NAME = re.compile(
    r"(^|[\W_])(?i:id|uuid|guid|index|key|rownames?)$|[a-z](ID|Id)$|^(?i:unnamed.*|column_1)$"
    r"|(?i:account|case|client|customer|employee|member|order|passenger|patient|person|product|user)(?i:id|_?n[or])$"
)
LEADING_ZERO = re.compile(r"[+-]?0\d+")
# A category with more values than this is open: its rarer values are seen as one.
CLOSED_CATEGORIES = 50
KEPT_CATEGORIES = 254
FREE_TEXT_LENGTH, LONGEST_CATEGORY = 40, 200
# Digits that float64 holds; a whole number of more is a name.
MOST_DIGITS = 15
EXAMPLES = 3
# Words that are looked at, to say what all of them look like.
SAMPLE = 1_000
# Of the rows, that have a value of their own, to say so of a column.
ALMOST = 0.9
WORDS = Column(type="category", missing=1.0)


def infer_schema(frame: pd.DataFrame, delimiter: str = "") -> Schema:
    """Propose what each column must look like, from all of its cells.

    Args:
        frame: typed columns, or the cells of a text file.
        delimiter: of that file: who writes `;` between cells usually writes `,` in numbers. Empty for typed columns,
            whose words are words, whatever they look like.

    Raises:
        ProjectError: there are no columns.
    """
    if frame.shape[1] == 0:
        raise ProjectError("the table has no columns that can be used; give one with numbers, words or dates")
    texts = {str(name): _known(values) for name, values in frame.items() if delimiter and is_text(values)}
    units = {name: unit_of(known) for name, known in texts.items()}
    reading, notes = infer_reading({name: _bare(known, units[name]) for name, known in texts.items()}, delimiter)
    found = {
        str(name): _infer_cells(values, texts[str(name)], reading, units[str(name)], as_text=True)
        if str(name) in texts
        else _infer_column(values)
        for name, values in frame.items()
    }
    notes += [f"{name}: {note}" for name, each in found.items() for note in each.notes]
    columns = {name: each.column for name, each in found.items()}
    if delimiter:
        notes += [*perhaps_no_header(map(str, frame)), *swallowed(frame, delimiter)]
    return Schema(columns=columns, reading=reading, notes=tuple(notes))


def unusable(frame: pd.DataFrame, schema: Schema, target: str) -> dict[str, str]:
    """The columns that are no features, each with the reason."""
    reasons = {name: _why_unusable(name, frame[name], column) for name, column in schema.columns.items()}
    return {name: reason for name, reason in reasons.items() if reason and name != target}


def _bare(known: pd.Series, unit: Unit) -> pd.Series:
    """Values without the unit beside their numbers."""
    return pd.Series(bare_cells(arrow_of(known), unit.name).to_pandas(), index=known.index, dtype="str")


def _known(values: pd.Series) -> pd.Series:
    """The different values of a column of cells, without blanks around them and without what is missing."""
    unique = pd.Series(_said(values).unique(), dtype="str")
    return unique[~unique.isin(MISSING)].reset_index(drop=True)


def _said(values: pd.Series) -> pd.Series:
    return values.dropna().astype("str").str.strip()


def _infer_column(values: pd.Series) -> Inferred:
    """The entry of a typed column."""
    values = truths(values)
    if pd.api.types.is_bool_dtype(values):
        return Inferred(Column(type="boolean", missing=accepted(values)))
    if pd.api.types.is_datetime64_any_dtype(values):
        return Inferred(Column(type="datetime", missing=accepted(values)), [*noted(values)])
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.astype("float64")
        found = infer_number(numbers)
        found.notes.extend([*_infinite(int(np.isinf(numbers).sum())), *counted(numbers), *noted(numbers)])
        if found.column.type == "integer":
            found.notes.extend(named_as_codes(str(values.name), numbers))
        return found
    return _infer_cells(values, _known(values), Reading(), Unit(), as_text=False)


def _infer_cells(values: pd.Series, known: pd.Series, reading: Reading, unit: Unit, *, as_text: bool) -> Inferred:
    if known.empty:
        return Inferred(Column(type="number", missing=1.0))
    said = _said(values)
    missing = accepted_share((len(values) - len(said) + int(said.isin(MISSING).sum())) / len(values))
    if as_text and known.str.lower().isin(cells.TRUTH_WORDS).all():
        return Inferred(Column(type="boolean", missing=missing))
    numeric = are_numbers(_bare(known, unit), reading) & as_text
    if numeric.all():
        return _infer_numeric_cells(values, known, missing, reading, unit)
    written, notes = format_of(known)
    if written is not None:
        column = Column(type="datetime", format=written, missing=missing)
        return Inferred(column, [*notes, *noted(convert(values, column, reading), _spelling(known, column, reading))])
    words = convert(values, WORDS, reading)
    counts = _counts(words)
    share = counts[counts.index.isin(known[numeric])].sum() / counts.sum()
    if share >= MOST:
        strays = counts[~counts.index.isin(known[numeric])]
        named = ", ".join(f"{cells.shown(word)} ({count:,} rows)" for word, count in strays.head(EXAMPLES).items())
        more = f" and {len(strays) - EXAMPLES} more" if len(strays) > EXAMPLES else ""
        beside, write = (f" with {unit.name!r}", f" and `unit: {unit.name!r}`") if unit.name else ("", "")
        most = accepted_share(float(words.isna().sum() + strays.sum()) / len(words))
        notes.append(
            f"{math.floor(100 * share)} % of the values are numbers{beside}, the others are {named}{more}; if these "
            f"mean that a value is missing, add them to reading.missing, and write `type: number`{write} and "
            f"`missing: {most:g}` in the column's entry, in place of its categories"
        )
    elif unit.note:
        notes.append(unit.note)
    elif not as_text and are_numbers(known, Reading()).all():
        notes.append("all values are numbers, stored as words; if they are amounts, write `type: number` in its entry")
    some = pd.Series(counts.index[: SAMPLE if as_text and not notes else 0], dtype="str")
    notes += lookalikes(counts, _bare(some, unit) if unit.name else some)
    gone = _named_as_missing(values, reading) if _are_codes(counts.index) else []
    notes += [
        f"{word!r} ({count:,} rows) is read as a missing value; if it is a value, take it out of reading.missing"
        for word, count in gone
    ]
    return Inferred(_words_column(counts, len(words), missing), notes)


def _infer_numeric_cells(values: pd.Series, known: pd.Series, missing: float, reading: Reading, unit: Unit) -> Inferred:
    bare = _bare(known, unit)
    why = ""
    if (zeros := bare.str.fullmatch(LEADING_ZERO)).any():
        why = f"{known[zeros].iloc[0]!r} has a leading zero"
    if not why and (long := bare.str.fullmatch(rf"[+-]?\d{{{MOST_DIGITS + 1},}}")).any():
        why = f"{known[long].iloc[0]!r} has more digits than a number can hold exactly"
    if why:
        counts = _counts(convert(values, WORDS, reading))
        return Inferred(_words_column(counts, len(values), missing), [f"{why}: the values are names, not numbers"])
    as_number = Column(type="number", unit=unit.name, missing=1.0)
    numbers = convert(values, as_number, reading)
    found = infer_number(numbers)
    notes = [unit.note] if unit.note else []
    if (accounts := known.str.startswith("(") | known.str.endswith("-")).any():
        example = known[accounts].iloc[0]
        notes.append(f"{example!r} is read as {cells.number(example, reading, unit.name):g}")
    if numbers.isna().any() and (infinite := np.isinf(numbers_of(arrow_of(bare), reading))).any():
        notes += _infinite(int(_said(values).isin(known[infinite]).sum()))
    notes += [*without_marks(bare), *counted(numbers), *noted(numbers, _spelling(known, as_number, reading))]
    whole = found.column.type == "integer"
    notes += [*written_as_codes(bare, whole=whole), *(named_as_codes(str(values.name), numbers) if whole else ())]
    return Inferred(found.column.model_copy(update={"unit": unit.name}), [*found.notes, *notes])


def _counts(words: pd.Series) -> pd.Series:
    """How many rows have each word."""
    counts: pd.Series = words.value_counts()
    return counts[counts > 0]


def _spelling(known: pd.Series, column: Column, reading: Reading) -> Callable[[object], str]:
    """How a value is written in the cells of a column."""
    return lambda value: str(known[convert(known, column, reading) == value].iloc[0])


def _infinite(count: int) -> list[str]:
    return [f"infinite numbers are read as missing values: {count:,}"] if count else []


def _words_column(counts: pd.Series, rows: int, missing: float) -> Column:
    differ, lines = _all_differ(counts, rows), _over_lines(counts.index)
    lengths = counts.index.str.len().to_series()
    if len(counts) <= CLOSED_CATEGORIES and not (differ or lines) and lengths.max() <= LONGEST_CATEGORY:
        return Column(type="category", categories=sorted(counts.index), missing=missing)
    if differ or lines or lengths.mean() > FREE_TEXT_LENGTH or lengths.max() > LONGEST_CATEGORY:
        return Column(type="text", missing=missing)
    # Ties in frequency are broken by name, so that the same data give the same schema.
    frequent = sorted(counts.index, key=lambda word: (-counts[word], word))[:KEPT_CATEGORIES]
    return Column(type="category", categories=sorted(frequent), open=True, missing=missing)


def _over_lines(words: Iterable[str]) -> bool:
    """Texts of several lines are no values to list."""
    return any("\n" in word for word in words)


def _are_codes(words: pd.Index) -> bool:
    """Whether the values are short codes in capital letters, of which NA may be one."""
    return len(words) > 1 and bool(words.str.fullmatch(r"[A-Z]{2,3}").all())


def _named_as_missing(values: pd.Series, reading: Reading) -> list[tuple[str, int]]:
    said = values.dropna().astype("str").str.strip()
    counts = said[said.isin(reading.missing) & said.str.fullmatch(r"[A-Z]{2,3}")].value_counts()
    return [(str(word), int(count)) for word, count in counts.items()]


def _all_differ(counts: pd.Series, rows: int) -> bool:
    return len(counts) > 20 and len(counts) > ALMOST * rows


def _why_unusable(name: str, values: pd.Series, column: Column) -> str | None:
    known = values.dropna()
    if known.empty:
        return "every value is missing"
    if column.type == "text":
        return "another value in almost every row" if _all_differ(known.value_counts(), len(values)) else "free text"
    different = known.nunique()
    is_named = IDENTIFIER_NAME.search(name) and column.type == "integer"
    if different == 1 and not (column.type == "category" and len(known) < len(values)):
        # A mark such as the X of SAP, or none, says yes or no.
        return "one value only"
    if is_named and different > ALMOST * len(values):
        return f"an identifier: a value of its own in {'every' if different == len(values) else 'almost every'} row"
    if different == len(values) and column.type == "integer" and known.iloc[0] in (0, 1):
        return "it counts the rows" if (known.diff().dropna() == 1).all() else None
    return None

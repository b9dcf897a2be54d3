"""Rows of a table that are no records: a second header, totals, and one that a quotation mark may have swallowed."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from mlops_maturity.data.cells import shown
from mlops_maturity.data.conversion import arrow_of, numbers_of
from mlops_maturity.data.dates import format_of
from mlops_maturity.data.schema import Schema
from mlops_maturity.data.tables import line_of
from mlops_maturity.project.errors import ProjectError

TOTALS = (
    r"(?i)((grand |sub)?totals?|sum|summe|gesamt(summe|ergebnis)?|total g[eé]n[eé]ral|totales?|totale( complessivo)?|"
    r"suma|(eind)?totaal):?"
)
# Of a column, to call its last value the sum of the others.
FEWEST_ADDED = 3
NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?")
# Cells that are looked at first.
SAMPLE = 20
# Rows of words below the names, as survey tools write them.
MOST_HEADERS = 3


def refuse_totals(last: pd.Series, frame: pd.DataFrame) -> None:
    """Refuse a last row that adds up the others: a model would learn from it as from a record.

    Args:
        last: the cells of the last row.
        frame: the table, each column in its type.

    Raises:
        ProjectError: two columns end with their sum, or one does beside a word such as Total.
    """
    named = bool(last.dropna().astype("str").str.strip().str.fullmatch(TOTALS).any())
    added = [name for name, values in frame.items() if _ends_with_its_sum(values)]
    if len(added) + named >= 2 and added:
        raise ProjectError(
            f"row {len(frame):,}, the last one, holds the sums of the others ({', '.join(map(str, added[:3]))}); "
            "take it out"
        )


def refuse_second_header(path: Path, cells: pd.DataFrame, schema: Schema) -> None:
    """Refuse a first row of words that none of the others is like: units, say, or the questions of a survey.

    Args:
        path: of the file.
        cells: of it, as text.
        schema: of the table.

    Raises:
        ProjectError: several columns have a word in the first row, and a number or a date in each other one; or one
            does, or none, and the words of the other columns are in this row alone.
    """
    first = cells.iloc[0].fillna("").astype("str").str.strip()
    said = first[~first.isin(schema.reading.missing)]
    words = [str(name) for name in said.index if re.search(r"[^\W\d]", said[name]) and _are_words(schema, str(name))]
    values = [name for name in words if _are_values(cells[name].iloc[MOST_HEADERS:], schema)]
    found = values if len(values) > 1 else []
    if not found and len(words) == len(said):
        alone = [name for name in words if name not in values and _stands_alone(cells[name])]
        if len(values) + len(alone) > 1 and (values or len(alone) == len(said)):
            found = values + alone
    if found:
        named = ", ".join(f"{shown(said[name])} in {name}" for name in found[:3])
        raise ProjectError(
            f"{path}, line {line_of(path, 0)}: {named}, and nothing like it in the other rows: a second header? Take "
            "the line out; if the words say that a value is missing, leave the cells empty"
        )


def _are_words(schema: Schema, name: str) -> bool:
    return schema.columns[name].type in ("category", "text")


def _stands_alone(values: pd.Series) -> bool:
    """Whether the first value is in no other row, and each other value in several."""
    counts = values.str.strip().value_counts()
    return bool(len(counts) > 2 and counts[values.iloc[0].strip()] == 1 and (counts == 1).sum() == 1)


def perhaps_no_header(names: Iterable[str]) -> Iterator[str]:
    """That the first line is perhaps a record: most names of the columns are numbers.

    Args:
        names: of the columns, as the first line has them.
    """
    known = list(names)
    numbers = [name for name in known if NUMBER.fullmatch(name)]
    if len(numbers) > len(known) / 2 and any(not name.isdecimal() for name in numbers):
        yield (
            f"most names of the columns are numbers, such as {numbers[0]!r}: if the first line of the file is no "
            "header, put one above it"
        )


def _are_values(values: pd.Series, schema: Schema) -> bool:
    """Whether all cells are numbers or dates, but for those without a value. Most columns of words show at once not."""
    for some in (values.head(SAMPLE), values):
        known = some[~some.astype("str").str.strip().isin(schema.reading.missing)]
        if known.empty:
            return False
        if (
            np.isnan(numbers_of(arrow_of(known), schema.reading)).any()
            and format_of(known.drop_duplicates())[0] is None
        ):
            return False
    return True


def swallowed(frame: pd.DataFrame, delimiter: str) -> Iterator[str]:
    """What looks like two rows in one: a cell with a line break and as many delimiters as a row has.

    Args:
        frame: the cells of a text file.
        delimiter: of the file.
    """
    for name, values in frame.items():
        broken = values[values.str.contains("\n", regex=False).fillna(False).astype(bool)]
        whole = broken[broken.str.count(f"[{delimiter}]") == broken.str.count("\n") * (frame.shape[1] - 1)]
        # In a text of several lines, a single mark proves nothing.
        if len(whole) and frame.shape[1] > 2:
            yield (
                f"{name}: row {int(str(whole.index[0])) + 1:,} holds a line break and the cells of a whole row: if a "
                "quotation mark swallowed a row there, double it, or take it out"
            )


def _ends_with_its_sum(values: pd.Series) -> bool:
    """Whether the last number is the sum of at least a few others."""
    if not pd.api.types.is_float_dtype(values) or not np.isfinite(last := values.iloc[-1]) or last == 0:
        return False
    others = values.iloc[:-1]
    with np.errstate(over="ignore", invalid="ignore"):
        total = others.sum()
    return bool((others.fillna(0) != 0).sum() >= FEWEST_ADDED and np.isclose(total, last, rtol=1e-6, atol=0))

"""What stands beside the numbers of a column and is no part of them: `%`, a currency sign, a unit."""

import re
from dataclasses import dataclass

import pandas as pd

from mlops_maturity.data.conversion import arrow_of, bare_cells

CURRENCIES = (
    "AED|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|KRW|MXN|NOK|NZD|PLN|RON|RUB|SAR|SEK|SGD|THB|TRY|"
    "TWD|UAH|USD|VND|ZAR"
)
SIGN = rf"(?:[A-Z]{{0,3}}[$€£¥₹₽₩₪₫₴₺₦₱฿¢]|[%‰°][CF]?|{CURRENCIES})"
NUMERAL = r"(?:\d[\d.,' ]*|[.,]\d+)(?:[eE][+-]?\d+)?"
WORD = r"[^\W\d_][^\s\d()]{0,11}"
# A sign on either side, or a word after a blank, is a unit. Letters that touch the number, and words before it, are
# perhaps a part of a name: 12B, Rs 500.
CELL = re.compile(
    rf"\(?[+-]?\s*(?P<before>{SIGN})?\s*[+-]?{NUMERAL}(?:\s*(?P<after>{SIGN})|(?<![.,])\s+(?P<word>{WORD}))?\)?"
)
PLAIN = rf"[+-]?{NUMERAL}"
PERHAPS = re.compile(rf"(?P<before>[A-Za-z]{{1,4}}\.?\s+)?[+-]?{NUMERAL}(?P<after>{WORD})?")
EXAMPLES = 3
# Values that are looked at before a column is called words; and the share of them that must be numbers with units.
SAMPLE, MOST = 1_000, 0.5


@dataclass(frozen=True)
class Unit:
    """What stands beside the numbers of a column.

    Attributes:
        name: of it; None where there is none, or none that the column is to be read by.
        note: what people should know of it, or nothing.
    """

    name: str | None = None
    note: str = ""


def unit_of(known: pd.Series) -> Unit:
    """The unit of a column, which must be the same one in all cells that have any.

    Args:
        known: the different values of its cells.
    """
    bare = bare_cells(arrow_of(known)).to_pandas().astype("str").set_axis(known.index)
    beside = ~bare.str.fullmatch(PLAIN)
    some = bare[beside].head(SAMPLE)
    if some.empty or (_named(some, CELL).isna().mean() > MOST and _named(some, PERHAPS).isna().any()):
        return Unit()
    found = pd.Series("", index=known.index, dtype="object")
    found[beside] = _named(bare[beside], CELL)
    names = found[found != ""].value_counts()
    if len(names) > 1:
        said = ", ".join(map(repr, names.index[:EXAMPLES]))
        # Several units of a few kinds are numbers that cannot be compared; more of them, or one for each number, are
        # no units.
        is_mixed = found.notna().all() and len(names) <= EXAMPLES and len(known) > len(names)
        return Unit(note=f"the values are numbers in several units ({said}): give all of them one" if is_mixed else "")
    if len(names):
        lone = found[found == ""]
        example = repr(known[lone.index[0]]) if len(lone) else ""
        return Unit(names.index[0], f"{example} is read like the values with {names.index[0]!r}" if len(lone) else "")
    found = _named(bare, PERHAPS)
    if found.nunique() == 1 and found.notna().all() and (name := found.iloc[0]):
        return Unit(
            note=f"all values are numbers with {name!r}; if they are to be read as such, write `type: number` and "
            f"`unit: {name}` in the column's entry"
        )
    return Unit()


def _named(bare: pd.Series, pattern: re.Pattern[str]) -> pd.Series:
    """The unit of each cell: empty where there is none, missing where it is no number with at most one."""

    def name(text: str) -> str | None:
        match = pattern.fullmatch(text)
        beside = [part.strip() for part in match.groups() if part] if match else ["", ""]
        return (beside or [""])[0] if len(beside) < 2 else None

    return pd.Series([name(text) for text in bare], index=bare.index, dtype="object")

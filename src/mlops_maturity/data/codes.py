"""Numbers that are perhaps codes: by the name of their column, by an exponent, by a zero that a number does not need.

They are read as numbers. A model then sees amounts, and 1.10 is 1.1: only a person knows.
"""

import re
from collections.abc import Iterator

import pandas as pd

NAME = re.compile(
    r"(?:^|[\W_])(?i:zip|plz|postleitzahl|cap|cep|sku|ean|gtin|upc|isbn|phone|tel|telefon|mobile|fax|fips|naics|sic|cpt|"
    r"(?:zip|post|postal|pin|hs|country|area)?[_ ]?code)$|[a-z]Code$"
)
EXPONENT = r"\d[eE]\+?\d"
FEWEST_VALUES = 3
# A column of versions or sections has no more different values.
MOST_VERSIONS = 1_000


def named_as_codes(name: str, numbers: pd.Series) -> Iterator[str]:
    """That whole numbers are codes by the name of their column.

    Args:
        name: of the column.
        numbers: of it, all of them whole.
    """
    if NAME.search(name) and numbers.nunique() >= FEWEST_VALUES:
        yield (
            "whole numbers in a column whose name says that they are codes, and a model sees amounts: if they are "
            "codes, make words of them in load() of data.py, by .astype('Int64').astype('str'), and delete the schema"
        )


def written_as_codes(cells: pd.Series, *, whole: bool) -> Iterator[str]:
    """That numbers are written as no program writes an amount.

    Args:
        cells: the different ones of a column, all of them numbers.
        whole: whether all of the numbers are.
    """
    if whole and (powers := cells.str.contains(EXPONENT, regex=True)).any():
        example = cells[powers].iloc[0]
        yield (
            f"{example!r} is read as a power of ten: if it is a code, or a number that a spreadsheet has shortened, "
            "export the column as text"
        )
    if whole or len(cells) > MOST_VERSIONS:
        return
    decimals = cells.str.extract(r"^\d+[.,](\d+)$", expand=False).dropna()
    zeros = decimals[decimals.str.fullmatch(r"\d+0")]
    if len(zeros) and len(shorter := decimals[decimals.str.len() < zeros.str.len().max()]):
        yield (
            f"{cells[zeros.index[0]]!r} ends with a zero, and {cells[shorter.index[0]]!r} has fewer digits: if they "
            "are versions or numbers of sections, write `type: category` and their list as `categories` in its entry"
        )

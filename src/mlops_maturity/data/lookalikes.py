"""Words that are perhaps more than words: times of a day, ranges, several numbers in a cell, one word in two spellings.

They are kept as they are. A model sees no order in words, so a person should know of them.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

import pandas as pd

from mlops_maturity.data.cells import shown

NUMBER = r"[+-]?(?:\d+(?:[.,]\d+)?|\.\d+)"
MONTH = (
    r"(?:jan(?:uary?|v|vier)?|feb(?:ruary?)?|févr?(?:ier)?|mar(?:ch|s)?|märz?|mrz|a[pv]r(?:il)?|ma[iy]|jun[ei]?|juin|"
    r"jul[iy]?|juil(?:let)?|aug(?:ust)?|août|sept?(?:ember|embre)?|o[ck]t(?:ober|obre)?|nov(?:ember|embre)?|"
    r"d[eé][cz](?:ember|embre)?)"
)
# What all values of a column look like: the first that fits is reported.
KINDS = {
    "dates or times in a form that is not read": (
        r"\d{4}-?W\d\d(?:-?\d)?|\d{4}[ /-]?Q[1-4]|Q[1-4][ /-]?\d{4}|\d{4}(?:\d{4}|-\d\d-\d\d)T\d{4,6}.*"
        rf"|(?:[^\W\d]{{2,9}}\.?,? )?(?:\d{{1,2}}\.?[ -])?{MONTH}\.?[ /-]'?(?:\d{{1,2}},? )?\d{{2,4}}\b.*"
        r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)? [A-Za-z]\S*"
        # A day, a word and a year, whatever the language; as a log of a web server has them, too.
        r"|\[?\d{1,2}\.?[ /-]?(?:d[ei] )?[^\W\d]{3,}\.?[ /-]?(?:de )?(?:19|20)\d\d(?: \u0433\.?)?(?:[: ]\d.*)?"
        r"|(?:19|20)\d\d[mMhH]\d{1,2}"
    ),
    "times of a day, or durations": (
        r"\d{1,4}:[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?|P(?:\d+[YMWD])*(?:T(?:\d+[HMS])+)?"
        r"|(?:\d+ ?(?:d|days?|h|hrs?|hours?|m|min|mins|minutes?|s|secs?|seconds?)\.?,? ?){1,4}"
    ),
    "ranges of numbers": rf"[<>≤≥]=?\s*{NUMBER}|{NUMBER}\s*(?:[-\u2013\u2014]|to|bis|à)\s*{NUMBER}|{NUMBER}\s*\+",
    "several numbers in a cell": rf"[(\[]?{NUMBER}(?:\s*[/:;x\u00d7±,]\s*{NUMBER})+[)\]]?",
    "numbers that a letter shortens": rf"[$€£]?{NUMBER}\s?(?:[kKmMbB]n?|Mio\.?|Mrd\.?)",
    "numbers with marks that are not read": r"[+-]?\d{1,3}(?:[_\u066c\u00b7]\d{3})+(?:[.,\u066b]\d+)?",
    "numbers behind a sign": rf"[~≈±<>≤≥]\s*{NUMBER}",
    "spreadsheet formulas, or numbers kept as words by a mark": rf"=.+|'{NUMBER}'?",
    "hexadecimal numbers": r"0x[0-9a-fA-F]+",
    "degrees and minutes": rf"[NSEW]?\s*{NUMBER}\s*°\s*(?:{NUMBER}\s*\W\s*)?(?:{NUMBER}\s*\W+\s*)?[NSEWO]?",
    "amounts without cents": r".*\d[.,](?:-{1,2}|[\u2013\u2014])",
}
GROUPED = r"\d{1,3}(?P<mark>[.,' ])\d{3}(?:(?P=mark)\d{3})*(?:(?!(?P=mark))[.,]\d+)?"
PLAIN = re.compile(rf"{NUMBER}(?:[eE][+-]?\d+)?|[+-]?{GROUPED}")
# What UTF-8 becomes in Windows-1252, and the sign that stands for what could not be read.
DAMAGED = re.compile("[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac|\ufffd")
# The name of a row that adds up others; and the largest share of the rows that have one such name.
SUM = re.compile(
    r"(?:(?:grand |sub)?totals?|gesamt\w*|summe|sum|total g[eé]n[eé]ral|totale\b.*|\w*totaal|average|mean|mittelwert|"
    r"durchschnitt|moyenne|promedio):?|.+ (?:total|ergebnis|gesamt)|(?:total|somme|summe|sum of|subtotal) .+",
    re.IGNORECASE,
)
MOST_SUMS = 0.05
# Spellings that are named.
EXAMPLES = 3


def lookalikes(counts: pd.Series, bare: Iterable[str] = ()) -> Iterator[str]:
    """What people should know of the words of a column.

    Args:
        counts: how many rows have each word.
        bare: words without units, to say what all of them look like.
    """
    yield from _written_otherwise(list(bare))
    yield from _spelled_twice(counts)
    yield from _sums(counts)
    if damaged := sorted(word for word in counts.index if DAMAGED.search(word)):
        yield (
            f"{shown(damaged[0])} looks like a text that was read in a wrong encoding: export the file again, in UTF-8"
        )


def _written_otherwise(words: list[str]) -> Iterator[str]:
    """That all values, but for plain numbers, are of one of the kinds above."""
    others = sorted(word for word in words if not PLAIN.fullmatch(word))
    if words and not others:
        yield (
            f"all values are numbers, but with other marks than the file's, such as {min(words)!r}, and are read as "
            "words: write all numbers of the file alike"
        )
    for kind, pattern in KINDS.items():
        if others and all(re.fullmatch(pattern, word, re.IGNORECASE) for word in others):
            yield (
                f"{shown(others[0])} and the like look like {kind}, and are read as words, without an order; if the "
                "order counts, write numbers or dates into the file, or make numbers of them in features.py"
            )
            return


def _sums(counts: pd.Series) -> Iterator[str]:
    """That a few rows perhaps add up others, as a pivot table and a report do."""
    named = [word for word in sorted(counts.index) if SUM.fullmatch(word)]
    if named and len(named) < len(counts) and counts[named].max() <= MOST_SUMS * counts.sum():
        more = f" and {len(named) - 1} more" if len(named) > 1 else ""
        rows = int(counts[named].sum())
        yield f"{shown(named[0])}{more} ({rows:,} rows) may be sums or means of other rows: if so, take them out"


def _spelled_twice(counts: pd.Series) -> Iterator[str]:
    """That some words differ in nothing but case, blanks, or signs that cannot be seen."""
    same = counts.groupby([folded(word) for word in counts.index], sort=False)
    pairs = sorted(sorted(group.index) for _, group in same if len(group) > 1)
    if pairs:
        named = "; ".join(" and ".join(map(spelled, pair[:EXAMPLES])) for pair in pairs[:EXAMPLES])
        more = f" (and {len(pairs) - EXAMPLES:,} more)" if len(pairs) > EXAMPLES else ""
        yield (
            f"values that differ only in case, blanks or signs that cannot be seen: {named}{more}; each is a value of "
            "its own: write them alike in the file, or in load() of data.py"
        )


def spelled(word: str) -> str:
    """A word in quotation marks, its signs spelled out where some of them cannot be seen."""
    return shown(word) if _shown(word) == word else ascii(word)


def _shown(word: str) -> str:
    """The word as one sees it: in composed letters, with common blanks, without marks of no width."""
    text = unicodedata.normalize("NFC", word)
    return "".join(" " if sign.isspace() else sign for sign in text if unicodedata.category(sign) != "Cf")


def folded(word: str) -> str:
    """A word without case, without marks that cannot be seen, with common blanks."""
    return " ".join(_shown(unicodedata.normalize("NFKC", word)).casefold().split())

"""How the dates of a column are written: in ISO 8601, in one of many formats, or not quite in one."""

import math
import re

import pandas as pd

from mlops_maturity.data.cells import shown
from mlops_maturity.data.conversion import times_of

# Beside ISO 8601. Where a column fits several, the first is taken, and that is said.
DAYS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m.%d.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d")
DAYS_IN_WORDS = ("%d %b %Y", "%b %d %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%d-%b-%Y", "%d/%b/%Y", "%d%b%Y")
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %H:%M:%S.%f", " %H:%M:%S,%f")
# As SAS writes them.
FORMATS = (
    *(f"{day}{clock}" for day in (*DAYS, *DAYS_IN_WORDS) for clock in CLOCKS),
    "%d%b%Y:%H:%M:%S",
    "%d%b%Y:%H:%M:%S.%f",
)
# Which century is meant, nobody but a person knows.
SHORT_YEARS = tuple(written.replace("%Y", "%y") for written in FORMATS)
ISO8601 = "ISO8601"
# Of digits alone.
WITHOUT_MARKS = {"%Y%m%d": r"(?:19|20)\d{6}", "%Y%m": r"(?:19|20)\d\d(?:0[1-9]|1[0-2])"}

# Numbers that may be times: since when, and the length of what is counted.
COUNTS = {
    "seconds": ("1970-01-01", "1s"),
    "milliseconds": ("1970-01-01", "1ms"),
    "microseconds": ("1970-01-01", "1us"),
    "nanoseconds": ("1970-01-01", "1ns"),
    "days": ("1899-12-30", "1D"),
}
YEARS = (2000, 2050)
DAY_NAME = re.compile(r"date|datum|fecha|day|jour|tag\b|time|zeit", re.IGNORECASE)

LOOKS_LIKE_ONE = r"^\w{1,9}[-/. ] ?\w{1,9}[-/., ]+ ?\d{1,4}|^\d{4}-\d\d$|^\d{1,2}[A-Za-z]{3}\d{4}\b"
ZONE = r"[Tt ]\d\d:\d\d.*(?:[Zz]|[+-]\d\d(?::?\d\d)?)$"
SAMPLE, MOST, EXAMPLES = 200, 0.5, 3


def format_of(known: pd.Series) -> tuple[str | None, list[str]]:
    """The format that all values of a column have, if they are dates, and what people should know of it.

    Args:
        known: the different values of its cells.
    """
    sample = known.iloc[:: max(1, len(known) // SAMPLE)]
    if sample.str.contains(LOOKS_LIKE_ONE).mean() < MOST:
        return None, []
    for written in (ISO8601, *FORMATS):
        if times_of(sample, written).notna().all() and times_of(known, written).notna().all():
            return written, [*_other_dates(known, sample, written), *_some_zones(known)]
    return None, _nearly(known, sample)


def without_marks(known: pd.Series) -> list[str]:
    """That numbers are perhaps days, such as 20240131.

    Args:
        known: the different values of the cells, all of them numbers.
    """
    # The first value tells most columns of numbers apart.
    written = next((name for name, digits in WITHOUT_MARKS.items() if re.fullmatch(digits, known.iloc[0])), None)
    if (
        written is None
        or not known.str.fullmatch(WITHOUT_MARKS[written]).all()
        or times_of(known, written).isna().any()
    ):
        return []
    return [
        f"{known.iloc[0]!r} and the like look like dates without marks, and are read as numbers; if they are dates, "
        f"write `type: datetime` and `format: '{written}'` in the column's entry, in place of its bounds"
    ]


def counted(numbers: pd.Series) -> list[str]:
    """That numbers are perhaps times: counted since 1970, or in days as spreadsheets count them.

    Args:
        numbers: of a column, whose name tells days from other numbers of five digits.
    """
    low, high = numbers.min(), numbers.max()
    for unit, (start, length) in COUNTS.items():
        first, last = ((pd.Timestamp(year, 1, 1) - pd.Timestamp(start)) / pd.Timedelta(length) for year in YEARS)
        if not (first <= low < high < last) or (unit == "days" and not re.search(DAY_NAME, str(numbers.name))):
            continue
        ends = [f"{pd.Timestamp(start) + value * pd.Timedelta(length):%Y-%m-%d}" for value in (low, high)]
        return [
            f"{low:.15g} and the like may be times, counted in {unit} since {start}: {ends[0]} to {ends[1]}; if they "
            "are, make times of them in load() of data.py, so that rows can be split by time"
        ]
    return []


def _other_dates(known: pd.Series, sample: pd.Series, written: str) -> list[str]:
    """That the values are other dates in another format that they have, too."""
    if written == ISO8601:
        return []
    chosen = times_of(known, written)
    for other in FORMATS[FORMATS.index(written) + 1 :]:
        if times_of(sample, other).notna().all():
            found = times_of(known, other)
            if found.notna().all() and (different := found != chosen).any():
                example = known[different].iloc[0]
                return [
                    f"{example!r} is read as {chosen[different].iloc[0]:%Y-%m-%d} ({written}); if it is "
                    f"{found[different].iloc[0]:%Y-%m-%d}, set its format to {other}"
                ]
    return []


def _some_zones(known: pd.Series) -> list[str]:
    with_zone = known.str.contains(ZONE)
    if not with_zone.any() or with_zone.all():
        return []
    return [f"{known[~with_zone].iloc[0]!r} names no time zone, as other values do; it is read as UTC"]


def _nearly(known: pd.Series, sample: pd.Series) -> list[str]:
    """What keeps values from being dates: a year of two digits, or a few that are none."""
    for written in SHORT_YEARS:
        if times_of(sample, written).notna().all():
            return [
                f"{known.iloc[0]!r} looks like a date whose year has two digits: write years in full, or "
                f"`type: datetime` and `format: '{written}'` in the column's entry"
            ]
    shares = {written: times_of(sample, written).notna().mean() for written in (ISO8601, *FORMATS)}
    written = max(shares, key=lambda name: shares[name])
    if shares[written] < MOST:
        return []
    are_dates = times_of(known, written).notna()
    others = known[~are_dates]
    named = ", ".join(map(shown, others.head(EXAMPLES)))
    more = f" and {len(others) - EXAMPLES:,} more" if len(others) > EXAMPLES else ""
    return [
        f"{math.floor(100 * are_dates.mean())} % of the different values are dates, such as "
        f"{known[are_dates].iloc[0]!r}, the others are {named}{more}; if these mean that a value is missing, add them "
        f"to reading.missing, and write `type: datetime` and `format: '{written}'` in the column's entry, and as its "
        "`missing` the share of missing values that is accepted"
    ]

"""What one cell of text means: the same in a CSV file, in a request, in a prediction log.

A schema settles it once (`Schema.reading` and each column's type and format); nothing depends on the other cells.
"""

import re
from datetime import UTC, datetime
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict

from mlops_maturity.data.dialect import MISSING

DECIMALS = Literal[".", ","]
THOUSANDS = Literal["", ".", ",", " ", "'"]
# What a truth value may be written as; the words alone tell that a column holds truth values.
TRUTH_WORDS = ("true", "false")
TRUTH = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}

# ISO 8601 with separators: a month, a date, or a date and a time, of a zone or of none.
ISO = r"\d{4}-\d\d(-\d\d([Tt ]\d\d:\d\d(:\d\d([.,]\d+)?)?( ?([Zz]|[+-]\d\d(:?\d\d)?))?)?)?"
_ISO = re.compile(ISO, re.ASCII)
_PARTS = re.compile(r"(?P<date>[\d-]+)([Tt ](?P<time>[\d:]+)([.,](?P<fraction>\d+))? ?(?P<zone>.*))?", re.ASCII)


class Reading(BaseModel):
    """How the cells of a text file are written.

    Attributes:
        decimal: the mark before the fraction of a number.
        thousands: the mark between groups of three digits; empty where there is none.
        missing: words that say that a value is missing. Blanks around a cell never count.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    decimal: DECIMALS = "."
    thousands: THOUSANDS = ""
    missing: tuple[str, ...] = MISSING

    def is_missing(self, text: str | None) -> bool:
        """Whether a cell says that there is no value."""
        return text is None or text.strip() in self.missing

    @property
    def known(self) -> str:
        """The regular expression of a text with a value in it."""
        return rf"^(?!\s*(?:{'|'.join(map(re.escape, self.missing))})\s*$)"


@cache
def number_pattern(decimal: str, thousands: str) -> str:
    """The regular expression of a whole cell that is a number; RE2 and Python read it alike."""
    point, group = re.escape(decimal), re.escape(thousands)
    whole = rf"(?:\d{{1,3}}(?:{group}\d{{3}})+|\d+)" if thousands else r"\d+"
    return rf"^[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?$|^[+-]?(?i:inf|infinity|nan)$"


def number(text: str, reading: Reading) -> float:
    """The number that a cell stands for.

    Raises:
        ValueError: it is none.
    """
    found = text.strip()
    if not re.match(number_pattern(reading.decimal, reading.thousands), found, re.ASCII):
        raise ValueError("not a number")
    return float(plain_number(found, reading))


def plain_number(text: str, reading: Reading) -> str:
    """A number as programs write it."""
    if reading.thousands:
        text = text.replace(reading.thousands, "")
    return text.replace(reading.decimal, ".")


def time(text: str, written: str | None = None) -> datetime:
    """A date or time in UTC, without a zone; what is finer than a microsecond is cut off.

    Args:
        text: as ISO 8601 says, or in the column's own format.
        written: that format, as `datetime.strptime` takes it; None or "ISO8601" where there is none.

    Raises:
        ValueError: it is none, or lies outside of the years 1 to 9999.
    """
    found = text.strip()
    try:
        if _ISO.fullmatch(found):
            moment = datetime.fromisoformat(canonical_time(found))
        elif written and written != "ISO8601":
            moment = datetime.strptime(found, written)
        else:
            raise ValueError("not a date or time such as 2020-01-31 or 2020-01-31T12:00:00Z")
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except OverflowError:
        raise ValueError("outside of the years 1 to 9999") from None


def canonical_time(text: str) -> str:
    """ISO 8601 in the one form that every reader knows: a whole date, at most six digits of a second, +hh:mm."""
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return text
    day = parts["date"] if len(parts["date"]) > 7 else f"{parts['date']}-01"
    if not parts["time"]:
        return day
    fraction = f".{parts['fraction'][:6]:0<6}" if parts["fraction"] else ""
    clock = parts["time"] if parts["time"].count(":") == 2 else f"{parts['time']}:00"
    zone = parts["zone"].strip()
    if zone:
        zone = "+00:00" if zone in "Zz" else f"{zone[:3]}:{zone[3:].lstrip(':') or '00'}"
    return f"{day}T{clock}{fraction}{zone}"


def word(text: str | None, reading: Reading) -> str | None:
    """The word that a cell stands for, without blanks around it; None where it says that there is no value."""
    if text is None:
        return None
    found = text.strip()
    return None if found in reading.missing else found

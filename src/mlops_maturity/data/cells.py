"""What one cell of text means: the same in a CSV file, in a request, in a prediction log.

A schema settles it once (`Schema.reading` and each column's type and format); nothing depends on the other cells.
"""

import re
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from mlops_maturity.data.dialect import MISSING

DECIMALS = Literal[".", ","]
THOUSANDS = Literal["", ".", ",", " ", "'"]
# What a truth value may be written as; the words alone tell that a column holds truth values.
TRUTH_WORDS = ("true", "false")
TRUTH = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}

# How people and programs write a sign, as it is read.
SIGNS = {"\u2212": "-", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2019": "'"}
# A number in brackets, or with its sign behind it, is below zero, as in accounts.
ACCOUNTS = r"^\(([^()]*)\)$|^([^()-]*\d)-$"
# Signs of a value that a message shows.
MOST_SHOWN = 80
# Blanks between a sign and its number, as spreadsheets pad amounts.
PADDED = r"^([+-]) +"

# ISO 8601 with separators: a month, a date, or a date and a time, of a zone or of none.
ISO = r"\d{4}-\d\d(-\d\d([Tt ]\d\d:\d\d(:\d\d([.,]\d+)?)?( ?([Zz]|[+-]\d\d(:?\d\d)?))?)?)?"
_ISO = re.compile(ISO, re.ASCII)
# Digits of a second, beyond those that are kept.
FINER = r"([.,]\d{6})\d+$"
_PARTS = re.compile(r"(?P<date>[\d-]+)([Tt ](?P<time>[\d:]+)([.,](?P<fraction>\d+))? ?(?P<zone>.*))?", re.ASCII)


def _as_written(value: Any) -> Any:
    """YAML reads -999 as a number, and 9999-12-31 as a date, where a person means the word."""
    return str(value) if type(value) in (int, float, date) else value


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
    missing: tuple[Annotated[str, BeforeValidator(_as_written)], ...] = MISSING

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
    # With commas, groups may be of two digits but for the last, as in India.
    groups = rf"(?:{group}\d{{2,3}})*{group}\d{{3}}" if thousands == "," else rf"(?:{group}\d{{3}})+"
    whole = rf"(?:[1-9]\d{{0,2}}{groups}|\d+)" if thousands else r"\d+"
    return rf"^[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?$|^[+-]?(?i:inf|infinity|nan)$"


@cache
def unit_patterns(unit: str) -> tuple[str, str]:
    """The regular expressions of a unit before a number, with the sign as a group, and of one after it."""
    name = re.escape(unit)
    return rf"^([+-]?)\s*{name}\s*", rf"\s*{name}$"


def number(text: str, reading: Reading, unit: str | None = None) -> float:
    """The number that a cell stands for.

    Args:
        text: of the cell.
        reading: how the cells of its file are written.
        unit: what may stand beside the number.

    Raises:
        ValueError: it is none.
    """
    found = bare(text, unit)
    if not re.match(number_pattern(reading.decimal, reading.thousands), found, re.ASCII):
        raise ValueError("not a number")
    if reading.thousands:
        found = found.replace(reading.thousands, "")
    return float(found.replace(reading.decimal, "."))


def bare(text: str, unit: str | None = None) -> str:
    """A number without blanks and a unit around it, with the signs that programs write."""
    found = text.strip()
    for written, read in SIGNS.items():
        found = found.replace(written, read)
    found = re.sub(PADDED, r"\1", re.sub(ACCOUNTS, r"-\1\2", found))
    if unit:
        before, after = unit_patterns(unit)
        found = re.sub(after, "", re.sub(before, r"\1", found))
    return found


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
            moment = datetime.strptime(re.sub(FINER, r"\1", found), written)
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


def shown(value: object) -> str:
    """A value as a message shows it: a text in quotation marks, and not all of a very long one."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN // 2]}...{text[-MOST_SHOWN // 4 :]}"


def word(text: str | None, reading: Reading) -> str | None:
    """The word that a cell stands for, without blanks around it; None where it says that there is no value."""
    if text is None:
        return None
    found = text.strip()
    return None if found in reading.missing else found

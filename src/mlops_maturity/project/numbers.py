"""Numbers as people read them: a few significant digits, thousands separators, no exponents where none is needed."""

import math

DIGITS = 4
KEPT = 6  # digits in JSON files: what is printed before it is written reads as it does afterwards
# Beyond, digits in a row are harder to read than an exponent.
SMALLEST, LARGEST = 1e-4, 1e15
SEPARATED = 10_000


def number(value: float, digits: int = DIGITS) -> str:
    """A value to so many significant digits: 43,200 and 0.9565; whole parts are never cut: 1,234,568."""
    if not math.isfinite(value):
        return str(value)
    if value and not SMALLEST <= abs(value) < LARGEST:
        return f"{value:.{digits}g}"
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else 0 if not value else math.floor(math.log10(abs(value))) + 1
    # Four digits in a row are read at a glance, and may be a year.
    comma = "," if abs(value) >= SEPARATED else ""
    if whole < KEPT:
        value = float(f"{value:.{KEPT}g}")
    text = f"{value:{comma}.{max(digits - whole, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float) -> str:
    """A share as a percentage: 90.1 % of 0.9012, 50 % of 0.5."""
    return f"{share * 100:,.1f}".removesuffix(".0") + " %"

"""Names of columns as people type them: a letter has several codes, and there are blanks that look alike.

Standard library alone: the questions of a new project look for the target by the same rule as its first run.
"""

import unicodedata
from collections.abc import Iterable

from mlops_maturity.project.errors import meant


def column_of(typed: str, names: Iterable[str]) -> str | None:
    """The column that is meant: the one of this name, or the only one that looks just like it."""
    known = list(names)
    if typed in known:
        return typed
    alike = [name for name in known if _seen(name) == _seen(typed)]
    return alike[0] if len(alike) == 1 else None


def no_column(typed: str, names: Iterable[str]) -> str:
    """That there is no such column, and which one was perhaps meant."""
    return f"no column {typed!r}; {meant(typed, filter(None, names))}"


def _seen(name: str) -> str:
    """A name as one sees it: in composed letters, with plain blanks, without signs of no width."""
    text = unicodedata.normalize("NFC", name)
    return " ".join("".join(sign for sign in text if unicodedata.category(sign) != "Cf").split())

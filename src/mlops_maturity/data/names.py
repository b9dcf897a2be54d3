"""Names of columns as people type them: a letter has several codes, and there are blanks that look alike.

Standard library alone: the questions of a new project look for the target by the same rule as its first run.
"""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

MOST_NAMED = 12


def column_of(typed: str, names: Iterable[str]) -> str | None:
    """The column that is meant: the one of this name, or the only one that looks just like it."""
    known = list(names)
    if typed in known:
        return typed
    alike = [name for name in known if _seen(name) == _seen(typed)]
    return alike[0] if len(alike) == 1 else None


def no_column(typed: str, names: Iterable[str]) -> str:
    """That there is no such column, and which there are: those with a name like it first, not all of very many."""
    known = [name for name in names if name]
    folded = {_seen(name).casefold(): name for name in known}
    alike = [folded[name] for name in get_close_matches(_seen(typed).casefold(), folded, 3)]
    perhaps = f"; perhaps {' or '.join(map(repr, alike))} is meant" if alike else ""
    more = f", ... ({len(known):,} in all)" if len(known) > MOST_NAMED else ""
    return f"no column {typed!r}{perhaps}; it has {', '.join(known[:MOST_NAMED])}{more}"


def _seen(name: str) -> str:
    """A name as one sees it: in composed letters, with plain blanks, without signs of no width."""
    text = unicodedata.normalize("NFC", name)
    return " ".join("".join(sign for sign in text if unicodedata.category(sign) != "Cf").split())

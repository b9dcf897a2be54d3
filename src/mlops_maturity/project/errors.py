"""What a person can fix: reported in one line, without a traceback."""

from collections.abc import Iterable
from difflib import get_close_matches


class ProjectError(Exception):
    """Something is wrong with the data, the settings or the order of steps; the text says what to do."""


def meant(name: object, known: Iterable[object]) -> str:
    """What to write in place of a misspelt name: the one or two that are like it, or else all that there are."""
    names = [str(one) for one in known]
    close = get_close_matches(str(name), names, n=2)
    return f"did you mean {' or '.join(map(repr, close))}?" if close else f"there is {', '.join(names) or 'none'}"

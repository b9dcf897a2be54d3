"""What a person can fix: reported in one line, without a traceback."""

from collections.abc import Iterable
from difflib import get_close_matches

# Of what there is, in a message.
MOST_NAMED = 12


class ProjectError(Exception):
    """Something is wrong with the data, the settings or the order of steps; the text says what to do."""


def meant(name: object, known: Iterable[object]) -> str:
    """What to write in place of a misspelt name: the one or two that are like it, or else what there is."""
    names = [str(one) for one in known]
    folded = {one.casefold(): one for one in names}
    if close := get_close_matches(str(name).casefold(), folded, n=2):
        return f"did you mean {' or '.join(repr(folded[one]) for one in close)}?"
    more = f", ... ({len(names):,} in all)" if len(names) > MOST_NAMED else ""
    return f"there is {', '.join(names[:MOST_NAMED]) or 'none'}{more}"

"""Text that somebody else may have written: what is wrong with it is one kind of error."""

import json
from typing import Any


def parsed(text: str | bytes) -> Any:
    """Parse JSON.

    Raises:
        ValueError: it is not valid, or nested so deeply that it could not be read without end of the stack.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None

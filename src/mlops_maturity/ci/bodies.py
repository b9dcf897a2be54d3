"""What a provider's interface is sent, in lines that people read: its own names, without JSON's marks."""

from collections.abc import Iterator, Mapping
from typing import Any

INDENT = "    "


def lines(body: Mapping[str, Any], words: Mapping[str, str] | None = None) -> Iterator[str]:
    """A line for each setting, and for each entry of a list of settings.

    Args:
        body: of the request.
        words: what to print in place of a value, by name and value: `access_level 40`.
    """
    for name, value in body.items():
        if name == "name":
            continue  # which the line above has
        label = name.replace("_", " ")
        entries = value if isinstance(value, list) and value and isinstance(value[0], dict) else [value]
        for entry in entries:
            yield f"{INDENT}{label}: {_told(name, entry, words or {})}"


def _told(name: str, value: object, words: Mapping[str, str]) -> str:
    if isinstance(value, Mapping):
        parts = dict(value)
        kind = str(parts.pop("type", "")).replace("_", " ")
        told = ", ".join(
            f"{key.replace('_', ' ')} {_told(key, part, words)}".removeprefix("parameters ").removeprefix(f"{kind} ")
            for key, part in parts.items()
            if part != []
        )
        return f"{kind}: {told}" if kind and told else kind or told
    if isinstance(value, list):
        return ", ".join(_told(name, part, words) for part in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return words.get(f"{name} {value}", str(value))

"""requirements.lock: the packages that a project may have, each with its version and hashes."""

import re
from pathlib import Path

LOCK = Path("requirements.lock")
ENTRY = re.compile(r"^(?P<name>[\w.-]+)(?:\[[^]]*\])?==(?P<version>[^\s;]+)(?:.*\\\n)+.*\n", re.MULTILINE)


def entries(text: str) -> dict[tuple[str, str], str]:
    """The entries of a lock by the package's name and version; a package has several where markers tell them apart."""
    return {(normal(entry["name"]), entry["version"]): entry[0] for entry in ENTRY.finditer(text)}


def normal(name: str) -> str:
    """The name of a package in the one form that all spellings of it have (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()

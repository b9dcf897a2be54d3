"""Changing values in a YAML file that people wrote: every other byte stays as it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ..errors import ProjectError
from ..files import write_text


def put(path: Path, values: Mapping[str, object]) -> None:
    """Put values in the place of those that are there.

    Args:
        path: of a YAML file.
        values: each by its path in the file, as in `model.kind`.

    Raises:
        ProjectError: a value is not written at its path (it comes from an anchor, say), so a person must do it.
    """
    text = path.read_bytes().decode("utf-8")
    root = yaml.compose(text, yaml.SafeLoader)
    found = [(*_find(path, root, name), value) for name, value in values.items()]
    # From the end, so that positions before it stay true.
    for key, node, value in sorted(found, key=lambda entry: -entry[1].start_mark.index):
        start, end = node.start_mark.index, node.end_mark.index
        written = _written(value, key.start_mark.column)
        gap = "" if text[start - 1].isspace() or written.startswith("\n") else " "
        text = text[:start] + gap + written + text[end:]
    write_text(path, text)


def _find(path: Path, root: Any, name: str) -> tuple[Any, Any]:
    """The nodes of a key and of its value."""
    key, node = None, root
    for part in name.split("."):
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        key, node = next(((key, child) for key, child in pairs if key.value == part), (None, None))
    if key is None or node.start_mark.index < key.end_mark.index:
        raise ProjectError(f"{path}: {name} is not written there, so it cannot be changed there; do it by hand")
    return key, node


def _written(value: object, indent: int) -> str:
    """A value as YAML: reasons a line each, anything else on the line of its key."""
    if isinstance(value, dict) and value:
        lines = yaml.safe_dump(value, allow_unicode=True, width=1000).splitlines()
        return "".join(f"\n{' ' * (indent + 2)}{line}" for line in lines)
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1000)
    return text.removesuffix("\n").removesuffix("\n...")

"""Changing values in a YAML file that people wrote: every other byte stays as it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import write_text


def put(path: Path, values: Mapping[str, object]) -> None:
    """Put values in the place of those that are there.

    Args:
        path: of a YAML file.
        values: each by its path in the file, as in `model.kind`.

    Raises:
        ProjectError: there is no value on the line of its key (it comes from an anchor, say).
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
        # What an anchor stands for is written before the key.
        pairs = [(key, child) for key, child in pairs if child.start_mark.index >= key.end_mark.index]
        key, node = next(((key, child) for key, child in pairs if key.value == part), (None, None))
    if node is None or _is_block(node):
        raise ProjectError(f"{path}: {name} is not written on a line of its own; change it by hand")
    return key, node


def _is_block(node: Any) -> bool:
    """Whether a value goes over several lines: where it ends, YAML does not tell."""
    return isinstance(node, yaml.CollectionNode) and not node.flow_style


def _written(value: object, indent: int) -> str:
    """A value as YAML: reasons a line each, anything else on the line of its key."""
    if isinstance(value, dict) and value:
        lines = yaml.safe_dump(value, allow_unicode=True, width=1000).splitlines()
        return "".join(f"\n{' ' * (indent + 2)}{line}" for line in lines)
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1000)
    return text.removesuffix("\n").removesuffix("\n...")

"""Changing values in a YAML file that people wrote: its comments, its order and its quotes stay."""

import io
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import CommentMark

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import write_text

# How people indent: mappings, sequences, and the dashes of these. The first one is the template's.
INDENTS = ((2, 4, 2), (2, 2, 0), (4, 6, 4), (4, 4, 2), (4, 2, 0))
WIDTH = 10**6


def put(path: Path, values: Mapping[str, object]) -> None:
    """Put values in the place of those that are there.

    Args:
        path: of a YAML file.
        values: each by its path in the file, as in `model.kind`.

    Raises:
        ProjectError: there is no such value, or another one would change with it (both come from an anchor, say).
    """
    text = path.read_bytes().decode("utf-8")
    newline = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    editor = _editor_for(text)
    content, expected = editor.load(text), yaml.safe_load(text)
    for name, value in values.items():
        *_, key = name.split(".")
        _put(_section(path, content, name), key, _as_written(value))
        expected = _with(expected, name, value)
    edited = _dumped(editor, content)
    # Others read the file with pyyaml, whose YAML is an older one.
    if yaml.safe_load(edited) != expected:
        raise ProjectError(f"{path}: {', '.join(values)}: not written on lines of their own; change them by hand")
    write_text(path, edited.replace("\n", newline))


def _editor_for(text: str) -> YAML:
    """An editor that indents as the text does."""
    editors = [_editor(*indent) for indent in INDENTS]
    return next((editor for editor in editors if _dumped(editor, editor.load(text)) == text), editors[0])


def _editor(mapping: int, sequence: int, offset: int) -> YAML:
    editor = YAML()
    editor.preserve_quotes = True
    editor.width = WIDTH
    editor.indent(mapping=mapping, sequence=sequence, offset=offset)
    # By itself, it writes nothing for a null.
    editor.representer.add_representer(
        type(None), lambda representer, _: representer.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    return editor


def _dumped(editor: YAML, content: Any) -> str:
    stream = io.StringIO()
    editor.dump(content, stream)
    return stream.getvalue()


def _section(path: Path, content: Any, name: str) -> CommentedMap:
    """The mapping that has the value."""
    *sections, key = name.split(".")
    for part in sections:
        content = content.get(part) if isinstance(content, CommentedMap) else None
    if not isinstance(content, CommentedMap) or key not in content:
        raise ProjectError(f"{path}: {name} is missing; add it by hand")
    return content


def _as_written(value: object) -> Any:
    """A value with the quotes that pyyaml needs: reasons a line each, anything else on the line of its key."""
    text = yaml.safe_dump(value, default_flow_style=not isinstance(value, dict), allow_unicode=True, width=WIDTH)
    return _editor(*INDENTS[0]).load(text)


def _with(content: Mapping[str, Any], name: str, value: object) -> dict[str, Any]:
    """A copy with one value changed, and nothing that shares an anchor with it."""
    key, _, rest = name.partition(".")
    return {**content, key: _with(content[key], rest, value) if rest else value}


def _put(section: CommentedMap, key: str, value: Any) -> None:
    section[key] = value
    after = section.ca.items.get(key, [None] * 3)[2]
    if after is None:
        return
    after.start_mark = CommentMark(0)  # one blank after the value, however long that is
    if not isinstance(value, CommentedMap) or not value:
        return
    # What follows the old value (its comment, then perhaps lines above the next key) would come before the new one.
    own, line, others = after.value.partition("\n")
    after.value = own + line
    if others:
        follows = copy(after)
        follows.value = line + others
        value.ca.items[list(value)[-1]] = [None, None, follows, None]

"""Edits of YAML files: only the values change, and pyyaml reads what was meant."""

from pathlib import Path

import pytest
import yaml

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.training import yaml_edit

TEXT = """\
# First words.

a:
  b: null # why
  # above c
  c: 'one' # 🐧
  by: null

# above the next section
d:
  - e: 1.0
    f: {low: 1e-3, high: .5, log: true}
g: [yes, "no"]
"""


def put(path: Path, text: str, values: dict[str, object]) -> str:
    path.write_bytes(text.encode())
    yaml_edit.put(path, values)
    return path.read_bytes().decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.yaml"


@pytest.mark.parametrize(
    ("text", "value", "written"),
    [
        ("a:\n  b: 1 # why\nc: 2\n", 3, "a:\n  b: 3 # why\nc: 2\n"),
        ("a:\r\n  b: null\r\nc: é\r\n", 0.5, "a:\r\n  b: 0.5\r\nc: é\r\n"),
        ("a: {b: 'one', c: 2} # 🐧\n", "x: y", "a: {b: 'x: y', c: 2} # 🐧\n"),
        ("a:\n  b:\n  c: 2\n", 7, "a:\n  b: 7\n  c: 2\n"),
        ("a:\n    b: null\n", {"x y": "why: so"}, "a:\n    b:\n        x y: 'why: so'\n"),
        ("a:\n  b: null\n", {}, "a:\n  b: {}\n"),
        ("a:\n  b: null\n", ["c d", "no"], "a:\n  b: [c d, 'no']\n"),
        ("a:\n  b: null\n", "on", "a:\n  b: 'on'\n"),
        ("a:\n  b: null\n", 1e-05, "a:\n  b: 1.0e-05\n"),
    ],
)
def test_put_writes_only_the_value(text: str, value: object, written: str, path: Path) -> None:
    assert put(path, text, {"a.b": value}) == written


@pytest.mark.parametrize("indent", [2, 4])
@pytest.mark.parametrize("dash", ["  - ", "- "])
def test_put_leaves_every_other_line_as_it_is(indent: int, dash: str, path: Path) -> None:
    text = TEXT.replace("  - e", dash + "e").replace("    f", " " * len(dash) + "f")
    head, tail = text.split("d:")
    text = head.replace("\n  ", "\n" + " " * indent) + "d:" + tail
    before = text.splitlines()
    after = put(path, text, {"a.b": True, "a.by": "a word"}).splitlines()
    changed = {old: new for old, new in zip(before, after, strict=True) if old != new}
    gap = " " * indent
    assert changed == {f"{gap}b: null # why": f"{gap}b: true # why", f"{gap}by: null": f"{gap}by: a word"}


def test_put_mapping_in_the_place_of_a_value_keeps_the_comments_around_it(path: Path) -> None:
    after = put(path, TEXT, {"a.b": {"x": "so"}, "a.by": {"on": "yes"}})
    expected = TEXT.replace("  b: null # why\n", "  b: # why\n    x: so\n").replace(
        "  by: null\n", "  by:\n    'on': 'yes'\n"
    )
    assert after == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("base: &base {b: 1}\na: *base\n", "change them by hand"),
        ("a: {c: 1}\n", "is missing"),
        ("a: 1\n", "is missing"),
        ("c: 1\n", "is missing"),
    ],
)
def test_put_without_a_value_of_its_own_is_refused_and_nothing_written(text: str, told: str, path: Path) -> None:
    with pytest.raises(ProjectError, match=rf"some\.yaml: a\.b.*{told}"):
        put(path, text, {"a.b": 2})
    assert path.read_text() == text


def test_put_value_is_read_back_by_pyyaml_as_what_it_was(path: Path) -> None:
    values: dict[str, object] = {
        "a.b": "1:20",
        "a.c": {"yes": "~", "0x1": "1_000"},
        "a.by": [0.1, 1e22, False, None, "é"],
    }
    found = yaml.safe_load(put(path, TEXT, values))["a"]
    assert [found["b"], found["c"], found["by"]] == list(values.values())

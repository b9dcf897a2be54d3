"""data/schema.yaml is written for people and read back as it was; what is wrong in it is named."""

from pathlib import Path

import pytest

from mlops_maturity.data import schema as schemas
from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.project.errors import ProjectError

SCHEMA = Schema(
    columns={
        "größe, m": Column(type="number", minimum=-1.5, maximum=10, missing=0.5),
        "colour": Column(type="category", categories=["blue", "no", "1"], open=True, missing=0.0),
        "seen: when": Column(type="datetime", format="%d.%m.%Y", missing=0.0),
        "note": Column(type="text", missing=1.0),
    }
)


def test_save_then_load_gives_the_same_schema(tmp_path: Path) -> None:
    path = tmp_path / "schema.yaml"
    schemas.save(SCHEMA, path)
    assert schemas.load(path) == SCHEMA
    assert list(schemas.load(path).columns) == list(SCHEMA.columns)


def test_save_says_how_to_read_it_and_leaves_out_what_says_nothing(tmp_path: Path) -> None:
    schemas.save(SCHEMA, tmp_path / "schema.yaml")
    text = (tmp_path / "schema.yaml").read_text(encoding="utf-8")
    assert text.startswith("# What the data must look like.")
    assert "größe" in text
    assert ": null" not in text
    assert text.count("open: ") == 1 + schemas.HEADER.count("open: ")


def test_load_missing_words_that_yaml_takes_for_something_else_are_words(tmp_path: Path) -> None:
    path = tmp_path / "schema.yaml"
    path.write_text("columns: {}\nreading: {missing: [-999, -99.5, 9999-12-31, '-1', x]}\n")
    assert schemas.load(path).reading.missing == ("-999", "-99.5", "9999-12-31", "-1", "x")


def test_only_keeps_the_order_of_the_table() -> None:
    assert list(SCHEMA.only(["note", "colour"]).columns) == ["colour", "note"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, r"schema\.yaml is missing; `make data` makes it from the data"),
        ("columns: [", r"schema\.yaml is not valid YAML: "),
        ("columns:\n  a: {type: money, missing: 0}\n", r"schema\.yaml: columns\.a\.type: Input should be 'number'"),
        (
            "columns:\n  a: {type: number, missing: 2}\n",
            r"schema\.yaml: columns\.a\.missing: .* less than or equal to 1",
        ),
        (
            "columns:\n  a: {type: number, missing: 0, minimun: 1}\n",
            r"columns\.a\.minimun: there is no such setting; did you mean 'minimum'",
        ),
        ("columns:\n  a: {type: category, missing: 0}\n", r"columns\.a: a category requires `categories`, the list of"),
        ("- a\n", r"schema\.yaml: Input should be a valid dict"),
    ],
)
def test_load_schema_that_is_none_is_refused_by_line(text: str | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "schema.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ProjectError, match=says):
        schemas.load(path)

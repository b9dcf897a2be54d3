"""data/schema.yaml: what the data must look like. Reviewed by people, used by training, prediction and the tests."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from mlops_maturity.data.cells import Reading
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import read_yaml, write_text
from mlops_maturity.project.paths import SCHEMA

ColumnType = Literal["number", "integer", "boolean", "category", "datetime", "text"]

HEADER = """\
# What the data must look like. Training, prediction and the tests validate data against it: review it like code.
#
#   type        number, integer, boolean, category, datetime or text
#   minimum     bounds of a number; the first run leaves room around what it saw
#   maximum
#   unit        what stands beside a number in a cell and does not count: 12 % is 12
#   categories  the values that a category may take
#   open        true: other values may come; the model sees them as one
#   format      how a datetime is written, where it is not ISO 8601
#   offset      what is subtracted before a model sees a number: float32 holds seven digits, and these need more
#   missing     the largest share of missing values that is accepted
#
# `reading` says how cells of text are written: the mark of decimals, the one between thousands, and the words that
# stand for a missing value. `notes` is what the first run found; people may add to it.

"""


class Column(BaseModel):
    """What one column must look like."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    type: ColumnType
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
    categories: list[str] | None = None
    open: bool = False
    format: str | None = None
    offset: float | None = None
    missing: float = Field(ge=0, le=1)


class Schema(BaseModel):
    """What the table must look like: its columns, in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, Column]
    reading: Reading = Reading()
    notes: tuple[str, ...] = ()

    def only(self, names: Iterable[str]) -> "Schema":
        """The schema of some of the columns."""
        wanted = set(names)
        columns = {name: column for name, column in self.columns.items() if name in wanted}
        return Schema(columns=columns, reading=self.reading)


def refuse(problems: list[str]) -> None:
    """Raise if there are problems: the first few of them in one line."""
    if problems:
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        raise ProjectError(f"the data do not fit {SCHEMA}: {'; '.join(problems[:3])}{more}")


def load(path: Path = SCHEMA) -> Schema:
    """Read the schema.

    Raises:
        ProjectError: it is missing, is not YAML, or does not say what a schema says.
    """
    schema = read_yaml(path, Schema, if_missing="`make data` makes it from the data")
    for name, column in schema.columns.items():
        if column.type == "category" and column.categories is None:
            raise ProjectError(f"{path}: columns.{name}: a category requires `categories`, the list of its values")
    return schema


def save(schema: Schema, path: Path = SCHEMA) -> None:
    """Write the schema with a word on how to read it."""
    columns = {name: column.model_dump(exclude_none=True) for name, column in schema.columns.items()}
    for column in columns.values():
        if not column["open"]:
            del column["open"]
    content: dict[str, object] = {"columns": columns, "reading": schema.reading.model_dump(mode="json")}
    if schema.notes:
        content["notes"] = list(schema.notes)
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None)
    write_text(path, HEADER + text)


def as_mapping(schema: Schema) -> Mapping[str, object]:
    """The schema as plain data, for a manifest."""
    return schema.model_dump(mode="json", exclude={"notes"}, exclude_none=True)

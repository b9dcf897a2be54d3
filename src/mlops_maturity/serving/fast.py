"""Reading valid requests at speed.

What fits the schema is read in one pass by msgspec. What does not goes to the web framework's own model of a record,
which names the field (or, for the few valid forms that are not read here, answers): there is one meaning of valid, and
the many valid requests do not pay for its words.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from mlops_maturity.data.cells import Reading
from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.serving.service import LONGEST_TEXT, MOST_RECORDS, time_of, whole_bounds

SMALLEST_WORD, LARGEST_WORD = -(2**63), 2**63 - 1


def reader(schema: Schema, columns: Sequence[str]) -> Callable[[bytes], list[Struct]] | None:
    """A function that reads the records of a request, their fields in the order of the columns and their times in UTC.

    It raises ValueError (or RecursionError) where a body is not valid, or not in the usual form. None if a column has a
    name that msgspec cannot look for: with a quotation mark, a backslash or a control character.
    """
    fields = [f"column_{number}" for number in range(len(columns))]
    try:
        record = msgspec.defstruct(
            "Record",
            [
                _field(name, schema.columns[column], schema.reading)
                for name, column in zip(fields, columns, strict=True)
            ],
            rename=dict(zip(fields, columns, strict=True)),
            forbid_unknown_fields=True,
            kw_only=True,
            gc=False,
        )
    except ValueError:
        return None
    some: Any = Annotated[list[record], Meta(min_length=1, max_length=MOST_RECORDS)]  # type: ignore[valid-type]
    decode = msgspec.json.Decoder(msgspec.defstruct("Body", [("records", some)], forbid_unknown_fields=True)).decode
    formats = {
        field: schema.columns[name].format
        for field, name in zip(fields, columns, strict=True)
        if schema.columns[name].type == "datetime"
    }

    # Any text that may be missing, and with it those that say so.
    texts = [
        field
        for field, name in zip(fields, columns, strict=True)
        if schema.columns[name].type in ("category", "text") and schema.columns[name].missing > 0
    ]
    missing = frozenset(schema.reading.missing)

    def read(body: bytes) -> list[Struct]:
        records: list[Struct] = decode(body).records  # type: ignore[attr-defined]
        for name, written in formats.items():
            for item in records:
                if (time := getattr(item, name)) is not None:
                    if time.strip() in missing:
                        raise ValueError("the other way knows whether it may be missing")
                    setattr(item, name, time_of(written, time))
        for name in texts:
            for item in records:
                if (text := getattr(item, name)) is not None and text.strip() in missing:
                    setattr(item, name, None)
        return records

    return read


def _field(name: str, column: Column, reading: Reading) -> tuple[str, Any] | tuple[str, Any, None]:
    kind = _type_of(column, reading)
    return (name, kind | None, None) if column.missing > 0 else (name, kind)


def _type_of(column: Column, reading: Reading) -> Any:
    match column.type:
        case "integer":
            least, most = whole_bounds(column)
            return Annotated[int, Meta(ge=max(least, SMALLEST_WORD), le=min(most, LARGEST_WORD))]
        case "boolean":
            return bool
        case "datetime":
            return str
        case "category" if column.categories and not column.open:
            return Literal[tuple(column.categories)]
        case "category" | "text":
            return Annotated[str, Meta(max_length=LONGEST_TEXT, pattern=None if column.missing > 0 else reading.known)]
        case _:
            return Annotated[float, Meta(ge=column.minimum, le=column.maximum)]

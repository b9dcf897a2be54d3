"""What a client of the service writes, and what the service makes of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from msgspec.structs import astuple

from mlops_maturity.data.features import Features
from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.serving.fast import reader
from mlops_maturity.serving.service import record_model

FORMS: dict[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "datetime": datetime.isoformat,
    "integer": int,
    "number": float,
}


def as_sent(rows: pd.DataFrame, schema: Schema) -> list[dict[str, Any]]:
    """Rows as a client writes them, as JSON knows them.

    Args:
        rows: they fit the schema.
        schema: of the columns that are sent.
    """
    columns = {
        name: [None if pd.isna(value) else FORMS.get(column.type, str)(value) for value in rows[name]]
        for name, column in schema.columns.items()
    }
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def served_features(features: Features, schema: Schema, records: list[dict[str, Any]]) -> np.ndarray:
    """The features of records that come over HTTP: float32, (records, features).

    Args:
        features: of the project.
        schema: that the service reads records by; a column without a gap in training may have one in a request.
        records: as a client writes them.
    """
    loose = Schema(columns={name: _loose(schema.columns[name]) for name in features.columns})
    read = reader(loose, features.columns)
    if read is None:  # a column has a name that only the framework can read
        model = record_model(loose)
        return features.of_records([model.model_validate(record).model_dump(by_alias=True) for record in records])
    return features.of_rows([astuple(record) for record in read(msgspec.json.encode({"records": records}))])


def _loose(column: Column) -> Column:
    return Column(type=column.type, categories=column.categories, open=True, missing=1.0)

"""Batch prediction: a table in, the same table with predictions out."""

from pathlib import Path

import pandas as pd

from mlops_maturity.data.reading import read_table, write_table
from mlops_maturity.data.schema import Schema
from mlops_maturity.data.validation import check
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import replacing
from mlops_maturity.project.paths import PREDICTIONS


def run(source: Path | None = None, destination: Path | None = None) -> None:
    """Predict every row of a file (by default the raw data) with the packaged model."""
    source = source or settings.load().data.raw
    destination = destination or PREDICTIONS
    rows = predict_file(source, destination, Predictor.load())
    print(f"predicted {rows:,} rows: {destination}")


def predict_file(source: Path, destination: Path, predictor: Predictor) -> int:
    """Predict every row of a CSV or Parquet file and return how many there were.

    The columns that the model needs must fit its schema; others are passed through. Nothing is written otherwise.

    Raises:
        ProjectError: the file cannot be read, has no rows, or does not fit the schema.
    """
    if destination.suffix not in (".csv", ".parquet", ".pq"):
        raise ProjectError(f"{destination}: the name must end in .csv or .parquet")
    given, frame = checked(source, predictor.schema)
    predicted = predictor.of_frame(frame)
    given["prediction"] = predictor.target.decode(predicted)
    if predictor.task == "classification":
        given["probability"] = predicted.max(axis=1)
    given["model_version"] = predictor.version
    with replacing(destination) as temporary:
        write_table(given, temporary)
    return len(given)


def checked(source: Path, schema: Schema) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A table as it is, and the columns of it that a model needs, which fit its schema.

    Raises:
        ProjectError: the file cannot be read, has no rows, or does not fit the schema.
    """
    given = read_table(source)
    if given.empty:
        raise ProjectError(f"{source} has no rows")
    needed = [name for name in schema.columns if name in given]
    return given, check(schema, given[needed])

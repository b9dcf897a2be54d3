"""Batch prediction: a table in, the same cells with predictions out."""

from pathlib import Path
from typing import Any

import pandas as pd

from mlops_maturity.data import tables
from mlops_maturity.data.changes import changes
from mlops_maturity.data.conversion import conform
from mlops_maturity.data.dialect import dialect_of
from mlops_maturity.data.reading import typed
from mlops_maturity.data.schema import Schema, refuse
from mlops_maturity.data.validation import problems
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import replacing
from mlops_maturity.project.paths import PREDICTIONS

# With fewer rows, chance alone makes the share of missing values larger than in training.
ROWS_FOR_SHARES = 1_000


def run(source: Path | None = None, destination: Path | None = None) -> None:
    """Predict every row of a file with the packaged model.

    Args:
        source: a CSV or Parquet file; by default, the raw data.
        destination: of the predictions; by default, reports/predictions.csv.

    Raises:
        ProjectError: as `predict_file` does, or no file is named and the raw data are none.
    """
    source, destination = source or settings.load().data.raw, destination or PREDICTIONS
    if source is None:
        raise ProjectError("name the file to predict: make predict INPUT=new.csv")
    rows = predict_file(source, destination, Predictor.load())
    print(f"predicted {rows:,} row{'s' if rows != 1 else ''} of {source}: {destination}")


def predict_file(source: Path, destination: Path, predictor: Predictor) -> int:
    """Predict every row of a CSV or Parquet file and return how many there were.

    The columns that the model needs must fit its schema; nothing is written otherwise. All cells come out as they came
    in, whether the model needs them or not; only columns are added.

    Raises:
        ProjectError: the file cannot be read, has no rows, or does not fit the schema.
    """
    if destination.suffix.lower() not in (".csv", ".tsv", ".txt", *tables.PARQUET):
        raise ProjectError(f"{destination}: the name must end in .csv or .parquet")
    given, frame = checked(source, predictor.schema)
    for line in changes(predictor.schema, frame):
        print(f"warning: {line}")
    answer = predictor.all_of_frame(frame)
    predicted = predictor.target.prediction(answer)
    decoded = predictor.target.decode(predicted)
    if predictor.target.abstain:  # a column has one type: a word stands among classes that may be numbers
        decoded = list(map(str, decoded))
    added: dict[str, Any] = {"prediction": decoded}
    if predictor.task == "classification":
        added["probability"] = predicted.max(axis=1)
    for place, name in enumerate(predictor.target.outputs, 1):
        added[f"prediction_{name}"] = answer[:, place]
    added["model_version"] = predictor.version
    for name, values in added.items():
        given[_free(name, given)] = values
    with replacing(destination) as temporary:
        tables.write_like(given, temporary, _delimiter(source, destination))
    return len(given)


def checked(source: Path, schema: Schema) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A table as it is, and the columns of it that a model needs, which fit its schema.

    Raises:
        ProjectError: the file cannot be read, has no rows, or does not fit the schema.
    """
    if not source.exists():
        raise ProjectError(f"{source} is missing: name a file that is there")
    if tables.is_parquet(source):
        table = tables.parquet_of(source)
        given, read = table.to_pandas(types_mapper=pd.ArrowDtype), tables.plain(table)
    else:
        given = read = tables.read_cells(source, schema.columns)
    needed = [name for name in schema.columns if name in read]
    frame = conform(schema, typed(read[needed], schema))
    refuse(problems(schema, frame, shares=len(frame) >= ROWS_FOR_SHARES))
    return given, frame


def _free(name: str, frame: pd.DataFrame) -> str:
    """The name of a column to add; one that the table has already is left alone, and people are told."""
    if name not in frame:
        return name
    found = f"model_{name}"
    while found in frame:
        found += "_"
    print(f"the table has a column {name!r} already: the model's is named {found!r}")
    return found


def _delimiter(source: Path, destination: Path) -> str:
    """Text is written as it was read; what comes from Parquet, with commas."""
    if tables.is_parquet(source) or tables.is_parquet(destination):
        return ","
    return dialect_of(source).delimiter

"""Whether data fit their schema: those that a model is to be trained on again, or a batch that is to be predicted."""

from pathlib import Path

from mlops_maturity.data import schema as schemas
from mlops_maturity.data.sets import learnable
from mlops_maturity.data.validation import check
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.pipeline.ingest import load_data
from mlops_maturity.project import params as settings
from mlops_maturity.project.paths import SCHEMA
from mlops_maturity.serving.batch import checked


def run(model: Path, source: Path | None = None) -> None:
    """Hold data to what they must look like.

    Args:
        model: the packaged model that a batch is for.
        source: a file to predict; by default, the raw data are checked, which are for training.

    Raises:
        ProjectError: they do not fit, or cannot be learned from.
    """
    if source is None:
        _for_training()
    else:
        _for_prediction(source, Predictor.load(model))


def _for_training() -> None:
    params, schema = settings.load(), schemas.load()
    table = load_data()
    source = params.data.raw or "what data.py asks for"
    print(f"{source}: comparing {_size(len(table), len(schema.columns))} with {SCHEMA}", flush=True)
    rows, dropped = learnable(check(schema, table), schema, params)
    for reason, count in dropped.items():
        print(f"of no use: {count:,} rows, {reason}")
    print(f"every value fits; {len(rows):,} rows can be learned from")


def _for_prediction(source: Path, predictor: Predictor) -> None:
    count = len(predictor.schema.columns)
    print(f"{source}: comparing its columns with the {count} that model {predictor.version} needs", flush=True)
    given, frame = checked(source, predictor.schema)
    others = len(given.columns) - len(frame.columns)
    print(f"every value fits: {_size(len(frame), len(frame.columns))}, and {others} that it does not need")


def _size(rows: int, columns: int) -> str:
    return f"{rows:,} rows of {columns} columns"

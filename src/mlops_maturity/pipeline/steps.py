"""The steps from data to a packaged model: what each is for, what it needs and what it leaves."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from mlops_maturity.project import paths


@dataclass(frozen=True)
class Step:
    """A step, alike for a person who runs it by hand and for a pipeline.

    Attributes:
        purpose: what it is for, as the command line says it.
        module: where its `run` is; imported when it is run, so that a step loads only what it needs.
        needs: files that must be there.
        leaves: files that are there after it.
    """

    purpose: str
    module: str
    needs: tuple[Path, ...]
    leaves: tuple[Path, ...]

    def run(self) -> None:
        """Run the step in the current folder."""
        function: Callable[[], None] = import_module(self.module).run
        function()


STEPS = {
    "ingest": Step(
        "read the raw data; propose schema and settings if there are none yet",
        "mlops_maturity.pipeline.ingest",
        needs=(paths.PARAMS,),
        leaves=(paths.TABLE, paths.SOURCE),
    ),
    "validate-data": Step(
        "validate the data against the schema",
        "mlops_maturity.data.validation",
        needs=(paths.SCHEMA, paths.TABLE),
        leaves=(paths.DATA_VALIDATION,),
    ),
    "split": Step(
        "divide the rows into train, validation and test",
        "mlops_maturity.data.sets",
        needs=(paths.PARAMS, paths.SCHEMA, paths.TABLE, paths.SOURCE, paths.DATA_VALIDATION),
        leaves=(paths.TRAIN, paths.VALIDATION, paths.TEST, paths.DATA_FACTS),
    ),
    "train": Step(
        "fit the model and the simple one that it must beat, and export both",
        "mlops_maturity.training.train",
        needs=(paths.PARAMS, paths.SCHEMA, paths.TRAIN, paths.VALIDATION),
        leaves=(paths.MODEL, paths.SIMPLE, paths.HISTORY),
    ),
    "evaluate": Step(
        "score the model, write the report and the cards",
        "mlops_maturity.training.evaluate",
        needs=(
            paths.PARAMS,
            paths.SCHEMA,
            paths.MODEL,
            paths.SIMPLE,
            paths.HISTORY,
            paths.TRAIN,
            paths.VALIDATION,
            paths.TEST,
        ),
        leaves=(paths.METRICS, paths.PLOTS, paths.REPORT),
    ),
    "profile": Step(
        "describe data and predictions, for live ones to be compared with",
        "mlops_maturity.monitoring.profile",
        needs=(paths.MODEL, paths.TRAIN, paths.TEST),
        leaves=(paths.REFERENCE,),
    ),
    "validate-model": Step(
        "check the model against its gates",
        "mlops_maturity.training.gates",
        needs=(paths.PARAMS, paths.METRICS),
        leaves=(paths.MODEL_VALIDATION,),
    ),
    "package": Step(
        "put the model and its manifest into one file",
        "mlops_maturity.pipeline.package",
        needs=(paths.PARAMS, paths.MODEL, paths.METRICS, paths.DATA_FACTS),
        leaves=(paths.ARTEFACT,),
    ),
}

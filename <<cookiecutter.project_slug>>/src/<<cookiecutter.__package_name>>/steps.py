"""The steps from data to a packaged model: what each is for, what it needs and what it leaves."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from . import paths


@dataclass(frozen=True)
class Step:
    """A step that is run by hand.

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
        function: Callable[[], None] = import_module(self.module, __package__).run
        function()


STEPS = {
    "data": Step(
        "read the data, hold them to the schema, divide them",
        ".data.prepare",
        needs=(paths.PARAMS,),
        leaves=(paths.SCHEMA, paths.TRAIN, paths.VALIDATION, paths.TEST, paths.DATA_FACTS),
    ),
    "train": Step(
        "fit the model and export it",
        ".training.train",
        needs=(paths.PARAMS, paths.SCHEMA, paths.TRAIN, paths.VALIDATION),
        leaves=(paths.MODEL, paths.HISTORY),
    ),
    "evaluate": Step(
        "score the model, hold it to its gates, write the report and the cards",
        ".training.evaluate",
        needs=(paths.MODEL, paths.HISTORY, paths.TRAIN, paths.VALIDATION, paths.TEST),
        leaves=(paths.METRICS, paths.REPORT, paths.MODEL_CARD, paths.DATA_SHEET),
    ),
    "package": Step(
        "put the model and its manifest into one file",
        ".serving.package",
        needs=(paths.MODEL, paths.METRICS, paths.DATA_FACTS),
        leaves=(paths.ARTEFACT,),
    ),
}

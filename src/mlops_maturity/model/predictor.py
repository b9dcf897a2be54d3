"""Asking a packaged model, in this process."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, get_args

import numpy as np

from mlops_maturity.data import lanes
from mlops_maturity.data.features import Features, probed
from mlops_maturity.data.lanes import Lane
from mlops_maturity.data.schema import Schema
from mlops_maturity.data.targets import Target
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.artefact import Artefact
from mlops_maturity.model.refusals import require_moderate, require_self_contained
from mlops_maturity.model.trust import trusted_of
from mlops_maturity.project.contract import own
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Abstain, Task
from mlops_maturity.project.paths import ARTEFACT

if TYPE_CHECKING:
    import pandas as pd

# A model may need many times the memory of its input: so many rows are enough to keep it busy.
ROWS_AT_ONCE = 100_000
# The severity from which on ONNX Runtime logs.
FATAL = 4


class Session(Protocol):
    """A loaded model: what its lane has it see, to probabilities (rows, classes) or values (rows,)."""

    def __call__(self, inputs: Any) -> np.ndarray:
        """Answer."""


class Predictor:
    """A packaged model that answers.

    Attributes:
        manifest: what there is to know of it.
        task: classification or regression.
        lane: matrix or frame: what the model sees.
        schema: what a record must look like: the columns that the model needs.
        features: what the model sees of a record.
        target: what is predicted.
        written: when the model's file was written, in seconds since 1970.
    """

    def __init__(self, artefact: Artefact, written: float | None = None, root: Path | None = None) -> None:
        """Open a model.

        Args:
            artefact: the model and its manifest.
            written: when its file was written; by default, now.
            root: the checkout of the project whose features.py it needs; by default, the one at hand.

        Raises:
            ProjectError: it is damaged.
        """
        self.manifest = artefact.manifest
        self.written = time.time() if written is None else written
        self.task: Task = self.manifest["task"]
        self.lane: Lane = self.manifest["lane"]
        self.features = features_of(self.manifest["features"])
        self.schema = Schema.model_validate(self.manifest["schema"]).only(self.features.columns)
        self._root = root
        abstain = self.manifest.get("abstain")
        self.target = Target(
            self.manifest["target"],
            tuple(self.manifest["classes"]),
            Abstain.model_validate(abstain) if abstain else None,
            tuple(self.manifest.get("outputs", ())),
        )
        self._session = open_session(artefact.model, self.manifest, self.task)
        self._require_own_task()

    @classmethod
    def load(cls, path: Path = ARTEFACT, root: Path | None = None) -> "Predictor":
        """Load the packaged model.

        Args:
            path: its file.
            root: the checkout of the project whose features.py it needs; by default, the one at hand.

        Raises:
            ProjectError: it is missing or damaged.
        """
        artefact = artefacts.read(path, made_by="make package")
        try:
            return cls(artefact, path.stat().st_mtime, root)
        except ProjectError:
            raise
        except Exception as error:  # of pydantic, ONNX Runtime, skops: each has its own for what is damaged
            reason = (str(error).splitlines() or [""])[0] or type(error).__name__
            raise ProjectError(f"{path} cannot be opened ({reason}); run `make package` again") from None

    def _require_own_task(self) -> None:
        """Refuse a manifest of another model: what it says must fit what the model answers."""
        classes = len(self.target.classes)
        if self.task not in get_args(Task) or bool(classes) != (self.task == "classification"):
            raise ValueError(f"a manifest of {self.task!r} with {classes} classes")
        if self.manifest["format"] == "onnx":
            answered = self._session(np.zeros((1, len(self.features.names)), dtype=np.float32)).shape
            width = classes or (len(self.target.outputs) + 1 if self.target.outputs else 0)
            if answered != ((1, width) if width else (1,)):
                raise ValueError(f"the model answers {answered} to one row: its manifest is of another task")

    @cached_property
    def own_features(self) -> Features:
        """The features with the function of features.py, which must compute what it did when the model was trained.

        Raises:
            ProjectError: it does not: the model would answer to other values than it learned from.
        """
        if not self.features.derived:
            return self.features
        function = own("features", self.manifest["package"], self._root)
        found = replace(self.features, function=function)
        values = probed(found, self.schema)
        for name, expected in self.manifest["features"]["probe"].items():
            if values[name] != expected:
                raise function.refuse(
                    f"computes other values of {name!r} than when this model was trained; train it again, or restore "
                    "the file"
                )
        return found

    @property
    def age(self) -> float:
        """Seconds since the model's file was written."""
        return time.time() - self.written

    @property
    def version(self) -> str:
        """The version of the model, the same for the same model."""
        return str(self.manifest.get("version", "trained"))

    def of_inputs(self, inputs: Any) -> np.ndarray:
        """Probabilities (rows, classes), or values (rows,), of what the model's lane has it see.

        With further outputs, which the target names, the values are the first column of (rows, outputs + 1).
        """
        if len(inputs) <= ROWS_AT_ONCE:
            return self._session(inputs)
        starts = range(0, len(inputs), ROWS_AT_ONCE)
        return np.concatenate([self._session(inputs[start : start + ROWS_AT_ONCE]) for start in starts])

    def all_of_frame(self, frame: "pd.DataFrame") -> np.ndarray:
        """All that the model answers to a table that fits the schema."""
        return self.of_inputs(lanes.of_table(self.own_features, self.lane, frame))

    def of_frame(self, frame: "pd.DataFrame") -> np.ndarray:
        """Probabilities (rows, classes) or values (rows,) of a table that fits the schema."""
        return self.target.prediction(self.all_of_frame(frame))

    def of_rows(self, rows: Sequence[Sequence[Any]]) -> np.ndarray:
        """All that the model answers to records whose values are in the order of the features' columns."""
        return self.of_inputs(lanes.of_rows(self.own_features, self.lane, rows))

    def of_records(self, records: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """All that the model answers to records."""
        return self.of_rows(self.features.rows_of(records))

    def answers(self, predicted: np.ndarray) -> list[dict[str, Any]]:
        """What the service answers: the decoded prediction, and the probability of each class, or further outputs."""
        decoded, outputs = self.target.decode(self.target.prediction(predicted)), self.target.outputs
        if outputs:
            return [
                {"prediction": value, "outputs": dict(zip(outputs, rest, strict=True))}
                for value, rest in zip(decoded, predicted[:, 1:].tolist(), strict=True)
            ]
        if self.task == "regression":
            return [{"prediction": value} for value in decoded]
        names = [str(name) for name in self.target.classes]
        return [
            {"prediction": value, "probabilities": dict(zip(names, row, strict=True))}
            for value, row in zip(decoded, predicted.tolist(), strict=True)
        ]


def features_as_mapping(features: Features) -> dict[str, Any]:
    """The features as plain data, for the manifest."""
    return {
        "categories": {name: list(values) for name, values in features.categories.items()},
        "derived": list(features.derived),
        "formats": dict(features.formats),
        "missing": list(features.missing),
        "names": list(features.names),
        "numbers": list(features.numbers),
        "offsets": dict(features.offsets),
        "texts": list(features.texts),
        "times": list(features.times),
    }


def features_of(content: Mapping[str, Any]) -> Features:
    """The features that a manifest tells of."""
    return Features(
        numbers=tuple(content["numbers"]),
        categories={name: tuple(values) for name, values in sorted(content["categories"].items(), key=_order(content))},
        times=tuple(content["times"]),
        missing=tuple(content["missing"]),
        offsets=content["offsets"],
        formats=content["formats"],
        texts=tuple(content["texts"]),
        derived=tuple(content["derived"]),
    )


def _order(content: Mapping[str, Any]) -> Any:
    """The order of the matrix: a manifest is written with sorted keys."""
    return lambda item: content["names"].index(item[0])


def open_session(model: bytes, manifest: Mapping[str, Any], task: Task) -> Session:
    """Load a model; nothing in it is run but arithmetic, and types that the project trusts."""
    if manifest["format"] == "onnx":
        return _onnx_session(model, task)
    return _skops_session(model, task, manifest.get("trusted", []))


def _onnx_session(model: bytes, task: Task) -> Session:
    # Its official builds report home unless they are told not to before they are loaded.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    require_self_contained(model)
    options = onnxruntime.SessionOptions()
    # One record is too little work to share; a server uses its cores for several requests.
    options.intra_op_num_threads = 1
    # What it refuses is an exception, whose reader needs no log besides.
    options.log_severity_level = FATAL
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    output = session.get_outputs()[-1].name

    def run(inputs: np.ndarray) -> np.ndarray:
        answer: np.ndarray = session.run([output], {"features": inputs})[0]
        return answer if task == "classification" or answer.shape[-1] > 1 else answer.reshape(-1)

    return run


def _skops_session(model: bytes, task: Task, trusted: Sequence[str]) -> Session:
    import skops.io

    from mlops_maturity.model.estimator import answer

    require_moderate(model)
    estimator = skops.io.loads(model, trusted=trusted_of(model, trusted))
    if hasattr(estimator, "predict_proba") != (task == "classification"):
        raise ValueError(f"{type(estimator).__name__} is not for {task}")
    return lambda inputs: answer(estimator, task, inputs)

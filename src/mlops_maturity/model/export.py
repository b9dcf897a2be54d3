"""From a scikit-learn model to one that can be loaded without running foreign code, proven to answer the same."""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator

from mlops_maturity.data.lanes import Lane
from mlops_maturity.model import onnx_names
from mlops_maturity.model.artefact import NO_TIME
from mlops_maturity.model.foreign import forget_when, is_catboost, of_catboost, register
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Task

Format = Literal["onnx", "skops"]

OPSETS = {"": 18, "ai.onnx.ml": 3}
MOST_TOLD = 160
SKOPS_SCHEMA = "schema.json"
# Bounds of the parity gate: a conversion that is right differs by float32 rounding, on a hair's breadth by one leaf.
TYPICAL_DIFFERENCE = 1e-5
LARGE_DIFFERENCE = 1e-3
LARGE_SHARE = 1e-3
FLIPPED_SHARE = 1e-4


@dataclass(frozen=True)
class Exported:
    """A model in a safe format.

    Attributes:
        content: the model.
        format: of it.
        why: it is not ONNX, where its lane would have it so.
    """

    content: bytes
    format: Format
    why: str = ""


@dataclass(frozen=True)
class Parity:
    """How far the exported model's answers are from the trained one's.

    Attributes:
        typical: the 99.9th percentile of the absolute differences; of values, in standard deviations of the target.
        large: the share of rows that differ by more than a thousandth.
        flipped: the share of rows whose most probable class is another one, and was not as probable but for rounding.
    """

    typical: float
    large: float
    flipped: float

    @property
    def problem(self) -> str:
        """Why the exported model is not the trained one; nothing if it is."""
        for name, value, bound in (
            ("99.9th percentile of the differences", self.typical, TYPICAL_DIFFERENCE),
            ("share of rows that differ by over 0.001", self.large, LARGE_SHARE),
            ("share of rows with another class", self.flipped, FLIPPED_SHARE),
        ):
            if not value <= bound:
                return f"the {name} is {value:.2g}, over {bound:g}"
        return ""

    def check(self) -> None:
        """Raise if the exported model is not the same model.

        Raises:
            ProjectError: it is not.
        """
        if self.problem:
            raise ProjectError(f"parity: the exported model is not the trained one: {self.problem}")


def export(estimator: BaseEstimator, lane: Lane, width: int) -> Exported:
    """Write the model as ONNX, or with skops if it has a part that ONNX cannot express. Never as a pickle.

    Args:
        estimator: fitted.
        lane: what it sees: of a frame, ONNX expresses nothing that a service could ask at speed.
        width: the number of features of the matrix (rows, width), float32.
    """
    forget_when(estimator)
    if lane == "frame":
        return as_skops(estimator)
    try:
        model = of_catboost(estimator) if is_catboost(estimator) else _converted(estimator, width)
    except Exception as error:
        # Converters refuse in many ways what they do not know: whatever one says, skops can store the model.
        return as_skops(estimator, f"ONNX cannot express it: {_first_line(error)}")
    onnx_names.rename(model)
    # skl2onnx lists them in the order of a set, which differs from process to process.
    imports = sorted(model.opset_import, key=lambda opset: opset.domain)
    del model.opset_import[:]
    model.opset_import.extend(imports)
    return Exported(model.SerializeToString(deterministic=True), "onnx")


def as_skops(estimator: BaseEstimator, why: str = "") -> Exported:
    """Write the model with skops.

    Args:
        estimator: fitted.
        why: it is not written as ONNX.
    """
    import skops.io

    return Exported(_reproducible(skops.io.dumps(estimator)), "skops", why)


def _reproducible(stored: bytes) -> bytes:
    """A model stored with skops, the same bytes for the same model.

    skops names objects and the files of their arrays by where they lie in memory, and its zip entries carry the time.
    """
    with zipfile.ZipFile(io.BytesIO(stored)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(files.pop(SKOPS_SCHEMA))
    ids: dict[int, int] = {}
    names: dict[str, str] = {}

    def renamed(content: Any) -> Any:
        if isinstance(content, list):
            return [renamed(part) for part in content]
        if not isinstance(content, dict):
            return content
        found = {name: renamed(part) for name, part in content.items()}
        if isinstance(found.get("__id__"), int):
            found["__id__"] = ids.setdefault(found["__id__"], len(ids) + 1)
        if found.get("file") in files:
            number = names.setdefault(found["file"], str(len(names) + 1))
            found["file"] = number + Path(found["file"]).suffix
        return found

    written = json.dumps(renamed(schema), indent=2)
    entries = {SKOPS_SCHEMA: written.encode()}
    entries |= {number + Path(name).suffix: files[name] for name, number in names.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name, NO_TIME), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _converted(estimator: BaseEstimator, width: int) -> Any:
    from skl2onnx import to_onnx  # two seconds that only training needs
    from skl2onnx.common.data_types import FloatTensorType

    register()
    return to_onnx(
        estimator,
        initial_types=[("features", FloatTensorType([None, width]))],
        options={"zipmap": False} if hasattr(estimator, "predict_proba") else None,
        target_opset=OPSETS,
    )


def _first_line(error: Exception) -> str:
    """What an error says, without the lists of all that would be known instead."""
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {line}"[:MOST_TOLD]


def parity(task: Task, trained: np.ndarray, exported: np.ndarray, scale: float = 1.0) -> Parity:
    """Compare the answers of the trained and the exported model to the same rows.

    Args:
        task: classification or regression.
        trained: probabilities (rows, classes) or values (rows,).
        exported: the same from the exported model.
        scale: what a difference is measured in; the target's standard deviation for values.
    """
    if trained.shape != exported.shape:
        raise ProjectError(f"parity: the exported model answers {exported.shape}, the trained one {trained.shape}")
    differences = np.abs(trained - exported).reshape(len(trained), -1).max(axis=1) / scale
    flipped = _flipped(trained, exported) if task == "classification" else np.zeros(1)
    return Parity(
        typical=float(np.quantile(differences, 0.999)),
        large=float(np.mean(differences > LARGE_DIFFERENCE)),
        flipped=float(np.mean(flipped)),
    )


def _flipped(trained: np.ndarray, exported: np.ndarray) -> np.ndarray:
    """Which rows get a class that the trained model finds less probable; between equal ones rounding decides."""
    chosen = np.take_along_axis(trained, exported.argmax(axis=1)[:, None], axis=1)[:, 0]
    short: np.ndarray = trained.max(axis=1) - chosen
    return short > TYPICAL_DIFFERENCE

"""From a scikit-learn model to one that can be loaded without running foreign code, proven to answer the same."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.base import BaseEstimator

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Task

Format = Literal["onnx", "skops"]

OPSET = 18
# Bounds of the parity gate: a conversion that is right differs by float32 rounding, on a hair's breadth by one leaf.
TYPICAL_DIFFERENCE = 1e-5
LARGE_DIFFERENCE = 1e-3
LARGE_SHARE = 1e-3
FLIPPED_SHARE = 1e-4


@dataclass(frozen=True)
class Exported:
    """A model in a safe format."""

    content: bytes
    format: Format


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

    def check(self) -> None:
        """Raise if the exported model is not the same model.

        Raises:
            ProjectError: it is not.
        """
        for name, value, bound in (
            ("99.9th percentile of the differences", self.typical, TYPICAL_DIFFERENCE),
            ("share of rows that differ by over 0.001", self.large, LARGE_SHARE),
            ("share of rows with another class", self.flipped, FLIPPED_SHARE),
        ):
            if not value <= bound:
                raise ProjectError(
                    f"parity: the exported model is not the trained one: the {name} is {value:.2g}, over {bound:g}"
                )


def export(estimator: BaseEstimator, width: int) -> Exported:
    """Write the model as ONNX, or with skops if it has a part that ONNX cannot say. Never as a pickle.

    Args:
        estimator: fitted; takes float32 (rows, width).
        width: the number of features.
    """
    from skl2onnx import to_onnx  # two seconds that only training needs
    from skl2onnx.common.data_types import FloatTensorType
    from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator

    try:
        model = to_onnx(
            estimator,
            initial_types=[("features", FloatTensorType([None, width]))],
            options={"zipmap": False} if hasattr(estimator, "predict_proba") else None,
            target_opset=OPSET,
        )
    except (MissingConverter, MissingShapeCalculator):
        import skops.io

        return Exported(skops.io.dumps(estimator), "skops")
    # skl2onnx lists them in the order of a set, which differs from process to process.
    imports = sorted(model.opset_import, key=lambda opset: opset.domain)
    del model.opset_import[:]
    model.opset_import.extend(imports)
    return Exported(model.SerializeToString(deterministic=True), "onnx")


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

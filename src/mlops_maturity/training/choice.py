"""Which lane an estimator takes: it says so itself by how it selects its columns, or params.yaml settles it."""

from collections.abc import Iterator
from typing import Any

from sklearn.compose import ColumnTransformer

from mlops_maturity.data.lanes import LANES, Lane
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import PARAMS
from mlops_maturity.training.models import Kind


def lane_of(estimator: Any, params: Params, kind: Kind = "model") -> Lane:
    """The lane of an estimator that is not fitted yet.

    Args:
        estimator: of `models.build`.
        params: the project's settings.
        kind: of the model: all but the project's own see the matrix.

    Raises:
        ProjectError: `model.lane` in params.yaml is none.
    """
    if kind != "model":
        return "matrix"
    wanted = params.model.get("lane")
    if wanted is not None and wanted not in LANES:
        raise ProjectError(f"{PARAMS}: model.lane is {wanted!r}; {' or '.join(LANES)} is needed, or nothing")
    return wanted or ("frame" if any(map(_needs_names, _parts(estimator))) else "matrix")


def _parts(estimator: Any) -> Iterator[Any]:
    """An estimator and all that it is made of."""
    yield estimator
    if hasattr(estimator, "get_params"):
        yield from estimator.get_params(deep=True).values()


def _needs_names(part: Any) -> bool:
    """Whether a part selects columns by name or by type, which only a frame has."""
    if isinstance(part, ColumnTransformer):
        return any(_is_by_name(columns) for _, _, columns in part.transformers)
    return getattr(part, "lane", "") == "frame" or _has_names(getattr(part, "categorical_features", None))


def _is_by_name(columns: Any) -> bool:
    if isinstance(columns, slice):
        return isinstance(columns.start or columns.stop, str)
    return callable(columns) or isinstance(columns, str) or _has_names(columns)


def _has_names(columns: Any) -> bool:
    return not isinstance(columns, str) and hasattr(columns, "__iter__") and any(isinstance(c, str) for c in columns)

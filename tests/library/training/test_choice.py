"""An estimator takes the frame if it selects columns by name, and the matrix otherwise, unless params.yaml says so."""

from typing import Any

import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params
from mlops_maturity.training.choice import lane_of


class Framed(LogisticRegression):  # type: ignore[misc]
    """An estimator that says itself what it takes."""

    lane = "frame"


def selecting(columns: Any) -> Any:
    return make_pipeline(make_column_transformer(("passthrough", columns)), LogisticRegression())


@pytest.mark.guards("OWN-02")
@pytest.mark.parametrize(
    ("estimator", "lane"),
    [
        (LogisticRegression(), "matrix"),
        (selecting([0, 2]), "matrix"),
        (selecting(slice(0, 2)), "matrix"),
        (selecting([True, False]), "matrix"),
        (HistGradientBoostingClassifier(categorical_features=[0]), "matrix"),
        (selecting(["island"]), "frame"),
        (selecting("island"), "frame"),
        (selecting(slice("island", "sex")), "frame"),
        (selecting(slice(None, "sex")), "frame"),
        (selecting(make_column_selector(dtype_include="category")), "frame"),
        (HistGradientBoostingClassifier(categorical_features=["island"]), "frame"),
        (Framed(), "frame"),
        (make_pipeline(Framed()), "frame"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_lane_is_that_of_how_columns_are_selected(estimator: Any, lane: str, params: Params) -> None:
    assert lane_of(estimator, params) == lane
    assert lane_of(estimator, params, "simple") == "matrix"


@pytest.mark.parametrize("lane", ["matrix", "frame"])
def test_lane_of_the_settings_comes_first(lane: str, params: Params) -> None:
    settled = params.changed(model={**params.model, "lane": lane})
    assert lane_of(LogisticRegression(), settled) == lane
    assert lane_of(Framed(), settled) == lane


def test_lane_that_is_none_is_refused(params: Params) -> None:
    settled = params.changed(model={**params.model, "lane": "table"})
    with pytest.raises(ProjectError, match=r"model\.lane is 'table'; matrix or frame is needed, or nothing"):
        lane_of(LogisticRegression(), settled)

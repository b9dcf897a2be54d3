"""Shops whose predictions are monitored: they need no run of the pipeline."""

import pytest

from library.shop import TARGETS, Shop, open_shop
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.params import Params


@pytest.fixture(params=list(TARGETS))
def shop(request: pytest.FixtureRequest) -> Shop:
    """A shop of each kind of target."""
    return open_shop(request.param)


@pytest.fixture(scope="session")
def binary() -> Shop:
    """One shop, for what does not depend on the target."""
    return open_shop("binary")


@pytest.fixture(scope="session")
def predictor(binary: Shop) -> Predictor:
    """Its packaged model."""
    return binary.predictor


@pytest.fixture(scope="session")
def params(binary: Shop) -> Params:
    """The settings of its project."""
    return binary.params

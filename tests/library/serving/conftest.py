"""The service of the shop: it needs no run of the pipeline."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from library.shop import Shop, open_shop
from library.waiting import wait_until
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.serving.live import LiveApp
from mlops_maturity.serving.log import PredictionLog
from mlops_maturity.serving.service import example


@pytest.fixture(scope="session")
def shop() -> Shop:
    """A shop whose customers are of two classes."""
    return open_shop()


@pytest.fixture(scope="session")
def predictor(shop: Shop) -> Predictor:
    """Its packaged model."""
    return shop.predictor


@pytest.fixture(scope="session")
def served_project(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its project with the packaged model, to serve from; not to be changed."""
    return shop.project(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where predictions are logged."""
    return tmp_path / "logs" / "predictions.sqlite"


@pytest.fixture
def log(file: Path) -> Iterator[PredictionLog]:
    """A prediction log, closed at the end."""
    log = PredictionLog(f"sqlite:///{file}")
    yield log
    log.close(5)


@pytest.fixture
def client(predictor: Predictor, log: PredictionLog) -> Iterator[TestClient]:
    """A client of the live service."""
    with TestClient(LiveApp(predictor, log)) as client:
        wait_until(lambda: log.is_open)
        yield client


@pytest.fixture
def body(predictor: Predictor) -> dict[str, Any]:
    """A valid request with one record."""
    return {"records": [example(predictor.schema)]}

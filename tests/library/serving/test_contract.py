"""The service keeps what its own document promises, and no request breaks it."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from library.serving.malformed import malformed
from library.serving.test_live import JSON
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.serving.live import LiveApp
from mlops_maturity.serving.log import PredictionLog
from mlops_maturity.serving.service import example

pytestmark = pytest.mark.guards("1-API")

EXAMPLES = 10
REQUESTS = 300


@pytest.fixture(scope="module")
def app(predictor: Predictor, tmp_path_factory: pytest.TempPathFactory) -> LiveApp:
    """One service for all of it, as in production."""
    log = PredictionLog(f"sqlite:///{tmp_path_factory.mktemp('log')}/predictions.sqlite")
    return LiveApp(predictor, log)


@pytest.fixture(scope="module")
def client(app: LiveApp) -> Iterator[TestClient]:
    """Its client."""
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_document_is_kept(app: LiveApp, client: TestClient, mode: GenerationMode) -> None:
    document = schemathesis.openapi.from_asgi("/openapi.json", app)
    asked = set()
    for operation in document.get_all_operations():
        assert isinstance(operation, Ok)
        call = operation.ok()
        if mode == GenerationMode.NEGATIVE and not call.body:
            continue  # what takes nothing cannot be asked wrongly

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(call.as_strategy(generation_mode=mode))
        def keeps(case: Any) -> None:
            case.call_and_validate(session=client)

        keeps()
        asked.add(call.path)
    assert {"/labels", "/predict"} <= asked


def test_malformed_requests_are_refused_and_break_nothing(client: TestClient, predictor: Predictor) -> None:
    generator = random.Random(7)  # noqa: S311
    good = example(predictor.schema)
    statuses = {
        client.post("/predict", content=malformed(generator, good), headers=JSON).status_code for _ in range(REQUESTS)
    }
    assert statuses <= {200, 422}
    assert 422 in statuses
    assert client.post("/predict", json={"records": [good]}).status_code == 200

"""The service keeps what its own document promises, and nothing that is sent to it breaks it."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from << cookiecutter.__package_name >>.serving.live import LiveApp
from << cookiecutter.__package_name >>.serving.log import PredictionLog
from << cookiecutter.__package_name >>.serving.predictor import Predictor
from << cookiecutter.__package_name >>.serving.service import example

pytestmark = pytest.mark.requirement("1-API")

EXAMPLES = 20
REQUESTS = 500
JSON = {"Content-Type": "application/json"}
ODD: list[Any] = [
    "",
    "é",
    "\ud800",
    "null",
    None,
    True,
    False,
    0,
    -1,
    1e308,
    -0.0,
    10**30,
    [],
    {},
    [[]],
    {"a": {}},
    "x" * 11_000,
]
ODD_BYTES = [b"", b"\xff\xfe", b"\x00", b"[" * 5_000, b'{"records": [', b"NaN", b"1e999", b'"\\ud800"', b"9" * 5_000]


@pytest.fixture(scope="module")
def app(predictor: Predictor, tmp_path_factory: pytest.TempPathFactory) -> LiveApp:
    log = PredictionLog(f"sqlite:///{tmp_path_factory.mktemp('log')}/predictions.sqlite")
    return LiveApp(predictor, log)


@pytest.fixture(scope="module")
def client(app: LiveApp) -> Iterator[TestClient]:
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


def malformed(generator: random.Random, good: dict[str, Any]) -> bytes:
    """A request that is wrong in one of many ways (and now and then by chance in none)."""
    name = generator.choice(list(good))
    records: Any = [good | {name: generator.choice(ODD)}]
    body: Any = {"records": records}
    match generator.randrange(6):
        case 0:
            return generator.choice(ODD_BYTES)
        case 1:
            content = json.dumps({"records": [good]}).encode()
            return content[: generator.randrange(len(content))]
        case 2:
            changed = bytearray(json.dumps({"records": [good]}).encode())
            changed[generator.randrange(len(changed))] = generator.randrange(256)
            return bytes(changed)
        case 3:
            body = generator.choice(ODD)
        case 4:
            body = {"records": generator.choice(ODD)}
        case _:
            pass
    return json.dumps(body).encode()

"""The service under what nobody means well with: it breaks at nothing, and does not grow."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Project
from served import RECORD, packaged, serving

REQUESTS = 10_000
MOST_MEGABYTES = 120
# What memory may vary by without growing.
ROOM = 3

# The project's own malformed requests, many more of them than its suite has time for.
ASK = """
import importlib.util, json, random, sys
from collections import Counter
from http.client import HTTPConnection

port, first, count, record = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4])
spec = importlib.util.spec_from_file_location("contract", "tests/serving/test_contract.py")
contract = importlib.util.module_from_spec(spec)
spec.loader.exec_module(contract)
statuses = Counter()
connection = HTTPConnection("127.0.0.1", port, timeout=20)
generator = random.Random(first)
for _ in range(count):
    connection.request("POST", "/predict", contract.malformed(generator, record), contract.JSON)
    response = connection.getresponse()
    response.read()
    statuses[response.status] += 1
print(json.dumps(statuses))
"""


@pytest.fixture(scope="module")
def python(environment: Callable[..., Path]) -> Path:
    return environment("none", "1")


@pytest.fixture(scope="module")
def project(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return packaged(tmp_path_factory.mktemp("project"), python)


@pytest.mark.speed("deep")
def test_malformed_requests_break_nothing_and_take_no_memory(project: Project, python: Path) -> None:
    with serving(project, python) as service:
        sizes = []
        statuses: dict[str, int] = {}
        for part in range(4):
            arguments = (str(service.port), str(part), str(REQUESTS // 4), json.dumps(RECORD))
            counts = json.loads(project.python(python, "-c", ASK, *arguments).stdout)
            statuses = {status: statuses.get(status, 0) + counts.get(status, 0) for status in statuses | counts}
            sizes.append(service.megabytes())
        service.predict()
    assert set(statuses) <= {"200", "422"}
    assert sum(statuses.values()) == REQUESTS
    assert sizes[-1] - sizes[0] <= ROOM, sizes
    assert max(sizes) <= MOST_MEGABYTES, sizes

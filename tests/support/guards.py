"""Which test shows the planted defect of which row of the requirements: `@pytest.mark.guards("CI-03a")`.

`pytest --collect-only --guards-to=FILE` writes it down, and `make docs` makes a page of it.
"""

import json
from pathlib import Path

import pytest
import speeds


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--guards-to", type=Path, help="a JSON file for what guards each row of the requirements")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "guards(*rows): the test fails if these rows do not hold")


def pytest_collection_finish(session: pytest.Session) -> None:
    to: Path | None = session.config.getoption("--guards-to")
    if to is None:
        return
    tests = session.config.rootpath / "tests"
    found = []
    for item in session.items:
        name = item.name.partition("[")[0]
        # A planted defect is called by its name; other parameters say nothing about the row.
        callspec = getattr(item, "callspec", None)
        defect = callspec.id if callspec and "planted" in callspec.params else ""
        for row in {row for marker in item.iter_markers("guards") for row in marker.args}:
            path = item.path.relative_to(session.config.rootpath).as_posix()
            found.append([row, speeds.speed_of(item, tests), f"{path}::{name}", defect])
    to.write_text(json.dumps(sorted(found)))

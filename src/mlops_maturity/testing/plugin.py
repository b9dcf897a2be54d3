"""The pytest plugin of a project's tests: its settings and data, one run of all steps, the service.

Tests run on the real data where they are at hand, on at most 20,000 rows of them. Where they are not (a fork, a runner
without access to the DVC remote) they run on rows synthesised from data/schema.yaml, and what only real data can show
is reported as not exercised.
"""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlops_maturity.data import schema as schemas
from mlops_maturity.data.schema import Schema
from mlops_maturity.project import answers
from mlops_maturity.project import params as settings
from mlops_maturity.project.contract import SOURCE
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import ARTEFACT, PARAMS, SCHEMA, TEST
from mlops_maturity.project.sources import NotAtHandError
from mlops_maturity.project.storage import fetch

if TYPE_CHECKING:
    import pandas as pd
    from _pytest.terminal import TerminalReporter
    from starlette.testclient import TestClient

    from mlops_maturity.model.predictor import Predictor

MOST_ROWS = 20_000
REMARK = "remark"
MARKERS = (
    "requirement(id): the row of the level's requirements that the test is for",
    "ml_test_score(test, points): the test of the ML Test Score (Breck et al. 2017) that it automates",
)


@dataclass(frozen=True)
class Table:
    """Rows that the tests run on, and whether they are real."""

    frame: "pd.DataFrame"
    is_real: bool


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marks, and go to the project's root folder, where every command of the library runs."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    os.chdir(config.rootpath)
    # The package of this folder, also where none or another one is installed.
    sys.path.insert(0, str(config.rootpath / SOURCE))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse to run without complete settings; fetch the data, if they can be had."""
    try:
        schemas.load()
        params = settings.load()
        if not params.is_complete:
            raise ProjectError(f"{PARAMS} still has nulls; run `make data` and commit what it fills in")
    except ProjectError as error:
        pytest.exit(str(error), returncode=1)
    # The workers of pytest-xdist find what the process that started them has fetched.
    if not hasattr(session.config, "workerinput"):
        try:
            fetch(params.data.raw)
        except ProjectError:
            print(f"{params.data.raw or 'a file'} cannot be pulled: tests run on rows synthesised from the schema")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let a report (`pytest --junitxml`) say what each result is for: requirements, and points of the score."""
    for marker in item.iter_markers("requirement"):
        item.user_properties.append(("requirement", marker.args[0]))
    for marker in item.iter_markers("ml_test_score"):
        test, points = marker.args
        item.user_properties.append(("ml_test_score", f"{test}: {points}"))


def pytest_terminal_summary(terminalreporter: "TerminalReporter") -> None:
    """Print what tests that passed remarked."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == REMARK:
                terminalreporter.write_line(f"REMARK {report.nodeid}: {value}")


@pytest.fixture
def remark(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say something of a test that passes: it is printed at the end, and in the report. Nothing is said by no text."""
    return lambda text: request.node.user_properties.append((REMARK, text)) if text else None


@pytest.fixture(scope="session")
def params(pytestconfig: pytest.Config) -> Params:
    """The project's settings."""
    return settings.load(pytestconfig.rootpath / PARAMS)


@pytest.fixture(scope="session")
def schema(pytestconfig: pytest.Config) -> Schema:
    """The project's schema."""
    return schemas.load(pytestconfig.rootpath / SCHEMA)


@pytest.fixture(scope="session")
def table(params: Params, schema: Schema) -> Table:
    """What data.py loads, or a table that was synthesised."""
    from mlops_maturity.data.synthesis import synthesise
    from mlops_maturity.pipeline.ingest import load_data

    made_up = Table(synthesise(schema, params.data.target), is_real=False)
    if params.data.raw is not None and not params.data.raw.exists():
        return made_up
    try:
        frame = load_data()
    except NotAtHandError as error:
        print(error)
        return made_up
    if len(frame) > MOST_ROWS:
        frame = frame.sample(MOST_ROWS, random_state=params.split.seed).sort_index().reset_index(drop=True)
    return Table(frame, is_real=True)


@pytest.fixture(scope="session")
def rows(table: Table, params: Params, schema: Schema) -> "pd.DataFrame":
    """The rows that a model can learn from."""
    from mlops_maturity.data.conversion import conform
    from mlops_maturity.data.sets import learnable

    return learnable(conform(schema, table.frame), schema, params)[0]


@pytest.fixture(scope="session")
def real_rows(table: Table, rows: "pd.DataFrame") -> "pd.DataFrame":
    """The rows that a model can learn from, if they are real."""
    if not table.is_real:
        pytest.skip("not exercised: the real data are not at hand")
    return rows


@pytest.fixture(scope="session")
def workspace(
    table: Table, params: Params, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder in which every step was run once, with gates that are always open."""
    from mlops_maturity.testing.workspace import fill

    folder = tmp_path_factory.mktemp("workspace")
    fill(folder, pytestconfig.rootpath, table.frame, params)
    return folder


@pytest.fixture
def in_workspace(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder, as the current one."""
    monkeypatch.chdir(workspace)
    return workspace


@pytest.fixture(scope="session")
def held_out(workspace: Path, real_rows: "pd.DataFrame") -> "pd.DataFrame":  # noqa: ARG001 - only if they are real
    """The rows of the test set."""
    import pandas as pd

    return pd.read_parquet(workspace / TEST)


@pytest.fixture(scope="session")
def predictor(workspace: Path) -> "Predictor":
    """The packaged model."""
    from mlops_maturity.model.predictor import Predictor

    return Predictor.load(workspace / ARTEFACT)


@pytest.fixture(scope="session")
def client(predictor: "Predictor", tmp_path_factory: pytest.TempPathFactory) -> Iterator["TestClient"]:
    """A client of the service with the packaged model; from level 1 on the service has a prediction log."""
    from fastapi.testclient import TestClient

    if answers.load().level == 0:
        from mlops_maturity.serving.service import create_app

        with TestClient(create_app(predictor)) as found:
            yield found
        return
    from mlops_maturity.serving.live import LiveApp
    from mlops_maturity.serving.log import PredictionLog

    log = PredictionLog(f"sqlite:///{tmp_path_factory.mktemp('log') / 'predictions.sqlite'}")
    with TestClient(LiveApp(predictor, log)) as found:
        yield found

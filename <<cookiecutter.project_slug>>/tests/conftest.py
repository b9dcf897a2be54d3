"""What the suites share: the project's own settings, and one run of all steps in a folder of its own.

The suites run on the real data where they are at hand, on at most 20,000 rows of them. Where they are not (a fork, a
runner without access to the storage) they run on rows made up from data/schema.yaml, and what only real data can tell
is reported as not exercised.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from << cookiecutter.__package_name >> import params as settings
from << cookiecutter.__package_name >>.data import schema as schemas
from << cookiecutter.__package_name >>.data.reading import read_table
from << cookiecutter.__package_name >>.data.schema import Schema
from << cookiecutter.__package_name >>.data.sets import learnable
from << cookiecutter.__package_name >>.data.synthesis import synthesise
from << cookiecutter.__package_name >>.errors import ProjectError
from << cookiecutter.__package_name >>.params import Params
from << cookiecutter.__package_name >>.paths import ARTEFACT, DATA_SHEET, MODEL_CARD, PARAMS, SCHEMA
from << cookiecutter.__package_name >>.serving.predictor import Predictor
from << cookiecutter.__package_name >>.steps import STEPS

ROOT = Path(__file__).resolve().parent.parent
MOST_ROWS = 20_000
# The suites on steps ask whether they work. Whether the model is good enough, the suite on the model asks.
NO_GATE = -1e9


@dataclass(frozen=True)
class Table:
    """Rows that the suites run on, and whether they are real."""

    frame: pd.DataFrame
    is_real: bool


def pytest_sessionstart() -> None:
    os.chdir(ROOT)
    try:
        schemas.load()
        if not settings.load().is_complete:
            raise ProjectError(f"{PARAMS} still has nulls; run `make data` and commit what it fills in")
    except ProjectError as error:
        pytest.exit(str(error), returncode=1)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let a report (`pytest --junitxml`) say what each result stands for: requirements, and points of the score."""
    for marker in item.iter_markers("requirement"):
        item.user_properties.append(("requirement", marker.args[0]))
    for marker in item.iter_markers("ml_test_score"):
        test, points = marker.args
        item.user_properties.append(("ml_test_score", f"{test}: {points}"))


@pytest.fixture(scope="session")
def params() -> Params:
    """The project's settings."""
    return settings.load(ROOT / PARAMS)


@pytest.fixture(scope="session")
def schema() -> Schema:
    """The project's schema."""
    return schemas.load(ROOT / SCHEMA)


@pytest.fixture(scope="session")
def table(params: Params, schema: Schema) -> Table:
    """The raw table, or one made up."""
    path = ROOT / params.data.raw
    if not path.exists():
        return Table(synthesise(schema, params.data.target), is_real=False)
    frame = read_table(path)
    if len(frame) > MOST_ROWS:
        frame = frame.sample(MOST_ROWS, random_state=params.split.seed).sort_index().reset_index(drop=True)
    return Table(frame, is_real=True)


@pytest.fixture(scope="session")
def rows(table: Table, params: Params, schema: Schema) -> pd.DataFrame:
    """The rows that a model can learn from."""
    return learnable(schema.conform(table.frame), schema, params)[0]


@pytest.fixture(scope="session")
def workspace(table: Table, params: Params, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every step has been run."""
    folder = tmp_path_factory.mktemp("workspace")
    raw = folder / params.data.raw
    for path in (raw, folder / DATA_SHEET):
        path.parent.mkdir(parents=True, exist_ok=True)
    for path in (PARAMS, SCHEMA, MODEL_CARD, DATA_SHEET):
        shutil.copy(ROOT / path, folder / path)
    if raw.suffix in (".parquet", ".pq"):
        table.frame.to_parquet(raw, index=False)
    else:
        table.frame.to_csv(raw, index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(settings, "load", lambda: _ungated(params))
        for step in STEPS.values():
            step.run()
    return folder


def _ungated(params: Params) -> Params:
    return params.changed(**{"gates.beats_trivial": NO_GATE, "gates.beats_simple": NO_GATE, "gates.targets": {}})


@pytest.fixture
def in_workspace(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder, as the current one."""
    monkeypatch.chdir(workspace)
    return workspace


@pytest.fixture(scope="session")
def predictor(workspace: Path) -> Predictor:
    """The packaged model."""
    return Predictor.load(workspace / ARTEFACT)


@pytest.fixture(scope="session")
def real_rows(table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that a model can learn from, if they are real."""
    if not table.is_real:
        pytest.skip("not exercised: the real data are not at hand")
    return rows

"""What the tests of the library share: a generated sample project, a folder in which all steps ran, repositories.

What a fixture of a whole session returns is not to be changed; `project`, `in_workspace` and the repositories of
library/sandbox.py are copies, or are there to be read in.
"""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from conftest import bake_into
from filelock import FileLock

from library.sandbox import RAW, fresh, in_production, promoted, repository, trained, untrained
from mlops_maturity.data import schema as schemas
from mlops_maturity.data.conversion import conform
from mlops_maturity.data.reading import read_table
from mlops_maturity.data.schema import Schema
from mlops_maturity.data.sets import learnable
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project import params as settings
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import ARTEFACT, PARAMS, SCHEMA

ANSWERS = {"maturity_level": "2", "ci_provider": "github", "cloud": "none", "deploy_target": "docker"}

__all__ = ["fresh", "in_production", "promoted", "repository", "trained", "untrained"]

Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session", autouse=True)
def _libraries_are_compiled() -> None:
    """Nothing is installed here, so there is nothing to compile."""


@pytest.fixture(autouse=True)
def _imports_of_a_test_end_with_it() -> Iterator[None]:
    """The library imports the package of the project at hand; the next test has another project."""
    path, known = sys.path.copy(), own_modules()
    yield
    sys.path[:] = path
    for name in own_modules():
        del sys.modules[name]
    sys.modules.update(known)


def own_modules() -> dict[str, ModuleType]:
    """What is imported of the sample project's package."""
    return {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "penguin_species"}


@pytest.fixture(scope="session")
def once(shared: Path) -> Once:
    """A folder that one worker fills and all workers read: `once("name", fill)`."""

    def folder(name: str, fill: Callable[[Path], None]) -> Path:
        whole = shared / "library" / name
        whole.parent.mkdir(exist_ok=True)
        with FileLock(f"{whole}.lock"):
            if not whole.exists():
                begun = whole.with_name(f"{name}.begun")
                shutil.rmtree(begun, ignore_errors=True)
                begun.mkdir()
                fill(begun)
                begun.rename(whole)
        return whole

    return folder


@pytest.fixture(scope="session")
def sample_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated project of the sample data at level 2, whose package can be imported."""
    path = bake_into(tmp_path_factory.mktemp("sample"), **ANSWERS).path
    sys.path.insert(0, str(path / "src"))
    return path


@pytest.fixture
def project(sample_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sample project, to be changed, as the current folder."""
    copy = shutil.copytree(sample_project, tmp_path / sample_project.name, symlinks=True)
    monkeypatch.chdir(copy)
    return copy


@pytest.fixture(scope="session")
def trained_workspace(trained: Path) -> Path:
    """The sample project after every step ran, with gates that are always open."""
    return trained / "here"


@pytest.fixture
def in_workspace(trained_workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder, as the current one."""
    monkeypatch.chdir(trained_workspace)
    return trained_workspace


@pytest.fixture(scope="session")
def predictor(trained_workspace: Path) -> Predictor:
    """The packaged model of the sample project."""
    return Predictor.load(trained_workspace / ARTEFACT)


@pytest.fixture(scope="session")
def params(sample_project: Path) -> Params:
    """The settings of the sample project."""
    return settings.load(sample_project / PARAMS)


@pytest.fixture(scope="session")
def schema(sample_project: Path) -> Schema:
    """The schema of the sample project."""
    return schemas.load(sample_project / SCHEMA)


@pytest.fixture(scope="session")
def table(sample_project: Path) -> pd.DataFrame:
    """The raw table of the sample project."""
    return read_table(sample_project / RAW)


@pytest.fixture(scope="session")
def rows(table: pd.DataFrame, params: Params, schema: Schema) -> pd.DataFrame:
    """The rows of the sample project that a model can learn from."""
    return learnable(conform(schema, table), schema, params)[0]

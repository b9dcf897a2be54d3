"""A project whose data are replaced by small tables."""

from pathlib import Path

import pytest
from conftest import bake_into

from library.own_table import OwnTable
from library.tables import clean


@pytest.fixture(scope="session")
def own_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated project of level 0 with a table of its own."""
    folder = tmp_path_factory.mktemp("own")
    clean().to_csv(folder / "table.csv", index=False)
    return bake_into(folder, project_name="Own Table", dataset=str(folder / "table.csv"), target="ziel").path


@pytest.fixture
def own_table(own_project: Path, monkeypatch: pytest.MonkeyPatch) -> OwnTable:
    """That project as the current folder."""
    monkeypatch.chdir(own_project)
    return OwnTable(own_project)

"""Each recipe of docs/your_own_code.md does what the page says, in a project as it is generated."""

import re
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from _pytest.mark import ParameterSet
from conftest import Bake, Project
from fastapi.testclient import TestClient
from living import Team, Versions
from recipes import Recipe, python_for, recipes

from mlops_maturity.__main__ import main
from mlops_maturity.data import schema as schemas
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project import params as settings
from mlops_maturity.project.paths import SCHEMA
from mlops_maturity.serving.service import create_app
from mlops_maturity.testing import learning, repository
from mlops_maturity.testing.repository.check import CHECKS
from mlops_maturity.testing.service import as_sent
from mlops_maturity.testing.workspace import stages

pytestmark = pytest.mark.guards("OWN-02", "OWN-04")
PIPELINE = (
    "raw_data_are_tracked_by_dvc",
    "stages_depend_on_the_files_that_they_read",
    "stages_depend_on_the_teams_code",
)


def all_of_them() -> list[ParameterSet]:
    """Variants are of speed `deep`."""
    return [
        pytest.param(recipe, id=recipe.title, marks=pytest.mark.speed("deep") if recipe.is_variant else [])
        for recipe in recipes()
    ]


def really_run() -> list[ParameterSet]:
    """One of each kind is of the folder's speed."""
    return [
        pytest.param(recipe, id=recipe.title, marks=[] if "kind" in recipe.options else pytest.mark.speed("deep"))
        for recipe in recipes()
    ]


@pytest.fixture
def birds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database of the birds, whose URL is in the environment."""
    path = tmp_path / "birds.sqlite"
    monkeypatch.setenv("BIRDS", f"sqlite:///{path}")
    return path


def apply(recipe: Recipe, project: Project, birds: Path) -> None:
    rows = pd.read_csv(project.path / "data" / "raw" / "penguins.csv")
    with sqlite3.connect(birds) as connection:
        rows.rename_axis("number").reset_index().to_sql("penguins", connection, index=False)
    recipe.apply(project.path, project.package)


def answers(recipe: Recipe) -> dict[str, str]:
    return {"maturity_level": "1", "target": recipe.options.get("target", "species")}


@pytest.mark.parametrize("recipe", all_of_them())
def test_recipe_trains_is_served_and_meets_its_suites(
    recipe: Recipe, copy_of: Bake, birds: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    project = copy_of(**answers(recipe))
    apply(recipe, project, birds)
    monkeypatch.chdir(project.path)
    monkeypatch.setenv("PYTHONPATH", str(project.path / "src"))
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")  # to start processes would take longer than what they do
    if not SCHEMA.exists() or not settings.load().is_complete:
        assert main(["ingest"]) == 0
    for stage in stages():
        stage.run()
    if recipe.options.get("tune"):
        assert main(["tune"]) == 0
    params, schema = settings.load(), schemas.load()
    rows = pd.read_parquet("data/processed/train.parquet")
    curve = learning.curve(rows, schema, params)
    said = f"{capfd.readouterr().out}{curve.remark}\n"
    assert recipe.options.get("says", "") in said
    assert recipe.not_printed(said) == []
    assert Path(recipe.options.get("leaves", ".")).exists()
    predictor = Predictor.load()
    with TestClient(create_app(predictor)) as client:
        some = pd.read_parquet("data/processed/test.parquet").head(5)[list(predictor.schema.columns)]
        response = client.post("/predict", json={"records": as_sent(some, predictor.schema)})
    assert response.status_code == 200, response.text
    for check in CHECKS:
        if check.name in PIPELINE:
            check(repository.here())
    if not recipe.is_variant:
        project.run(sys.executable, "-m", "ruff", "check", "src")
    assert learning.overfit(rows, schema, params).share > learning.ENOUGH
    assert curve.fall > 0.01


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    return Versions(tmp_path_factory.mktemp("versions"))


@pytest.mark.guards("T-11")
@pytest.mark.parametrize("recipe", really_run())
def test_project_with_a_recipe_is_raised_and_all_its_suites_are_green(
    recipe: Recipe, versions: Versions, tmp_path: Path, environment: Callable[..., Path], birds: Path
) -> None:
    """It runs at level 1, trains only when something has changed, and goes on at level 2."""
    (tmp_path / "projects").mkdir()
    project = versions.bake(tmp_path / "projects", **answers(recipe))
    python = python_for(recipe, project, environment, "2")
    team = Team(project, python, str(versions.path))
    apply(recipe, project, birds)
    more = {"BIRDS": f"sqlite:///{birds}", "PYTHONPATH": str(project.path / "src")}

    def run() -> str:
        done = project.run(str(python), "-m", "mlops_maturity", "run", check=False, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    ran = run()
    assert recipe.options.get("says", "") in ran
    assert "trained " not in run()
    team.commit("Our own code")
    owned = {name: text for name, text in team.files().items() if name.startswith("src/")}
    team.asks("level-up", "--level=2")
    assert {name: text for name, text in team.files().items() if name.startswith("src/")} == owned
    left_out = [f"--ignore={path}" for path in recipe.options.get("without", [])]
    tested = project.run(str(python), "-m", "pytest", "-q", *left_out, check=False, **more)
    assert tested.returncode == 0, tested.stdout
    assert recipe.not_printed(ran + tested.stdout) == []
    assert re.search(r"\d+ passed", tested.stdout)

"""The image of a project with code of its own has what its model needs, and answers as the model does.

Of the two lanes, the one of a frame is built every time: its image has pandas, scikit-learn and skops, from the lock
that travels with the model.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from conftest import Project, bake_into
from engines import Engine, ask, base_of, serving
from recipes import Recipe, python_for, recipes

EVERY_TIME = "Words of a text, and the mean of the target in each category"
IN_PROCESS = """
import json
import pandas as pd
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.testing.service import as_sent
predictor = Predictor.load()
rows = pd.read_parquet("data/processed/test.parquet").head(5)[list(predictor.schema.columns)]
records = as_sent(rows, predictor.schema)
print(json.dumps({"records": records, "answers": predictor.answers(predictor.of_records(records))}))
"""


def served() -> list[ParameterSet]:
    """Those that change what is served; a query needs its database first."""
    return [
        pytest.param(recipe, id=recipe.title, marks=[] if recipe.title == EVERY_TIME else pytest.mark.speed("deep"))
        for recipe in recipes()
        if recipe.options.get("kind") != "query"
    ]


@pytest.mark.guards("OWN-02")
@pytest.mark.parametrize("recipe", served())
def test_image_of_a_recipe_answers_as_its_model_does(
    recipe: Recipe,
    engine: Engine,
    make_image: Callable[..., None],
    environment: Callable[..., Path],
    tmp_path: Path,
) -> None:
    project = bake_into(tmp_path, maturity_level="1", target=recipe.options.get("target", "species"))
    python = python_for(recipe, project, environment, "1")
    recipe.apply(project.path, project.package)
    answers_as_its_model_does(project, python, engine, make_image, tmp_path / "predictions")


@pytest.mark.speed("deep")
@pytest.mark.guards("OWN-07")
def test_image_without_the_wheel_answers_as_its_model_does(
    engine: Engine, make_image: Callable[..., None], environment: Callable[..., Path], tmp_path: Path
) -> None:
    """The library's source is in the project's own, and so in its image."""
    python = environment("none", "1")
    project = bake_into(tmp_path, maturity_level="1")
    project.step(python, "vendor")
    answers_as_its_model_does(project, python, engine, make_image, tmp_path / "predictions")


def answers_as_its_model_does(
    project: Project, python: Path, engine: Engine, make_image: Callable[..., None], log: Path
) -> None:
    project.python(python, "-m", "mlops_maturity", "run")
    told = json.loads(project.python(python, "-c", IN_PROCESS).stdout)
    shutil.copyfile(project.path / "models/model.zip", project.path / "models/production.zip")
    make_image(base_of(project))
    built = engine.command(project, python, "image").stdout
    image = next(line for line in built.splitlines() if line.startswith("built ")).split()[1].removesuffix(":")
    question = json.dumps({"records": told["records"]}).encode()
    try:
        with serving(engine, image, log) as running:
            status, answer = ask(running.port, "POST", "/predict", question)
    finally:
        engine("rmi", "--force", image, check=False)
    assert status == 200, answer
    for one, other in zip(answer["predictions"], told["answers"], strict=True):
        assert one["prediction"] == pytest.approx(other["prediction"], abs=1e-3)
        assert one.get("probabilities") == pytest.approx(other.get("probabilities"), abs=1e-6)

"""Each check of a project turns red for the defect it is there for, and says so.

The defects are those that a team can make in what it owns. What is wrong in the library itself, the library's own tests
find: tests/library.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Bake, Project
from planting import Defect, Plant, defect, hold_to, parameters, replace, write

CHECKS = ".github/workflows/checks.yml"
TRAIN = ".github/workflows/train.yml"
REPOSITORY = "tests/test_repository.py"

SHUFFLING = '''

def build(task, settings, inputs):  # noqa: ANN001, ANN201, D103
    return Shuffled(seed=1)


class Shuffled(HistGradientBoostingClassifier):
    """Learns from labels in any order."""

    def __init__(self, seed=1):  # noqa: ANN001
        super().__init__(random_state=seed, min_samples_leaf=1, early_stopping=True)
        self.seed = seed

    def fit(self, matrix, target, **more):  # noqa: ANN001, ANN003, ANN201, D102
        return super().fit(matrix, np.random.default_rng(0).permutation(target), **more)
'''


def append(path: str, text: str) -> Plant:
    def plant(project: Project) -> None:
        file = project.path / path.replace("src:", f"src/{project.package}/")
        file.write_text(file.read_text() + text)

    return plant


def commit_raw_data(project: Project) -> None:
    project.run("git", "add", "--force", "data/raw/penguins.csv")


def level(number: str, name: str, plant: Plant, *red: str, says: str, suite: str = REPOSITORY) -> Defect:
    return defect(name, plant, *red, says=says, suite=suite, maturity_level=number)


DEFECTS = [
    defect(
        "a formula is wrong",
        replace("src:features.py", "/ columns[", "* columns["),
        "CI-01",
        says="bill_ratio",
        suite="tests/test_features.py",
    ),
    defect(
        "a feature depends on the other rows",
        replace("src:features.py", 'columns["bill_depth_mm"]}', 'columns["bill_depth_mm"].mean()}'),
        "CI-01",
        says="bill_ratio",
        suite="tests/test_features.py",
    ),
    defect(
        "the learning rate is next to nothing",
        replace("params.yaml", "learning_rate: 0.1", "learning_rate: 1.0e-9"),
        "CI-03a",
        says="does not converge",
        suite="tests/test_convergence.py",
    ),
    defect(
        "labels are shuffled inside fit",
        append("src:model.py", SHUFFLING),
        "CI-03b",
        says="baseline",
        suite="tests/test_convergence.py",
    ),
    defect(
        "the data are out of their domain",
        replace("data/schema.yaml", "maximum: 73.35", "maximum: 40.0"),
        "CI-08",
        says="over the maximum 40",
        suite="tests/test_data.py",
    ),
    defect(
        "the model fails a declared case",
        replace("params.yaml", "expect: Gentoo", "expect: Adelie"),
        "CI-08",
        says="Gentoo",
        suite="tests/test_model_quality.py",
    ),
    defect("raw data are in git", commit_raw_data, "0-DATA", says="data/raw/penguins.csv", suite=REPOSITORY),
    defect(
        "CI starts by itself",
        replace(CHECKS, "  workflow_dispatch:\n", "  workflow_dispatch:\n  push:\n"),
        "0-CI",
        says="starts by itself",
        suite=REPOSITORY,
    ),
    defect("there is a pipeline", write("dvc.yaml", "stages: {}\n"), "0-NOT", says="dvc.yaml", suite=REPOSITORY),
    defect(
        "a token may do anything",
        replace(CHECKS, "permissions: {}", "permissions: write-all"),
        "SEC-01",
        says="permissions",
        suite=REPOSITORY,
    ),
    level(
        "1",
        "a workflow trains in another way",
        replace(TRAIN, "run: make run", "run: .venv/bin/mlops-maturity train"),
        *("1-CD", "1-SYM"),
        says="trains in another way",
    ),
]


@pytest.mark.parametrize("planted", parameters(DEFECTS))
def test_defect_turns_its_own_check_red(planted: Defect, copy_of: Bake, environment: Callable[..., Path]) -> None:
    number = planted.answers.get("maturity_level", "0")
    hold_to(planted, copy_of(**planted.answers), environment("none", number))

"""Each check of a level-0 project turns red for the defect it is there for, and says so."""

from pathlib import Path

import pytest
from conftest import Bake, Project
from planting import Defect, defect, hold_to, parameters, red_requirements, replace, write


def commit_raw_data(project: Project) -> None:
    project.run("git", "add", "--force", "data/raw/penguins.csv")


DEFECTS = [
    defect(
        "train rows are tested on",
        replace("src:data/splitting.py", "test=np.sort(test)", "test=np.sort(np.concatenate([test, train[:10]]))"),
        *("0-SPLIT", "CI-05"),
        says="test_sets_of_the_project_are_disjoint_and_complete",
        suite="tests/unit/test_split.py tests/steps/test_steps.py",
    ),
    defect(
        "the split has no seed",
        replace("src:data/splitting.py", "default_rng(settings.seed)", "default_rng()"),
        "0-SPLIT",
        says="test_same_seed_gives_the_same_sets",
        # By chance, the model of some splits misses a gate as well.
        suite="tests/unit/test_split.py",
    ),
    defect(
        "a step loads what it does not use",
        replace("src:data/splitting.py", "import numpy as np\n", "import numpy as np\nimport sklearn\n"),
        "CI-05",
        says="data.sets imports sklearn",
        suite="tests/steps -k wait",
    ),
    defect(
        "labels are shuffled before training",
        replace(
            "src:training/train.py",
            "    fitted = models.fit(",
            "    __import__('numpy').random.default_rng(0).shuffle(sets[0][1])\n    fitted = models.fit(",
        ),
        *("0-BASE", "CI-08"),
        says="gate closed: beats_trivial",
        suite="tests/model/test_quality.py",
    ),
    defect(
        "raw data are in git",
        commit_raw_data,
        "0-DATA",
        says="data/raw/penguins.csv",
        suite="tests/steps/test_steps.py tests/project/test_level.py",
    ),
    defect(
        "the manifest lacks a field",
        replace("src:serving/package.py", '        "code": code_commit(),\n', ""),
        *("0-HAND", "0-SERVE", "SEC-06"),
        says="the manifest lacks code",
        suite="tests/model/test_artefact.py tests/serving/test_service.py",
    ),
    defect(
        "the exported model is another one",
        replace("src:serving/export.py", "        if not value <= bound:", "        if False:"),
        "0-HAND",
        says="test_model_that_answers_otherwise_is_refused",
        suite="tests/model/test_artefact.py -k answers_otherwise",
    ),
    defect(
        "the artefact tells the time",
        replace(
            "src:serving/package.py",
            '"code": code_commit(),',
            '"code": code_commit() | {"changed": __import__("time").time()},',
        ),
        "0-HAND",
        says="test_packaging_twice_gives_the_same_bytes",
        suite="tests/model/test_artefact.py -k packaging_twice",
    ),
    defect(
        "packaging asks no gate",
        replace("src:serving/package.py", "    require_open(gates)\n", ""),
        *("0-BASE", "0-HAND"),
        says="test_gate_raised_after_the_evaluation_leaves_nothing_to_package",
        suite="tests/model/test_artefact.py -k gate",
    ),
    defect(
        "the service answers elsewhere",
        replace("src:serving/service.py", '@app.post("/predict"', '@app.post("/v1/predict"'),
        *("0-SERVE", "CI-06"),
        says="404",
        suite="tests/serving/test_service.py tests/steps/test_end_to_end.py",
    ),
    defect(
        "CI starts by itself",
        replace(".github/workflows/checks.yml", "  workflow_dispatch:\n", "  workflow_dispatch:\n  push:\n"),
        "0-CI",
        says="checks.yml starts by itself: level 0 runs CI by hand",
        suite="tests/project",
    ),
    defect(
        "there is a pipeline",
        write("dvc.yaml", "stages: {}\n"),
        "0-NOT",
        says="test_nothing_of_a_higher_level_is_there",
        suite="tests/project/test_level.py",
    ),
    defect(
        "a formula is wrong",
        replace("src:features.py", "np.log1p(values)", "np.log(values)"),
        "CI-01",
        says="test_operation_follows_its_formula[log",
        suite="tests/unit",
    ),
    defect(
        "an encoding has the wrong width",
        replace("src:features.py", "FIRST_CODE + len(values) for", "len(values) for"),
        "CI-02",
        says="test_one_hot_is_as_wide_as_the_codes_are_many",
        suite="tests/unit",
    ),
    defect(
        "an unknown category passes for a missing one",
        replace("src:features.py", "OTHER_CODE = 1.0", "OTHER_CODE = MISSING_CODE"),
        "CI-02",
        says="test_unknown_and_missing_values_have_codes_of_their_own",
        suite="tests/unit",
    ),
    defect(
        "the learning rate is next to nothing",
        replace("params.yaml", "learning_rate: 0.1", "learning_rate: 1.0e-9"),
        "CI-03a",
        says="training does not converge",
        suite="tests/training/test_convergence.py",
    ),
    defect(
        "labels are shuffled inside fit",
        replace(
            "src:training/models.py",
            "    with _threads_for(len(train[0])):\n",
            "    train = (train[0], np.random.default_rng(0).permutation(train[1]))\n"
            "    with _threads_for(len(train[0])):\n",
        ),
        "CI-03b",
        says="records leave a loss of",
        suite="tests/training/test_convergence.py",
    ),
    defect(
        "empty columns go into training",
        replace("src:training/models.py", "if empty.any() else matrix", "if False else matrix"),
        "CI-04",
        says="test_training_and_prediction_are_finite[all missing-gradient_boosting",
        suite="tests/training/test_numerics.py",
    ),
    defect(
        "infinite and huge values go into training",
        replace(
            "src:features.py",
            "return np.maximum(np.minimum(known, LARGEST), -LARGEST)",
            "return values",
        ),
        *("CI-01", "CI-04"),
        says="test_training_and_prediction_are_finite[infinite values",
        suite="tests/unit/test_features.py tests/training/test_numerics.py",
    ),
    defect(
        "a step does not write its report",
        replace("src:training/evaluate.py", "    report.write(metrics, pictures, predictor, params)\n", ""),
        *("0-PROC", "CI-05"),
        says="evaluation.html",
        suite="tests/steps/test_steps.py",
    ),
    defect(
        "the cards are not filled",
        replace("src:training/cards.py", "    fill(MODEL_CARD, model_part(metrics, manifest))\n", ""),
        *("CI-05", "DOC-01"),
        says="test_card_is_filled_and_keeps_what_people_wrote",
        suite="tests/steps/test_steps.py",
    ),
    defect(
        "columns are renamed on the way to the model",
        replace("src:serving/service.py", "item.model_dump(by_alias=True)", "item.model_dump()"),
        "CI-06",
        says="test_raw_table_to_answer_of_the_service",
        suite="tests/steps/test_end_to_end.py",
    ),
    defect(
        "the data are out of their domain",
        replace("data/schema.yaml", "maximum: 73.35", "maximum: 40.0"),
        "CI-08",
        says="over the maximum 40",
        suite="tests/data",
    ),
    defect(
        "the model fails a declared case",
        replace("params.yaml", "expect: Gentoo", "expect: Adelie"),
        "CI-08",
        says="long flippers are a Gentoo's: Gentoo is predicted",
        suite="tests/model/test_quality.py",
    ),
    defect(
        "the service lets anything in",
        replace("src:serving/service.py", "return _one_of(column.categories)", "return str"),
        "0-SERVE",
        says="test_domain_of_the_schema_is_the_domain_of_the_service",
        suite="tests/serving/test_service.py",
    ),
]


@pytest.fixture
def project(copy_of: Bake) -> Project:
    """A copy of the sample project, to be changed."""
    return copy_of()


@pytest.mark.parametrize("planted", parameters(DEFECTS))
def test_defect_turns_its_own_check_red(planted: Defect, project: Project, project_python: Path) -> None:
    hold_to(planted, project, project_python)


@pytest.mark.speed("deep")
def test_without_a_defect_no_check_is_red(project: Project, project_python: Path) -> None:
    assert red_requirements(project, project_python, "tests")[0] == set()

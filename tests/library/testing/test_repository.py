"""Each check of a repository passes on what the template emits, and fails on the defect that it is there for."""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import rendering

from library.testing.defects.common import COMMON, PIPELINE
from library.testing.defects.deployment import DEPLOYMENT
from library.testing.defects.github import GITHUB
from library.testing.defects.gitlab import GITLAB
from library.testing.defects.jenkins import JENKINS
from library.testing.defects.planted import Defect
from mlops_maturity.testing import repository
from mlops_maturity.testing.repository.check import CHECKS, Repository

Tree = Callable[[Mapping[str, str]], Path]
ANSWERS = {"maturity_level": "2", "ci_provider": "github", "cloud": "none", "deploy_target": "docker"}


DEFECTS = [
    *COMMON,
    *PIPELINE,
    *GITHUB,
    *(replace(each, answers={"ci_provider": "gitlab", **each.answers}) for each in GITLAB),
    *(replace(each, answers={"ci_provider": "jenkins", **each.answers}) for each in JENKINS),
    *DEPLOYMENT,
]


def _named(planted: Defect) -> str:
    return f"{planted.answers.get('ci_provider', 'github')}: {planted.name}"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """The project of some answers, written once in this process; what is changed in it is put back."""
    made: dict[tuple[str, ...], Path] = {}

    def project(asked: Mapping[str, str]) -> Path:
        answers = {**ANSWERS, **asked}
        key = tuple(answers.values())
        if key not in made:
            made[key] = tmp_path_factory.mktemp("tree")
            rendering.write(made[key], answers)
        return made[key]

    return project


def failing(root: Path) -> dict[str, str]:
    """What the checks of a project say that fail, by their names."""
    found, project = {}, Repository.at(root)
    for check in CHECKS:
        if check.concerns(project.answers):
            try:
                check(project)
            except AssertionError as error:
                found[check.name] = str(error)
    return found


@pytest.fixture
def planted_tree(tree: Tree, request: pytest.FixtureRequest) -> Iterator[tuple[Path, Defect]]:
    planted: Defect = request.param
    root = tree(planted.answers)
    file = root / planted.path
    before = file.read_text(encoding="utf-8") if file.exists() else None
    if planted.new is None:
        file.unlink()
    else:
        text = before or ""
        assert planted.old in text, f"{planted.path} has changed: the defect cannot be planted"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace(planted.old, planted.new) if planted.old else planted.new, encoding="utf-8")
    yield root, planted
    if before is None:
        file.unlink()
    else:
        file.write_text(before, encoding="utf-8")


@pytest.mark.parametrize("asked", list(rendering.combinations()), ids=lambda asked: "-".join(asked.values()))
def test_every_check_passes_on_what_the_template_emits(asked: dict[str, str], tmp_path: Path) -> None:
    rendering.write(tmp_path, asked)
    assert failing(tmp_path) == {}


@pytest.mark.parametrize(
    "planted_tree",
    [pytest.param(each, id=_named(each), marks=pytest.mark.guards(*each.rows)) for each in DEFECTS],
    indirect=True,
)
def test_defect_makes_its_own_check_fail_and_no_other(planted_tree: tuple[Path, Defect]) -> None:
    root, planted = planted_tree
    found = failing(root)
    assert found.keys() == planted.says.keys(), found
    for name, says in planted.says.items():
        assert says in found[name]


def test_every_check_has_a_defect() -> None:
    planted = {name for each in DEFECTS for name in each.says}
    # What takes files that are in git is planted below.
    assert {check.name for check in CHECKS} - planted == {"data_and_models_are_not_in_git"}


@pytest.mark.guards("0-DATA")
def test_data_in_git_are_named(tmp_path: Path) -> None:
    rendering.write(tmp_path, ANSWERS)
    (tmp_path / "data" / "raw" / "more data.csv").write_text("a,b\n")
    subprocess.run(["git", "add", "--force", "data/raw"], cwd=tmp_path, check=True)
    assert list(failing(tmp_path)) == ["data_and_models_are_not_in_git"]
    assert "data/raw/more data.csv is in git" in failing(tmp_path)["data_and_models_are_not_in_git"]


@pytest.mark.guards("SEC-02")
def test_wheel_that_was_changed_is_refused(project: Path) -> None:
    (wheel,) = project.glob("vendor/*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"!")
    assert list(failing(project)) == ["library_is_the_one_that_its_lock_names"]


def test_checks_are_parameters_with_their_requirements(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree({"maturity_level": "0"}))
    by_name = {parameter.id: parameter for parameter in repository.checks()}
    marks = by_name["data_and_models_are_not_in_git"].marks
    assert [(mark.name, mark.args) for mark in marks] == [
        ("requirement", ("0-DATA",)),
        ("ml_test_score", ("Data 5", 0.5)),
    ]
    assert "training_is_one_command" not in by_name


def test_check_that_is_left_out_is_skipped_with_its_reason(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree({"maturity_level": "0"}))
    (left_out,) = [
        parameter
        for parameter in repository.checks({"packages_are_locked_with_their_hashes": "we use conda"})
        if parameter.id == "packages_are_locked_with_their_hashes"
    ]
    assert [mark.args for mark in left_out.marks if mark.name == "skip"] == [("left out: we use conda",)]


def test_unknown_check_cannot_be_left_out(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree({"maturity_level": "0"}))
    with pytest.raises(ValueError, match="leaves out story: there is no such check"):
        repository.checks({"story": "we have none"})

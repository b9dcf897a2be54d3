"""A team takes over the library's source: everything goes on as before, and what it changes there counts."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import TEMPLATE, Project, bake_into, clean_environment, run

SOURCE = Path("src/mlops_maturity")


@pytest.fixture(scope="module")
def vendored(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of level 2 with a model, in an environment of its own, after the library was vendored."""
    project = bake_into(tmp_path_factory.mktemp("vendored"), maturity_level="2")
    make(project, "run", "push")
    commit(project, "Train")
    project.run(".venv/bin/mlops-maturity", "vendor")
    make(project, "setup")
    commit(project, "Take over the source of the library")
    return project


def make(project: Project, *words: str) -> str:
    return run(["make", *words], project.path, environment=clean_environment(PYTHON=sys.executable)).stdout


def commit(project: Project, message: str) -> None:
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", message)


def stages_that_ran(said: str) -> list[str]:
    return [line.split("'")[1] for line in said.splitlines() if line.startswith("Running stage")]


@pytest.fixture
def edited(vendored: Project) -> Callable[[str], Project]:
    """The project with another line in a module of the library; the next test finds it as it was."""
    vendored.run("git", "reset", "--quiet", "--hard")

    def edit(module: str) -> Project:
        with (vendored.path / SOURCE / module).open("a", encoding="utf-8") as file:
            file.write("\nCHANGED = True\n")
        return vendored

    return edit


@pytest.mark.guards("OWN-07")
def test_project_without_the_wheel_passes_its_checks_and_tests(vendored: Project) -> None:
    assert list((vendored.path / "vendor").glob("*.whl")) == []
    code = "from importlib.metadata import distributions; print(*(each.name for each in distributions()))"
    assert "mlops-maturity" not in vendored.run(".venv/bin/python", "-c", code).stdout.split()
    make(vendored, "lint")
    said = make(vendored, "test")
    assert " passed" in said
    assert "skipped" not in said


@pytest.mark.guards("OWN-07")
@pytest.mark.parametrize("level", ["0", "1"])
def test_vendored_library_of_a_level_that_installs_less_passes_its_checks(level: str, tmp_path: Path) -> None:
    project = bake_into(tmp_path, maturity_level=level)
    project.run(sys.executable, "-m", "mlops_maturity", "vendor")
    make(project, "setup", "lint")


@pytest.mark.guards("OWN-07")
def test_vendored_library_trains_nothing_anew_and_is_locked_as_before(vendored: Project) -> None:
    assert stages_that_ran(make(vendored, "run")) == []
    make(vendored, "check-commit")
    make(vendored, "lock")
    assert vendored.run("git", "status", "--porcelain").stdout == ""


@pytest.mark.guards("OWN-06")
def test_change_of_a_deployment_module_runs_no_stage(edited: Callable[[str], Project]) -> None:
    assert stages_that_ran(make(edited("delivery/deploy.py"), "run")) == []


@pytest.mark.guards("OWN-06")
def test_change_of_a_training_module_runs_its_stage(edited: Callable[[str], Project]) -> None:
    project = edited("training/train.py")
    refused = run(["make", "check-commit"], project.path, check=False)
    assert "vendor/steps.yaml is stale" in refused.stderr
    ran = stages_that_ran(make(project, "run"))
    assert "train" in ran
    assert {"validate-data", "split"}.isdisjoint(ran)
    make(project, "check-commit")


@pytest.mark.guards("OWN-07")
def test_update_merges_a_new_library_into_vendored_source(tmp_path: Path) -> None:
    template = tmp_path / "template"
    ignored = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", "node_modules", "tests")
    shutil.copytree(TEMPLATE, template, ignore=ignored)
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message=Start"]):
        run(["git", *command], template)
    project = bake_from(template, tmp_path)
    project.run(sys.executable, "-m", "mlops_maturity", "vendor")
    commit(project, "Take over the source of the library")
    own = project.path / SOURCE / "serving" / "batch.py"
    own.write_text(f"{own.read_text()}\nOURS = True\n")
    commit(project, "Change the library")
    theirs = template / SOURCE / "serving" / "log.py"
    theirs.write_text(f"{theirs.read_text()}\nTHEIRS = True\n")
    run(["git", "commit", "--quiet", "--all", "--message=Change"], template)
    project.run(sys.executable, "-m", "mlops_maturity", "update", "--template", str(template))
    assert own.read_text().endswith("\nOURS = True\n")
    assert project.text("src/mlops_maturity/serving/log.py").endswith("\nTHEIRS = True\n")
    assert list((project.path / "vendor").glob("*.whl")) == []


def bake_from(template: Path, folder: Path) -> Project:
    command = [sys.executable, "-m", "cookiecutter", "--no-input", "--default-config", f"--output-dir={folder}"]
    run([*command, str(template)], folder)
    return Project(folder / "penguin-species")

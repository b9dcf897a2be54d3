"""The fixtures that the tests of the library lean on."""

from pathlib import Path

from library.sandbox import Repository
from mlops_maturity.project import paths


def test_workspace_all_steps_ran_leaves_every_file(trained_workspace: Path) -> None:
    assert (trained_workspace / paths.ARTEFACT).is_file()
    assert (trained_workspace / paths.REFERENCE).is_file()


def test_repository_second_run_executes_nothing(repository: Repository) -> None:
    assert "Running stage" not in repository.repro()


def test_in_production_model_has_a_version(in_production: Repository) -> None:
    assert "v1" in in_production.project("lineage")


def test_project_is_a_copy_of_the_sample(project: Path, sample_project: Path) -> None:
    assert Path.cwd() == project != sample_project

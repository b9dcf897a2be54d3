"""What the project was generated with is read from .template.json."""

import json
from pathlib import Path

import pytest

from mlops_maturity.project import answers
from mlops_maturity.project.errors import ProjectError

GIVEN = {
    "project_slug": "penguin-species",
    "maturity_level": "2",
    "ci_provider": "gitlab",
    "cloud": "aws",
    "deploy_target": "kubernetes",
}


def test_answers_of_a_project_are_those_of_its_record(tmp_path: Path) -> None:
    path = tmp_path / ".template.json"
    path.write_text(json.dumps({"answers": GIVEN}))
    found = answers.load(path)
    assert (found.slug, found.package, found.level) == ("penguin-species", "penguin_species", 2)
    assert (found.ci_provider, found.cloud, found.deploy_target) == ("gitlab", "aws", "kubernetes")


def test_answers_outside_of_a_project_say_where_to_run_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProjectError, match=r"\.template\.json is missing: run this from the project's root folder"):
        answers.load()


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", json.dumps({"answers": GIVEN | {"maturity_level": "two"}}), json.dumps({"answers": None})],
)
def test_answers_of_a_damaged_record_say_how_to_restore_it(content: str, tmp_path: Path) -> None:
    path = tmp_path / ".template.json"
    path.write_text(content)
    with pytest.raises(ProjectError, match=r"\.template\.json is damaged .*; restore it with `git restore"):
        answers.load(path)

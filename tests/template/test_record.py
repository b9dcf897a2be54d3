"""A project remembers where it came from, without a path of this machine and without a secret."""

import json
from pathlib import Path

import pytest
from conftest import TEMPLATE, Project, run

from hooks import record

ANSWERS = {"project_name": "Penguins", "__dataset_path": "", "_template": ""}


@pytest.mark.parametrize(
    ("given", "remembered"),
    [
        ("https://git.example/team/template.git", "https://git.example/team/template.git"),
        ("https://user:secret@git.example/team/template.git", "https://git.example/team/template.git"),
        ("git@git.example:team/template.git", "git@git.example:team/template.git"),
        ("gh:team/template", "gh:team/template"),
        ("file:///home/me/template", None),
        ("/home/me/template", None),
    ],
)
@pytest.mark.parametrize("cloned", [False, True])
def test_address_is_remembered(given: str, remembered: str | None, cloned: bool, tmp_path: Path) -> None:
    template = tmp_path / "template"
    template.mkdir()
    run(["git", "init", "--quiet"], template)
    run(["git", "remote", "add", "origin", given], template)
    record.write(tmp_path, template, ANSWERS | {"_template": str(template) if cloned else given})
    assert json.loads((tmp_path / record.NAME).read_text())["template"] == remembered


def test_answers_and_commit_are_remembered(sample: Project) -> None:
    entry = json.loads(sample.text(record.NAME))
    assert entry["answers"]["maturity_level"] == "0"
    assert entry["commit"] == run(["git", "rev-parse", "HEAD"], TEMPLATE).stdout.strip()


def test_clone_knows_a_template_that_has_no_address(sample: Project, tmp_path: Path) -> None:
    found = run(["git", "config", "--get", record.KEY], sample.path, check=False).stdout.strip()
    assert found == ("" if json.loads(sample.text(record.NAME))["template"] else str(TEMPLATE))
    run(["git", "init", "--quiet"], tmp_path)
    for given in ("https://git.example/team/template.git", "template.zip", str(tmp_path)):
        record.remember(tmp_path, tmp_path, ANSWERS | {"_template": given})
        found = run(["git", "config", "--get", record.KEY], tmp_path, check=False).stdout.strip()
        assert found == (given if given == str(tmp_path) else "")
        if "://" in given:
            agreed = run(["git", "config", "--get", record.AGREED], tmp_path).stdout.strip()
            assert agreed == given

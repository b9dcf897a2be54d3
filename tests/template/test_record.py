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

"""A record of a project that somebody else wrote runs no code that nobody agreed to, and names no other folder."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from library.template.conftest import ANSWERS, SmallTemplate, Team
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.template import upgrading
from mlops_maturity.template.origin import AGREED, KEY, Origin
from mlops_maturity.template.versions import Template

pytestmark = pytest.mark.guards("T-11")


def written(path: Path, answers: object = ANSWERS, **more: Any) -> Path:
    """A record with these answers."""
    content = {"answers": answers, "commit": None, "template": None} | more
    path.write_text(json.dumps(content))
    return path


HOSTILE: dict[str, Any] = {
    "a folder outside": {"project_slug": "../../outside"},
    "a path": {"project_slug": "/outside"},
    "the folder above": {"project_slug": ".."},
    "no name": {"project_slug": ""},
    "data outside": {"dataset": "../../../outside.csv"},
    "data at a path": {"dataset": "/outside.csv"},
    "code": {"author": "<< cookiecutter.__class__.__mro__ >>"},
    "a statement": {"target": "<% include '/etc/passwd' %>"},
    "a comment": {"project_name": "<# hidden #>"},
    "two lines": {"author": "A\nB"},
    "an end of text": {"author": "A\0B"},
    "a setting of cookiecutter": {"_extensions": "os.system"},
    "a computed answer": {"__package_name": "../outside"},
    "a list": {"author": ["A"]},
    "a number": {"maturity_level": 2},
}


@pytest.mark.parametrize("answers", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_answers_are_refused_in_one_line(answers: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"is damaged \(.+\): restore it with `git restore") as refused:
        Origin.read(written(tmp_path / "template.json", ANSWERS | answers))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        {"answers": "none"},
        {"answers": None},
        {"commit": ["a"]},
        {"commit": "--upload-pack=evil"},
        {"template": 1},
        {"template": "--config=evil"},
        {"template": "a\nb"},
    ],
    ids=str,
)
def test_record_of_other_types_is_refused(content: dict[str, Any], tmp_path: Path) -> None:
    path = written(tmp_path / "template.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | content))
    with pytest.raises(ProjectError, match="is damaged"):
        Origin.read(path)


@pytest.mark.parametrize("content", [b"[" * 100_000, b"\xff", b"", b"[]"], ids=["nested", "no text", "empty", "a list"])
def test_damaged_record_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    path.write_bytes(content)
    with pytest.raises(ProjectError, match="is damaged"):
        Origin.read(path)


def at_an_address(team: Team, template: SmallTemplate) -> str:
    """Let only .template.json know where the template is, as in a new clone."""
    team.git("config", "--unset", KEY)
    address = f"file://{template.path}"
    team.commit(**{".template.json": json.dumps(json.loads(team.text(".template.json")) | {"template": address})})
    return address


def asked(monkeypatch: pytest.MonkeyPatch, answer: str) -> list[str]:
    """A person who answers; what they are asked."""
    questions: list[str] = []

    def ask(question: str) -> str:
        questions.append(question)
        return answer

    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr("builtins.input", ask)
    return questions


def test_unknown_address_is_shown_and_asked_about_once(
    team: Team, template: SmallTemplate, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, questions = at_an_address(team, template), asked(monkeypatch, "y")
    upgrading.level_up("1")
    upgrading.update()
    assert questions == [
        f"the template is at {address}, as .template.json says, and its code runs on this machine. Go on? [y/N] "
    ]


@pytest.mark.parametrize("no", ["", "n", "no", "what?"])
def test_template_that_nobody_agrees_to_is_not_fetched(
    no: str, team: Team, template: SmallTemplate, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_an_address(team, template)
    asked(monkeypatch, no)
    monkeypatch.setattr(Template, "__init__", lambda *_: pytest.fail("it was fetched"))
    with pytest.raises(ProjectError, match="nothing was changed"):
        upgrading.update()


def test_unknown_address_is_refused_where_nobody_can_answer(
    team: Team, template: SmallTemplate, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = at_an_address(team, template)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(ProjectError, match=f"its code runs on this machine; to agree, .* TEMPLATE={address}$"):
        upgrading.update()
    upgrading.level_up("1", template=address)
    assert team.git("config", "--get", AGREED) == address
    upgrading.update()


def test_address_that_changes_is_asked_about_again(team: Team, template: SmallTemplate) -> None:
    address = at_an_address(team, template)
    upgrading.level_up("1", template=address)
    entry = json.loads(team.text(".template.json")) | {"template": "https://elsewhere.example/template"}
    team.commit(**{".template.json": json.dumps(entry)})
    with pytest.raises(ProjectError, match="to agree, give the address"):
        upgrading.update()

"""A project is thin: in every combination it has no more files and lines than the design allows its level."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import TEMPLATE, bake_into
from cookiecutter.environment import StrictEnvironment
from cookiecutter.generate import generate_context
from cookiecutter.prompt import prompt_for_config

from hooks import layout
from hooks.answers import CHOICES

PROJECT = TEMPLATE / "<<cookiecutter.project_slug>>"
# What nobody reads from top to bottom: locks, the wheel, data and their storage, a notebook, a licence, a dashboard.
NOT_COUNTED = ("data/raw/", "storage/", "vendor/", "notebooks/", "LICENSE", "deploy/monitoring/dashboard.json")


class Size(NamedTuple):
    """Of a project, or the largest that its level may have: numbers of files and lines."""

    files: int
    lines: int
    source: int
    tests: int
    readme: int


LARGEST = {
    "0": Size(files=45, lines=1_700, source=250, tests=500, readme=150),
    "1": Size(files=65, lines=2_800, source=300, tests=650, readme=150),
    "2": Size(files=85, lines=3_900, source=300, tests=750, readme=150),
}


def combinations() -> Iterator[dict[str, str]]:
    """Answers with which projects differ: level 0 is deployed nowhere."""
    for level in CHOICES["maturity_level"]:
        for provider in CHOICES["ci_provider"]:
            for cloud in CHOICES["cloud"]:
                for target in CHOICES["deploy_target"][: 1 if level == "0" else None]:
                    names = ("maturity_level", "ci_provider", "cloud", "deploy_target")
                    yield dict(zip(names, (level, provider, cloud, target), strict=True))


@cache
def environment() -> StrictEnvironment:
    """What renders the files of the template."""
    context = generate_context(str(TEMPLATE / "cookiecutter.json"))
    return StrictEnvironment(context=context, keep_trailing_newline=True, **context["cookiecutter"]["_jinja2_env_vars"])


@cache
def compiled(path: Path) -> Any:
    """A file of the template, ready to be rendered with any answers."""
    engine = environment()
    code = engine.compile(path.read_text(encoding="utf-8"), name=str(path), filename=str(path))
    return engine.template_class.from_code(engine, code, engine.make_globals(None))


def rendered(asked: Mapping[str, str]) -> dict[str, str]:
    """The text of each file that these answers ask for and that is counted, without the hooks' part of generating."""
    context = generate_context(str(TEMPLATE / "cookiecutter.json"), extra_context=dict(asked))
    answers = prompt_for_config(context, no_input=True)
    files = [path for path in layout.emitted(answers) if is_counted(path)]
    places = {path: path.replace(answers["__package_name"], "<<cookiecutter.__package_name>>") for path in files}
    return {path: compiled(PROJECT / place).render(cookiecutter=answers) for path, place in places.items()}


def is_counted(path: str) -> bool:
    return not (path.endswith(".lock") or path.startswith(NOT_COUNTED))


def size(files: Mapping[str, str]) -> Size:
    lines = {path: len(text.splitlines()) for path, text in files.items()}
    return Size(
        files=len(lines),
        lines=sum(lines.values()),
        source=sum(count for path, count in lines.items() if path.startswith("src/") and path.endswith(".py")),
        tests=sum(count for path, count in lines.items() if path.startswith("tests/")),
        readme=lines["README.md"],
    )


@pytest.mark.parametrize("asked", list(combinations()), ids=lambda asked: "-".join(asked.values()))
def test_project_of_a_combination_is_no_larger_than_its_level_allows(asked: dict[str, str]) -> None:
    # The hooks add the record of the answers.
    found = size(rendered(asked) | {".template.json": json.dumps(asked, indent=2)})
    allowed = LARGEST[asked["maturity_level"]]
    over = {name: (has, may) for name, has, may in zip(Size._fields, found, allowed, strict=True) if has > may}
    assert not over, f"it has more than it may: {over}"


def test_sizes_are_those_of_a_generated_project(tmp_path: Path) -> None:
    project = bake_into(tmp_path, maturity_level="2", deploy_target="kubernetes", cloud="aws", ci_provider="jenkins")
    files = {
        path: project.text(path) for path in project.files() if is_counted(path) and not path.startswith(".dvc/cache")
    }
    asked = {"maturity_level": "2", "ci_provider": "jenkins", "cloud": "aws", "deploy_target": "kubernetes"}
    assert rendered(asked).items() <= files.items()
    assert files.keys() - rendered(asked).keys() == {".template.json"}

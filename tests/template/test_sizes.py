"""A project is thin: in every combination it has no more files and lines than the design allows its level."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import bake_into
from rendering import combinations, is_counted, rendered

pytestmark = pytest.mark.guards("OWN-01")


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


def counted(asked: Mapping[str, str]) -> dict[str, str]:
    return {path: text for path, text in rendered(asked).items() if is_counted(path)}


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
    found = size(counted(asked) | {".template.json": json.dumps(asked, indent=2)})
    allowed = LARGEST[asked["maturity_level"]]
    over = {name: (has, may) for name, has, may in zip(Size._fields, found, allowed, strict=True) if has > may}
    assert not over, f"it has more than it may: {over}"


def test_sizes_are_those_of_a_generated_project(tmp_path: Path) -> None:
    asked = {"maturity_level": "2", "ci_provider": "jenkins", "cloud": "aws", "deploy_target": "kubernetes"}
    project = bake_into(tmp_path, **asked)
    files = {path: project.text(path) for path in project.files() if is_counted(path) and ".dvc/cache" not in path}
    assert counted(asked).items() <= files.items()
    assert files.keys() - counted(asked).keys() == {".template.json"}


def test_makefile_has_one_line_for_each_target() -> None:
    for asked in combinations():
        recipes = 0
        for line in rendered(asked)["Makefile"].partition(".PHONY: hooks")[2].splitlines():
            recipes = recipes + 1 if line.startswith("\t") else 0
            assert recipes < 2, f"{asked}: a target has a second line: {line}"

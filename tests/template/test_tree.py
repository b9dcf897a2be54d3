"""Every combination of the answers gives exactly the files of the table, each of them whole, valid and in style."""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import rendering
from conftest import PROJECT_FOLDER, TEMPLATE, Project, bake_into, write_csv
from linting import OF_THE_LOCK, TOOLS, Linter
from parsing import parse_all

from hooks.answers import CHOICES, LONGEST_SLUG
from hooks.layout import Group, emitted, groups

OWN = {"dataset": "own data.csv", "target": "price"}
DATA = {
    "sample": {"dataset": "sample", "target": "species"},
    "sample's number": {"dataset": "sample", "target": "body_mass_g"},
    "own": OWN,
}
COMBINATIONS = {
    " ".join((data, *choices)): DATA[data] | dict(zip(CHOICES, choices, strict=True))
    for data, *choices in product(DATA, *CHOICES.values())
}
# A package's name decides where lines break and how imports are sorted.
NAMES = {slug: OWN | {"project_slug": slug} for slug in ("q", "zz", "a" * LONGEST_SLUG, "w" + 13 * "-it")}


@pytest.fixture(scope="module", params=[*COMBINATIONS, *NAMES])
def tree(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project of a combination; pytest takes all tests of one before it makes the next."""
    answers, folder = (COMBINATIONS | NAMES)[request.param], tmp_path_factory.mktemp("tree")
    if answers["dataset"] == OWN["dataset"]:
        answers = answers | {"dataset": str(write_csv(folder / OWN["dataset"], "size", "price"))}
    yield bake_into(folder / "project", **answers)
    shutil.rmtree(folder)


def answers_of(project: Project) -> dict[str, str]:
    answers: dict[str, str] = json.loads(project.text(".template.json"))["answers"]
    return answers


def raw_file(project: Project) -> str:
    return "data/raw/penguins.csv" if answers_of(project)["dataset"] == "sample" else "data/raw/own-data.csv"


def data_files(project: Project) -> set[str]:
    """What holds the data: the work tree, DVC's cache, and the storage that a clone of the sample pulls from."""
    digest = hashlib.md5((project.path / raw_file(project)).read_bytes(), usedforsecurity=False).hexdigest()
    entry = f"files/md5/{digest[:2]}/{digest[2:]}"
    answers = answers_of(project)
    carried = answers["dataset"] == "sample" and answers["cloud"] == "none"
    return {raw_file(project), f".dvc/cache/{entry}", *([f"storage/{entry}"] if carried else [])}


def texts(project: Project) -> dict[str, str]:
    """The text of every file but the data, which are the user's, byte for byte, and the library's wheel."""
    wheels = {path for path in project.files() if path.endswith(".whl")}
    return {path: project.text(path) for path in sorted(project.files() - data_files(project) - wheels)}


# T-07: the table of paths


@pytest.mark.guards("T-07")
def test_files_are_exactly_those_of_the_table(tree: Project) -> None:
    table = emitted(answers_of(tree) | {"__package_name": tree.package})
    written_by_the_hook = {".template.json", "data/raw/.gitignore", f"{raw_file(tree)}.dvc"} | data_files(tree)
    assert tree.files() == table | written_by_the_hook


@pytest.mark.guards("T-07")
def test_no_folder_is_empty(tree: Project) -> None:
    """Git does not carry an empty folder: a clone would lack it."""
    folders = [path for path in tree.path.rglob("*") if path.is_dir() and ".git" not in path.parts]
    assert folders
    assert [folder for folder in folders if not any(folder.iterdir())] == []


def test_the_table_names_each_file_of_the_template_once() -> None:
    named = [path for group in groups() for path in group.paths if not path.startswith("vendor/")]
    files = {
        str(path.relative_to(PROJECT_FOLDER)).replace("<<cookiecutter.__package_name>>", "<package>")
        for path in PROJECT_FOLDER.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert sorted(named) == sorted(files)


@pytest.mark.parametrize("group", groups(), ids=lambda group: group.purpose)
def test_a_group_of_the_table_can_be_asked_for(group: Group) -> None:
    assert 0 <= group.since <= group.until <= 2
    for question, values in group.answers:
        known = {*CHOICES.get(question, ()), *(["sample"] if question == "dataset" else [])}
        assert set(values) <= known


def test_the_same_answers_give_the_same_bytes(tmp_path: Path) -> None:
    table = write_csv(tmp_path / OWN["dataset"], "size", "price")
    first, second = (bake_into(tmp_path / name, **OWN | {"dataset": str(table)}) for name in ("first", "second"))
    assert first.files() == second.files()
    assert [
        path for path in first.files() if (first.path / path).read_bytes() != (second.path / path).read_bytes()
    ] == []
    assert len({project.run("git", "rev-parse", "HEAD^{tree}").stdout for project in (first, second)}) == 1


# T-05: nothing of the template is left in a project


@pytest.mark.guards("T-05")
def test_no_template_syntax_is_left(tree: Project) -> None:
    questions = "|".join(json.loads((TEMPLATE / "cookiecutter.json").read_text()))
    syntax = re.compile(rf"<[<%#]|[%#]>|cookiecutter\.({questions})\b")
    assert {path for path, text in texts(tree).items() if syntax.search(text)} == set()


@pytest.mark.guards("T-05")
def test_expressions_of_the_workflows_survive(sample: Project) -> None:
    assert "group: checks-${{ github.ref }}\n" in sample.text(".github/workflows/checks.yml")


@pytest.mark.guards("T-05")
def test_nothing_is_unfinished(tree: Project) -> None:
    unfinished = re.compile(r"\b(TODO|FIXME|XXX|stub|lorem ipsum|NotImplementedError)\b", re.IGNORECASE)
    assert {path: found[0] for path, text in texts(tree).items() if (found := unfinished.search(text))} == {}
    assert {path for path, text in texts(tree).items() if not text.strip()} == set()


def test_no_path_of_this_machine(tree: Project) -> None:
    # A template in /repo is not what /reports/ speaks of.
    here = "|".join(re.escape(str(folder)) for folder in (TEMPLATE, Path.home(), tree.path.parent.parent))
    assert {path for path, text in texts(tree).items() if re.search(rf"(?:{here})(?![\w.-])", text)} == set()


def copied_as_it_is(parts: tuple[str, ...]) -> bool:
    """Sub-packages of the source, and the data."""
    return (parts[0] == "src" and len(parts) > 3) or parts[-1] == "penguins.csv"


def test_inside_the_template_double_angles_only_open_a_variable() -> None:
    """A here-document, a YAML merge key or a shift operator would be rendered, and break the file or vanish."""
    variable = re.compile(r"<< [^\n]+? >>|<<cookiecutter\.[\w.]+>>|<% [^\n]+? %>")
    left = {
        str(path.relative_to(PROJECT_FOLDER)): found[0]
        for path in PROJECT_FOLDER.rglob("*")
        if path.is_file() and not copied_as_it_is(path.relative_to(PROJECT_FOLDER).parts)
        if (found := re.search(".*<[<%#].*", variable.sub("", path.read_text(encoding="utf-8"))))
    }
    assert left == {}


# T-06, T-10: every file is valid for its reader, and no tool would change a byte


@pytest.mark.guards("T-06", "T-10")
def test_files_parse(tree: Project) -> None:
    assert parse_all(tree) > 20
    tree.run("make", "--dry-run", "--always-make", "run", "test", "lint")


def test_text_is_clean(tree: Project) -> None:
    faults = re.compile(r"[ \t]+$|\r|\A\s|[^\n]\Z|\n\n\Z|\n\n\n\n", re.MULTILINE)
    assert {path: found for path, text in texts(tree).items() if (found := faults.search(text))} == {}


@pytest.fixture(scope="session")
def clean() -> set[frozenset[tuple[str, str]]]:
    """The Python files, with ruff's settings, that ruff has seen in this process: few answers change one."""
    return set()


@pytest.mark.guards("T-10")
def test_python_is_clean(tree: Project, clean: set[frozenset[tuple[str, str]]]) -> None:
    read = {(path, tree.text(path)) for path in tree.files() if path.endswith((".py", ".ipynb", "pyproject.toml"))}
    if frozenset(read) not in clean:
        tree.run(str(TOOLS / "ruff"), "check", "--no-cache")
        tree.run(str(TOOLS / "ruff"), "format", "--check", "--no-cache")
        clean.add(frozenset(read))


@pytest.fixture(scope="module")
def combinations(tmp_path_factory: pytest.TempPathFactory) -> list[Project]:
    """The files of CI in every combination; data and git do not matter to them."""
    folder = tmp_path_factory.mktemp("combinations")
    projects = {folder / str(number): answers for number, answers in enumerate(rendering.combinations())}
    for project, answers in projects.items():
        for path, text in rendering.rendered(answers).items():
            if path.startswith((".github/", ".gitlab")):
                (project / path).parent.mkdir(parents=True, exist_ok=True)
                (project / path).write_text(text, encoding="utf-8")
    return [Project(project) for project in projects if project.exists()]


@pytest.mark.guards("T-06", "T-10")
@pytest.mark.parametrize("linter", OF_THE_LOCK, ids=lambda linter: linter.name)
def test_what_ci_reads_is_valid_and_safe(linter: Linter, combinations: list[Project]) -> None:
    assert linter.lint(combinations)

"""What people read is true: tables are current, links lead somewhere, targets and tests exist."""

import json
import re
from functools import reduce
from operator import or_
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from conftest import TEMPLATE, Bake, Project, bake_into
from makefiles import Makefile
from rendering import combinations, rendered

from hooks.answers import CHOICES
from mlops_maturity.commands import commands
from mlops_maturity.pipeline.steps import STEPS
from tools import pictures, readme_table

PROJECT = TEMPLATE / "<<cookiecutter.project_slug>>"
PAGES = sorted([*TEMPLATE.glob("*.md"), *TEMPLATE.glob("docs/*.md")])
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
# What commands read for themselves, whatever the target.
ENVIRONMENT = frozenset(
    {"DASK_SCHEDULER_ADDRESS", "DEPLOY_HOST", "GRAFANA_PASSWORD", "IMAGE_REPOSITORY", "SERVICE_URL"}
)
COMMAND = re.compile(r"mlops-maturity ([a-z]+(?:-[a-z]+)*)")
SUITE = re.compile(r"`(tests/[\w/<>]+\.py)(?:::(\w+))?`")
ACTION = re.compile(r"uses: (\S+)@(\w+ # \S+)")

SETTING = re.compile(r"(?:vars|secrets)\.(\w+)")

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@pytest.mark.parametrize("name", readme_table.PAGES)
def test_tables_say_what_the_code_says(name: str) -> None:
    text = readme_table.PAGES[name].read_text()
    assert readme_table.filled(name, text) == text, "run `make docs` and commit the page"


def test_stale_table_is_seen() -> None:
    text = readme_table.PAGES["questions"].read_text()
    stale = text.replace("| `cloud` | `none` |", "| `cloud` | `aws` |")
    assert stale != text
    assert readme_table.filled("questions", stale) == text


def test_lost_mark_is_named() -> None:
    text = readme_table.PAGES["emitted"].read_text().replace("<!-- emitted: end -->", "")
    with pytest.raises(ValueError, match="emitted: end"):
        readme_table.filled("emitted", text)


def test_site_has_every_page_and_no_other() -> None:
    listed = [
        name
        for entry in yaml.safe_load((TEMPLATE / "mkdocs.yml").read_text())["nav"]
        for pages in entry.values()
        for name in ([pages] if isinstance(pages, str) else pages)
    ]
    assert sorted(listed) == sorted(path.name for path in TEMPLATE.glob("docs/*.md"))


def test_each_picture_is_made_by_a_command() -> None:
    assert {path.name for path in (TEMPLATE / "docs" / "pictures").iterdir()} == set(pictures.SHOWN)


@by_page
def test_commands_of_the_library_exist(page: Path) -> None:
    known = {*STEPS, *(name for level in (0, 1, 2) for name in commands(level))}
    assert set(COMMAND.findall(page.read_text())) <= known


@by_page
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.fixture(scope="module")
def makefiles(baked: Bake) -> list[Makefile]:
    """Those of the levels."""
    return [Makefile.of(baked(maturity_level=level).text("Makefile")) for level in CHOICES["maturity_level"]]


@by_page
def test_targets_and_their_variables_exist(page: Path, makefiles: list[Makefile]) -> None:
    level = re.fullmatch(r"level-(\d)\.md", page.name)
    # A page of a level compares it with those below.
    known = reduce(or_, makefiles[: int(level[1]) + 1] if level else makefiles)
    assert (known | Makefile.of((TEMPLATE / "Makefile").read_text())).unknown(page.read_text(), ENVIRONMENT) == []


@pytest.mark.parametrize("folder", ["src", "hooks"])
def test_targets_that_messages_name_exist(folder: str, makefiles: list[Makefile]) -> None:
    known, sources = reduce(or_, makefiles), TEMPLATE.joinpath(folder).rglob("*.py")
    spans = {source.name: " ".join(re.findall(r"`make [^`\n]+`", source.read_text())) for source in sources}
    wrong = {name: known.unknown(text, ENVIRONMENT) for name, text in spans.items()}
    assert {name: calls for name, calls in wrong.items() if calls} == {}


def test_target_or_variable_that_is_not_there_is_seen() -> None:
    makefile = Makefile.of('HOW := $${HOW:+--how "$$HOW"}\nrun test: ready ## Run\n\t@run "$$WHAT" $(HOW)\n')
    assert makefile.unknown('make all; `A=1 make run WHAT=x HOW=y test`, `make test WHAT="a b"`') == []
    assert makefile.unknown("`make tset`, `make run WHY=x`") == ["run WHY=x", "tset"]
    assert makefile.unknown("    make run && make level") == ["level"]


@by_page
def test_tests_that_are_named_exist(page: Path) -> None:
    for path, name in SUITE.findall(page.read_text()):
        named = {path.replace("<provider>", provider) for provider in CHOICES["ci_provider"]}
        sources = [folder / each for folder in (PROJECT, TEMPLATE) for each in named if (folder / each).exists()]
        assert sources, f"{path} does not exist"
        assert not name or any(f"def {name}(" in source.read_text() for source in sources), f"{path} has no {name}"


def test_picture_of_the_levels_shows_each_alike() -> None:
    drawing = ElementTree.parse(TEMPLATE / "docs" / "levels.svg").getroot()  # noqa: S314
    heads = [text.text for text in drawing.iter("{http://www.w3.org/2000/svg}text") if text.get("class") == "head"]
    assert [str(head).split(" ")[0] for head in heads] == list(CHOICES["maturity_level"])
    cards = [rect for rect in drawing.iter("{http://www.w3.org/2000/svg}rect") if "card" in str(rect.get("class"))]
    assert {card.get("class") for card in cards} == {"card"}, "a level stands out, as if the others were not there"


def test_own_and_emitted_workflows_pin_the_same_actions() -> None:
    pins: dict[str, set[str]] = {}
    for workflow in [*TEMPLATE.glob(".github/workflows/*.yml"), *PROJECT.glob(".github/**/*.yml")]:
        for action, pin in ACTION.findall(workflow.read_text()):
            pins.setdefault(action, set()).add(pin)
    assert pins
    assert all(len(found) == 1 for found in pins.values()), pins


# What people read in a generated project

READERS = {
    "level 0": {},
    "level 1": {"maturity_level": "1"},
    "level 1, aws": {"maturity_level": "1", "target": "body_mass_g", "cloud": "aws"},
    "level 1, kubernetes": {"maturity_level": "1", "cloud": "gcp", "deploy_target": "kubernetes"},
    "level 0, gitlab": {"ci_provider": "gitlab"},
    "level 1, jenkins": {"maturity_level": "1", "ci_provider": "jenkins"},
    "level 2, gitlab": {"maturity_level": "2", "ci_provider": "gitlab", "cloud": "aws"},
    "level 2, jenkins": {
        "maturity_level": "2",
        "ci_provider": "jenkins",
        "cloud": "gcp",
        "deploy_target": "kubernetes",
    },
    "level 2": {"maturity_level": "2"},
    "level 2, aws": {"maturity_level": "2", "target": "body_mass_g", "cloud": "aws"},
    "level 2, kubernetes": {"maturity_level": "2", "cloud": "gcp", "deploy_target": "kubernetes"},
}


@pytest.fixture(scope="module", params=READERS)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return bake_into(tmp_path_factory.mktemp("read"), **READERS[request.param])


@pytest.fixture
def pages(project: Project) -> dict[str, str]:
    names = ["README.md", "SECURITY.md", *(f"docs/{path.name}" for path in project.path.glob("docs/*.md"))]
    return {name: project.text(name) for name in names}


def test_targets_that_a_project_names_exist_with_their_variables(project: Project, pages: dict[str, str]) -> None:
    text = project.text("Makefile")
    makefile, helps = Makefile.of(text), [f"`{line}`" for line in re.findall(r"## .*(make .*)", text)]
    assert {name: wrong for name, page in pages.items() if (wrong := makefile.unknown(page, ENVIRONMENT))} == {}
    assert makefile.unknown("\n".join(helps).replace("[", "").replace("]", ""), ENVIRONMENT) == []


def test_links_of_a_project_lead_somewhere(project: Project, pages: dict[str, str]) -> None:
    for name, text in pages.items():
        links = [link for link in LINK.findall(text) if "://" not in link]
        assert [link for link in links if not (project.path / name).parent.joinpath(link).exists()] == []


def test_readme_of_a_project_names_every_suite(project: Project, pages: dict[str, str]) -> None:
    suites = {path.parent.name for path in project.path.glob("tests/*/test_*.py")}
    assert set(re.findall(r"^\| `tests/(\w+)` \|", pages["README.md"], re.MULTILINE)) == suites


def test_every_setting_of_a_workflow_is_explained(project: Project, pages: dict[str, str]) -> None:
    workflows = "".join(path.read_text() for path in project.path.glob(".github/workflows/*.yml"))
    assert {name for name in SETTING.findall(workflows) if f"`{name}`" not in pages["docs/setup.md"]} == set()


def test_level_is_said_and_no_other(project: Project, pages: dict[str, str]) -> None:
    level = json.loads(project.text(".template.json"))["answers"]["maturity_level"]
    text = " ".join(" ".join(pages.values()).split())
    assert f"MLOps maturity level {level}" in text
    assert ("At this level nobody watches the model in use" in text) is (level == "0")
    assert {other for other in "012" if f"maturity level {other}" in text} == {level}


def test_settings_that_are_asked_for_are_those_of_the_workflows(project: Project) -> None:
    """At level 2 `make configure` asks for them; below, a person reads of them."""
    workflows = "".join(path.read_text() for path in project.path.glob(".github/workflows/*.yml"))
    for rules in project.path.glob("src/*/platform_settings.py") if workflows else ():
        assert set(re.findall(r'Setting\(\s*"(\w+)"', rules.read_text())) == set(SETTING.findall(workflows))


def test_every_address_of_a_database_asks_for_its_certificate() -> None:
    """An example is copied: one that takes any certificate sends the password to whoever answers."""
    address = re.compile(r"postgresql\+psycopg://[^\s'\"`|]*@[^\s'\"`|)]*")
    own = {path.name: path.read_text(encoding="utf-8") for path in (TEMPLATE / "docs").glob("*.md")}
    texts = [own, *(rendered(asked) for asked in combinations())]
    found = {one for files in texts for text in files.values() for one in address.findall(text)}
    assert found
    assert {one for one in found if "sslmode=verify-full" not in one} == set()

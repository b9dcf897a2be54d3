"""What people read is true: tables are current, links lead somewhere, verbs and tests exist."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tools import readme_table

TEMPLATE = Path(__file__).resolve().parent.parent
PROJECT = TEMPLATE / "<<cookiecutter.project_slug>>"
PAGES = sorted([*TEMPLATE.glob("*.md"), *TEMPLATE.glob("docs/*.md")])
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
VERB = re.compile(r"(?:`|^    |\$ )make ([a-z-]+)", re.MULTILINE)
SUITE = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
ACTION = re.compile(r"uses: (\S+)@(\w+ # \S+)")

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def test_tables_say_what_the_code_says() -> None:
    text = (TEMPLATE / "README.md").read_text()
    assert readme_table.filled(text) == text, "run `make docs` and commit README.md"


def test_stale_table_is_seen() -> None:
    text = (TEMPLATE / "README.md").read_text()
    stale = text.replace("| `cloud` | `none` |", "| `cloud` | `aws` |")
    assert stale != text
    assert readme_table.filled(stale) == text


def test_lost_mark_is_named() -> None:
    text = (TEMPLATE / "README.md").read_text().replace("<!-- emitted: end -->", "")
    with pytest.raises(ValueError, match="emitted: end"):
        readme_table.filled(text)


@by_page
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    assert not [link for link in links if not (page.parent / link).exists()]


@by_page
def test_verbs_exist(page: Path) -> None:
    verbs = {
        verb
        for makefile in (TEMPLATE / "Makefile", PROJECT / "Makefile")
        for verb in re.findall(r"^([a-z-]+):", makefile.read_text(), re.MULTILINE)
    }
    assert set(VERB.findall(page.read_text())) <= verbs


@by_page
def test_tests_that_are_named_exist(page: Path) -> None:
    for path, name in SUITE.findall(page.read_text()):
        sources = [folder / path for folder in (PROJECT, TEMPLATE) if (folder / path).exists()]
        assert sources, f"{path} does not exist"
        assert not name or any(f"def {name}(" in source.read_text() for source in sources), f"{path} has no {name}"


def test_picture_is_well_formed() -> None:
    assert ElementTree.parse(TEMPLATE / "docs" / "levels.svg").getroot().tag.endswith("svg")  # noqa: S314


def test_own_and_emitted_workflows_pin_the_same_actions() -> None:
    pins: dict[str, set[str]] = {}
    for workflow in [*TEMPLATE.glob(".github/workflows/*.yml"), *PROJECT.glob(".github/workflows/*.yml")]:
        for action, pin in ACTION.findall(workflow.read_text()):
            pins.setdefault(action, set()).add(pin)
    assert pins
    assert all(len(found) == 1 for found in pins.values()), pins

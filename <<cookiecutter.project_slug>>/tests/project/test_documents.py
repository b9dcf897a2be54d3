"""What the repository says of itself: its level, its verbs, and what a person has to know and to set."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.requirement("DOC-02")
@pytest.mark.parametrize(
    "part",
    [
        "MLOps maturity level << cookiecutter.maturity_level >>",
        "    make run ",
        "    make test ",
        "## What level << cookiecutter.maturity_level >> does, and what it does not",
        "It does **not**",
        "](docs/setup.md)",
<% if cookiecutter.maturity_level == "2" %>
        "This is the highest level.",
<% else %>
        "The next level, << cookiecutter.maturity_level | int + 1 >>,",
<% endif %>
    ],
)
def test_readme_says_what_the_level_does_and_does_not(part: str) -> None:
    assert part in README, f"README.md does not say: {part}"


@pytest.mark.requirement("DOC-02")
def test_setup_lists_what_a_person_sets() -> None:
    table = [line for line in (ROOT / "docs" / "setup.md").read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    assert table[0] == "| what | where | why |"
    assert all(cell.strip() for line in table[2:] for cell in line.strip("|").split("|")), "a cell says nothing"
    assert len(table) > 2, "docs/setup.md lists nothing"


@pytest.mark.requirement("DOC-02")
def test_verbs_that_people_read_of_are_there() -> None:
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in PAGES:
        told = set(re.findall(r"`make ([a-z][a-z-]*)", path.read_text(encoding="utf-8")))
        assert not told - verbs, f"{path.relative_to(ROOT)} tells of verbs that do not exist: {sorted(told - verbs)}"


@pytest.mark.requirement("SEC-05")
def test_people_know_what_they_may_do_and_whom_to_tell() -> None:
    for name in ("LICENSE", "SECURITY.md"):
        assert (ROOT / name).exists(), f"{name} is gone"
        assert (ROOT / name).read_text(encoding="utf-8").strip(), f"{name} is empty"
    assert "in private" in (ROOT / "SECURITY.md").read_text(encoding="utf-8"), "nobody knows how to report a weakness"

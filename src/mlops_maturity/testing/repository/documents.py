"""What the repository says of itself: its level, its commands, and what a person has to know and to set."""

import re

from mlops_maturity.testing.repository.check import Problems, Repository, check

COMMAND = re.compile(r"(?:`|^    |&& )make ([a-z][a-z-]*)", re.MULTILINE)
SETTINGS = "docs/setup.md"


@check("DOC-02")
def readme_says_what_the_level_does_and_does_not(repository: Repository) -> Problems:
    """Whoever comes new to it knows what to expect, and what not."""
    level, text = repository.level, repository.text("README.md")
    parts = [
        f"MLOps maturity level {level}",
        "make run",
        "make test",
        f"## What level {level} does, and what it does not",
        "does **not**",
        f"]({SETTINGS})",
        "This is the highest level" if level == 2 else f"The next level, {level + 1},",
    ]
    for part in parts:
        if part not in text:
            yield f"README.md does not say: {part}"


@check("DOC-02")
def setup_lists_what_a_person_sets(repository: Repository) -> Problems:
    """Each line says what, where and why."""
    table = [line for line in repository.text(SETTINGS).splitlines() if line.startswith("|")]
    if len(table) < 3:
        yield f"{SETTINGS} lists nothing that a person has to set"
    for line in table[2:]:
        if not all(cell.strip() for cell in line.strip("|").split("|")):
            yield f"{SETTINGS}: a cell is empty: {line}"


@check("DOC-02")
def commands_that_people_read_of_exist(repository: Repository) -> Problems:
    """A document that names a target names one of the Makefile."""
    for path in repository.files("README.md", "SECURITY.md", "docs/*.md"):
        for name in sorted(set(COMMAND.findall(repository.text(path))) - repository.targets.keys()):
            yield f"{path}: `make {name}` does not exist"


@check("SEC-05")
def people_know_what_they_may_do_and_whom_to_tell(repository: Repository) -> Problems:
    """A licence, and a private way to report a weakness."""
    if not repository.text("LICENSE").strip():
        yield "LICENSE is missing: nobody knows what they may do"
    if "in private" not in repository.text("SECURITY.md"):
        yield "SECURITY.md does not say how to report a weakness in private"

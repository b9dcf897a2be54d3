"""The tables of the pages that say what the code says: the questions, and what each level emits.

`make docs` writes them between two marks each; a test compares the pages with them.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from hooks import answers, dataset, layout

TEMPLATE = Path(__file__).resolve().parent.parent
LEVELS = answers.CHOICES["maturity_level"]
# Once a group has so many files in a folder, they are told together.
MANY = 3

# Answers that are no choice.
ALLOWED = {
    "project_name": f"one line, at most {answers.LONGEST_LINE} characters",
    "project_slug": f"lower-case letters, digits and single `-` or `_`, at most {answers.LONGEST_SLUG}, a letter first",
    "dataset": f"`{dataset.SAMPLE}`, or the path of a file that ends in "
    + ", ".join(f"`{suffix}`" for suffix in dataset.SUFFIXES),
    "target": "the name of a column of the data",
    "author": f"one line, at most {answers.LONGEST_LINE} characters",
}


def questions() -> list[str]:
    """The questions in the order in which they are asked."""
    asked = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    rows = []
    for name, default in asked.items():
        if not name.startswith("_"):
            allowed = ALLOWED.get(name) or _either(answers.CHOICES[name])
            rows.append((f"`{name}`", _default(name, default), allowed))
    return _table(("question", "default", "allowed"), rows)


def emitted() -> list[str]:
    """What each level emits, a line for each group of layout.toml."""
    groups = sorted(layout.groups(), key=lambda group: group.since)
    every = [path for group in groups for path in group.paths]
    rows = [
        (
            group.purpose + _condition(group),
            ", ".join(f"`{place}`" for place in _places(group.paths, every)),
            *_marks(group),
        )
        for group in groups
    ]
    return _table(("what", "where", *(f"level {level}" for level in LEVELS)), rows)


# Each with the page that has it.
TABLES = {"questions": questions, "emitted": emitted}
PAGES = {"questions": TEMPLATE / "docs" / "index.md", "emitted": TEMPLATE / "docs" / "emitted.md"}


def filled(name: str, text: str) -> str:
    """The text of a page with its table as it must be.

    Args:
        name: of the table.
        text: of the page.

    Raises:
        ValueError: a mark is missing.
    """
    begin, end = f"<!-- {name}: begin (make docs) -->", f"<!-- {name}: end -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    if not rest or end not in rest:
        raise ValueError(f"the marks {begin} and {end} are missing")
    return "\n".join([f"{before}{begin}", "", *TABLES[name](), "", f"{end}{after}"])


def _default(name: str, value: str) -> str:
    if name == "project_slug":
        return "made from the name"
    return f"`{value.replace('<<cookiecutter.project_name>>', '…')}`"


def _condition(group: layout.Group) -> str:
    said = [f"`{question}` is {_either(values)}" for question, values in group.answers]
    return f" (if {', '.join(said)})" if said else ""


def _either(values: Sequence[str]) -> str:
    *others, last = [f"`{value}`" for value in values]
    return f"{', '.join(others)} or {last}" if others else last


def _places(paths: Sequence[str], every: Sequence[str]) -> list[str]:
    """The files of a group; the folder, where all that is in it is of the group; their names, where others have some.

    Args:
        paths: of the group.
        every: the paths of all groups.
    """
    places = []
    for path in map(PurePosixPath, paths):
        alike = [other for other in map(PurePosixPath, paths) if _kind(other) == _kind(path)]
        if str(path.parent) == "." or len(alike) < MANY:
            places.append(str(path))
        elif len(alike) == sum(PurePosixPath(other).parent == path.parent for other in every):
            places.append(f"{path.parent}/")
        else:
            places.append(f"{path.parent}/{{{','.join(other.stem for other in alike)}}}{path.suffix}")
    return list(dict.fromkeys(places))


def _kind(path: PurePosixPath) -> tuple[PurePosixPath, str]:
    return path.parent, path.suffix


def _marks(group: layout.Group) -> list[str]:
    return ["yes" if group.since <= int(level) <= group.until else "" for level in LEVELS]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in (header, ["---"] * len(header), *rows)]


def main() -> None:
    """Refresh the tables."""
    for name, page in PAGES.items():
        page.write_text(filled(name, page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The one table of paths (layout.toml), read by the hook, the tests and the documentation."""

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from . import wheel

TABLE = Path(__file__).with_name("layout.toml")
# What opens an expression of the template.
MARK = re.compile(b"<[<%#]")
PACKAGE = "<<cookiecutter.__package_name>>"


class Group(NamedTuple):
    """Paths that are emitted together.

    Attributes:
        purpose: what they are for, as the documentation says it.
        since: the first level that has them.
        until: the last level that has them.
        answers: further answers that they depend on, each with the values that ask for them.
        paths: relative to the project, with the package's folder written as `<package>`, the library's wheel as
            `<wheel>`.
    """

    purpose: str
    paths: tuple[str, ...]
    since: int = 0
    until: int = 2
    answers: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def is_asked_for(self, answers: Mapping[str, str]) -> bool:
        """Whether these answers ask for the group."""
        return self.since <= int(answers["maturity_level"]) <= self.until and all(
            answers[question] in values for question, values in self.answers
        )


def groups() -> list[Group]:
    """The table."""
    with TABLE.open("rb") as file:
        table = tomllib.load(file)
    return [
        Group(
            purpose=row["purpose"],
            paths=tuple(row["paths"]),
            since=row.get("since", 0),
            until=row.get("until", 2),
            answers=tuple((question, tuple(values)) for question, values in row.get("when", {}).items()),
        )
        for row in table["group"]
    ]


def emitted(answers: Mapping[str, str]) -> set[str]:
    """The files that these answers ask for, relative to the project."""
    return {
        path.replace("<package>", answers["__package_name"]).replace("<wheel>", wheel.library().name)
        for group in groups()
        if group.is_asked_for(answers)
        for path in group.paths
    }


def not_rendered(folder: Path, package: str, wanted: Collection[str], below: str = "") -> list[str]:
    """What of the template's folder need not be rendered, which takes long: what was not asked for, and plain text.

    Args:
        folder: where the files lie as they will in the project.
        package: the project's.
        wanted: the files that were asked for.
        below: the folder in it that is looked at; by default, all of it.

    Returns:
        Files, and folders in which nothing is to be rendered.
    """
    names = sorted(path.relative_to(folder).as_posix() for path in (folder / below).iterdir())
    found = []
    for name in names:
        place = name.replace(PACKAGE, package)
        if (folder / name).is_dir():
            asked = any(file.startswith(f"{place}/") for file in wanted)
            found += not_rendered(folder, package, wanted, name) if asked else [name]
        elif place not in wanted or not MARK.search((folder / name).read_bytes()):
            found.append(name)
    return [below] if below and found == names and not any(PACKAGE in name for name in names) else found


def keep_only(project: Path, wanted: Iterable[str]) -> None:
    """Delete every other file, and every folder that is empty then."""
    keep = {project / path for path in wanted}
    for path in sorted(project.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in keep:
            path.unlink()

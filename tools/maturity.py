"""`make maturity REPO=path`: look where a repository stands that this template did not make.

Nothing of it is run. What its files tell of is said with the names of those files, and is no proof; only tests that
passed, in a report that says what they stand for, show that something holds.
"""

import argparse
import importlib
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

TEMPLATE = Path(__file__).resolve().parent.parent
PACKAGE = TEMPLATE / "<<cookiecutter.project_slug>>" / "src" / "<<cookiecutter.__package_name>>"
TRACES = Path(__file__).with_name("traces.toml")
# More of a file tells nothing new, and a large repository is to be read in seconds.
LONGEST, MOST_NAMED = 200_000, 4
WIDTH = 120


class RefusedError(Exception):
    """What a person has to put right, in one line."""


def emitted(name: str) -> Any:
    """A module of the package `maturity` that projects get: it is the same for all of them, so it can be used here."""
    parent = sys.modules.setdefault("emitted", ModuleType("emitted"))
    parent.__path__ = [str(PACKAGE)]
    return importlib.import_module(f"emitted.maturity.{name}")


@dataclass(frozen=True)
class Trace:
    """What tells of a requirement: names of files, and lines in files of some names."""

    files: tuple[re.Pattern[str], ...]
    texts: tuple[tuple[re.Pattern[str], re.Pattern[bytes]], ...]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Trace":
        """Read it from the table."""
        return cls(
            tuple(re.compile(translate(name)) for name in row.get("files", [])),
            tuple(
                (re.compile(translate(name)), re.compile(line.encode(), re.MULTILINE | re.IGNORECASE))
                for name, line in row.get("texts", {}).items()
            ),
        )

    def found(self, repository: "Repository") -> list[str]:
        """The files that tell of it."""
        return [
            path
            for path in repository.paths
            if any(name.match(path) for name in self.files)
            or any(name.match(path) and line.search(repository.content(path)) for name, line in self.texts)
        ]


class Repository:
    """The files of a git repository, each read once at most.

    Attributes:
        folder: where it is.
        paths: of the files that git knows.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths = _listed(folder)
        self._contents: dict[str, bytes] = {}

    def content(self, path: str) -> bytes:
        """The beginning of a file; nothing of what is no file or leads out of the repository."""
        if path not in self._contents:
            file = self.folder / path
            readable = file.is_file() and not file.is_symlink()
            self._contents[path] = _beginning(file) if readable else b""
        return self._contents[path]

    @property
    def is_of_this_template(self) -> bool:
        """Whether it has its own `make maturity`."""
        return ".template.json" in self.paths and any(
            PurePosixPath(path).parts[-2:] == ("maturity", "rows.toml") for path in self.paths
        )


def told(repository: Repository, report: Path | None) -> Iterator[str]:
    """What was found, line by line."""
    demands, results, verdicts = (emitted(name) for name in ("demands", "results", "verdicts"))
    run = results.read(report) if report else results.Run(Path("none"), "", 0.0, ())
    # The others say what must not be there.
    rows = [row for row in demands.rows() if row.scope.until == max(demands.LEVELS)]
    judged = [verdicts.judge(row, (), run, repository.folder) for row in rows]
    scores = [verdicts.judge(score, (), run, repository.folder, verdicts.MOST[-1]) for score in demands.scores()]
    with TRACES.open("rb") as file:
        traces = {name: Trace.of(row) for name, row in tomllib.load(file).items()}
    found = {row.id: traces[row.id].found(repository) for row in rows}
    count = {state: sum(bool(one.evidence) and one.state is state for one in judged) for state in verdicts.State}
    hints = sum(bool(found[one.demand.id]) and not one.evidence for one in judged)
    shown = ", ".join(f"{number} {state}" for state, number in count.items())
    without = len(rows) - hints - sum(count.values())
    sections = verdicts.totals(scores)
    points = ", ".join(f"{name} {section:.1f}" for name, section in sections.items())

    yield f"{repository.folder.name}: {len(repository.paths)} files in git; nothing of them was run"
    yield f"{len(rows)} requirements; by tests: {shown}; {hints} more with files to look at, {without} without a trace"
    yield f"ML Test Score {min(sections.values()):.1f}: {points}"
    if not report:
        yield "No report of tests was given, so nothing is known to hold: make maturity REPO=... REPORT=<JUnit report>"
    for level in demands.LEVELS:
        yield f"\nLEVEL {level}"
        for one in judged:
            if one.demand.scope.since == level:
                yield from _wrapped(f"  {one.demand.id:<8}", one.demand.text)
                yield from _wrapped(f"{'':12}", _known(one, found[one.demand.id]))


def _known(one: Any, paths: list[str]) -> str:
    if one.evidence:
        return f"{one.state}: " + "; ".join(
            f"{each.file} ({each.passed} passed)" if each.passed and not each.says else f"{each.file}: {each.says}"
            for each in one.evidence
        )
    if not paths:
        return "nothing found"
    more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
    return f"to look at: {', '.join(paths[:MOST_NAMED])}{more}"


def _wrapped(start: str, text: str) -> list[str]:
    indent = " " * 12
    return textwrap.wrap(
        text, WIDTH, initial_indent=start, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _listed(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise RefusedError(f"{folder} is no folder; say where a repository is: make maturity REPO=path")
    listed = subprocess.run(["git", "-C", str(folder), "ls-files", "-z"], capture_output=True, check=False)
    if listed.returncode:
        raise RefusedError(f"{folder} is no git repository; make it one, or say where one is: make maturity REPO=path")
    paths = [path for path in listed.stdout.decode("utf-8", "surrogateescape").split("\0") if path]
    if not paths:
        raise RefusedError(f"{folder}: git knows no file there; commit something first")
    return paths


def _beginning(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(LONGEST)


def main(arguments: list[str] | None = None) -> int:
    """Tell it, or say in one line what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tools.maturity", description=__doc__)
    parser.add_argument("repository", help="the folder of a git repository")
    parser.add_argument("--report", type=Path, help="what pytest --junitxml wrote there")
    asked = parser.parse_args(arguments)
    try:
        if not asked.repository:
            raise RefusedError("say which repository: make maturity REPO=path")
        repository = Repository(Path(asked.repository).expanduser())
        if repository.is_of_this_template:
            raise RefusedError(f"{repository.folder} is a project of this template: run `make maturity` there")
        for line in told(repository, asked.report):
            print(line.encode("utf-8", "backslashreplace").decode())
    except (RefusedError, emitted("results").ProjectError) as refusal:
        print(f"maturity: {refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

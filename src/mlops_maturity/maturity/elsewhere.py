"""A repository that this template did not make: files that may be of interest for each requirement, and no verdict.

Nothing of it is run. A file is only a hint where to look. What holds, only tests that passed can show, in a report that
says what each is for.
"""

import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path
from typing import Any

from mlops_maturity.maturity import catalogue, junit
from mlops_maturity.maturity.catalogue import HERE, LEVELS, MOST
from mlops_maturity.maturity.history import History
from mlops_maturity.maturity.junit import Run
from mlops_maturity.maturity.text import reasons, wrapped
from mlops_maturity.maturity.verdicts import Evidence, State, Verdict, judge, totals
from mlops_maturity.project.errors import ProjectError

TRACES = HERE / "traces.toml"
# The rest of a file tells nothing new, and a large repository is to be read in seconds.
LONGEST, MOST_NAMED = 200_000, 4


@dataclass(frozen=True)
class Trace:
    """What to look for: names of files, and lines in files of some names."""

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
        """The files of a repository that it fits."""
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
        paths: of the files that git tracks.
    """

    def __init__(self, folder: Path) -> None:
        """List its files.

        Raises:
            ProjectError: it is not a folder, not a git repository, or tracks no file.
        """
        self.folder = folder
        self.paths = _tracked(folder)
        self._contents: dict[str, bytes] = {}

    def content(self, path: str) -> bytes:
        """The beginning of a file; nothing of a link, or of what is not there."""
        if path not in self._contents:
            file = self.folder / path
            readable = file.is_file() and not file.is_symlink()
            self._contents[path] = _beginning(file) if readable else b""
        return self._contents[path]


def run(path: Path, report: Path | None = None) -> None:
    """Print what a repository has of each level.

    Args:
        path: of the repository.
        report: of its tests, in the JUnit format.

    Raises:
        ProjectError: it is not a git repository with files, or the report cannot be read.
    """
    repository = Repository(path)
    found = "\n".join(lines(repository, junit.read(report) if report else None))
    print(found.encode("utf-8", "backslashreplace").decode())


def lines(repository: Repository, tests: Run | None) -> Iterator[str]:
    """What was found, line by line."""
    evidence = Evidence(tests or Run(Path("none"), "", 0.0, ()), History(), {})
    # The other rows are about what must not be there.
    rows = [row for row in catalogue.rows() if row.scope.until == LEVELS[-1]]
    verdicts = [judge(row, (), evidence) for row in rows]
    scores = [judge(score, (), evidence, MOST[-1]) for score in catalogue.scores()]
    traces = {name: Trace.of(row) for name, row in tomllib.loads(TRACES.read_text(encoding="utf-8")).items()}
    found = {row.id: traces[row.id].found(repository) for row in rows}
    count = {state: sum(one.state is state for one in verdicts) for state in State if state is not State.PROVIDED}
    hints = sum(bool(found[one.entry.id]) and one.state is None for one in verdicts)
    counted = ", ".join(f"{number} {state}" for state, number in count.items())
    without = len(rows) - hints - sum(count.values())
    sections = totals(scores)

    yield f"{repository.folder.resolve().name}: {len(repository.paths)} files in git; nothing of them was run"
    yield f"{len(rows)} requirements; by tests: {counted}; {hints} more with files to look at, {without} without"
    points = ", ".join(f"{name} {section:.1f}" for name, section in sections.items())
    yield f"ML Test Score {min(sections.values()):.1f}: {points}"
    if not tests:
        yield "No report of tests was given, so nothing is known to hold: --report=<JUnit report>"
    for level in LEVELS:
        yield f"\nLEVEL {level}"
        for one in verdicts:
            if one.entry.scope.since == level:
                yield from wrapped(f"  {one.entry.id:<10}", one.entry.title)
                yield from wrapped(f"{'':12}", _known(one, found[one.entry.id]))


def _known(one: Verdict, paths: list[str]) -> str:
    if one.state:
        return f"{one.state}: {reasons(one)}"
    if not paths:
        return "nothing found"
    more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
    return f"to look at: {', '.join(paths[:MOST_NAMED])}{more}"


def _tracked(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise ProjectError(f"{folder} is not a folder; give the path of a git repository")
    listed = subprocess.run(["git", "-C", str(folder), "ls-files", "-z"], capture_output=True, check=False)
    if listed.returncode:
        raise ProjectError(f"{folder} is not a git repository; run `git init` and commit there, or give another path")
    paths = [path for path in listed.stdout.decode("utf-8", "surrogateescape").split("\0") if path]
    if not paths:
        raise ProjectError(f"{folder}: git tracks no file there; commit something first")
    return paths


def _beginning(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(LONGEST)

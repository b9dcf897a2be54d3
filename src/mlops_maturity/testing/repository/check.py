"""What a check of the repository is: a function that yields what is wrong, for some rows of the requirements."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from mlops_maturity.project import answers
from mlops_maturity.project.answers import Answers
from mlops_maturity.project.files import Loader

CI_FILES = {
    "github": (".github/workflows/*.yml", ".github/actions/*/action.yml"),
    "gitlab": (".gitlab-ci.yml", ".gitlab/*.yml"),
    "jenkins": ("Jenkinsfile", "jenkins/*"),
}
# What changes an environment, or counts what it does: one job after the other. Others only take secrets from one.
DEPLOYMENTS = {f"make {target}" for target in ("deploy", "rollback", "stop", "verify")}


class GitLabLoader(Loader):  # type: ignore[misc, valid-type]
    """YAML with `!reference`, GitLab's own tag, which no check looks at."""


GitLabLoader.add_constructor("!reference", lambda *_: "")


@dataclass(frozen=True)
class Repository:
    """The files of a project, and the answers that it was made with.

    Attributes:
        root: its folder.
        answers: what .template.json says.
    """

    root: Path
    answers: Answers
    _parsed: dict[Path, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def at(cls, root: Path) -> "Repository":
        """The project in a folder.

        Raises:
            ProjectError: .template.json is missing or damaged.
        """
        return cls(root, answers.load(root / answers.RECORD))

    @property
    def level(self) -> int:
        """The maturity level."""
        return self.answers.level

    def text(self, path: str | Path) -> str:
        """The content of a file, an empty text where there is none."""
        file = self.root / path
        return file.read_text(encoding="utf-8") if file.is_file() else ""

    def yaml(self, path: str | Path) -> Any:
        """The content of a YAML file, not to be changed; an empty mapping where there is none."""
        path = Path(path)
        if path not in self._parsed:
            self._parsed[path] = yaml.load(self.text(path), GitLabLoader) or {}  # noqa: S506 - it is a safe one
        return self._parsed[path]

    def files(self, *patterns: str) -> list[Path]:
        """The files that fit one of these patterns, relative to the root, in order."""
        found = {path for pattern in patterns for path in self.root.glob(pattern) if path.is_file()}
        return sorted(path.relative_to(self.root) for path in found)

    @cached_property
    def ci_files(self) -> list[Path]:
        """What the CI system reads."""
        return self.files(*CI_FILES[self.answers.ci_provider])

    @cached_property
    def targets(self) -> dict[str, str]:
        """The targets of the Makefile, each with its recipe."""
        found = re.findall(r"^([a-z-]+):[^\n]*\n((?:\t.*\n)*)", self.text("Makefile"), re.MULTILINE)
        return dict(found)


Problems = Iterator[str]
Function = Callable[[Repository], Problems]


@dataclass(frozen=True)
class Check:
    """A check of the repository.

    Attributes:
        function: yields what is wrong, a line for each problem.
        requirements: the rows that it is for.
        scores: tests of the ML Test Score that it automates, each with its points.
        since: the first level that has it.
        until: the last level that has it.
        when: answers that it depends on, each with the values that ask for it.
    """

    function: Function
    requirements: tuple[str, ...]
    scores: tuple[tuple[str, float], ...] = ()
    since: int = 0
    until: int = 2
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How reports and settings name it."""
        return self.function.__name__

    def concerns(self, known: Answers) -> bool:
        """Whether a project with these answers has it."""
        return self.since <= known.level <= self.until and all(
            getattr(known, question) in values for question, values in self.when.items()
        )

    def __call__(self, repository: Repository) -> None:
        """Run it.

        Raises:
            AssertionError: with all that is wrong.
        """
        __tracebackhide__ = True
        if problems := list(self._found(repository)):
            raise AssertionError("\n".join(problems))

    def _found(self, repository: Repository) -> Problems:
        try:
            yield from self.function(repository)
        except yaml.YAMLError as error:
            yield f"a file is not valid YAML: {' '.join(str(error).split())}"


CHECKS: list[Check] = []


def check(
    *requirements: str,
    scores: tuple[tuple[str, float], ...] = (),
    since: int = 0,
    until: int = 2,
    **when: str | tuple[str, ...],
) -> Callable[[Function], Function]:
    """Make a function a check of the repository; `when` holds answers that it depends on: `cloud=("aws", "gcp")`."""
    asked = {question: (values,) if isinstance(values, str) else values for question, values in when.items()}

    def registered(function: Function) -> Function:
        CHECKS.append(Check(function, requirements, scores, since, until, asked))
        return function

    return registered


def unless(holds: object, problem: str) -> Problems:
    """Yield the problem where something does not hold."""
    if not holds:
        yield problem


def in_order(commands: list[str], *wanted: str) -> bool:
    """Whether each of these commands is there once, in this order."""
    return [command for command in commands if command in wanted] == list(wanted)

"""The tools that check what CI reads as its provider does, each run once for files that are the same.

Those of the lock need nothing else. Those of providers need node and Java.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import gitlab_running
import jenkins_ci
from conftest import TEMPLATE, Project, run
from gitlab_ci import PUSH
from jenkins_syntax import mistakes, unknown_jobs

TOOLS = Path(sys.executable).parent
Look = Callable[[list[Project], list[Path]], None]


@dataclass(frozen=True)
class Linter:
    """A tool that looks at some files of projects.

    Attributes:
        name: of it.
        files: patterns of what it looks at.
        look: looks at projects, and at their files that no other of them has, and fails on a finding.
    """

    name: str
    files: tuple[str, ...]
    look: Look

    def lint(self, projects: Iterable[Project]) -> int:
        """Look at projects, once at those of the same files, and return how many files were looked at."""
        different: dict[frozenset[tuple[str, bytes]], Project] = {}
        paths: dict[tuple[str, bytes], Path] = {}
        for project in projects:
            found = [path for pattern in self.files for path in sorted(project.path.glob(pattern))]
            content = {(str(path.relative_to(project.path)), path.read_bytes()): path for path in found}
            if content:
                different.setdefault(frozenset(content), project)
                paths = content | paths
        if paths:
            self.look(list(different.values()), list(paths.values()))
        return len(paths)


def command(name: str, *options: str) -> Look:
    """A tool that is given the files."""

    def look(_: list[Project], paths: list[Path]) -> None:
        run([str(TOOLS / name), *options, *map(str, paths)], TEMPLATE)

    return look


def schema(name: str, *files: str, options: tuple[str, ...] = ()) -> Linter:
    """A schema that comes with check-jsonschema."""
    return Linter(name, files, command("check-jsonschema", "--builtin-schema", f"vendor.{name}", *options))


def zizmor(projects: list[Project], _: list[Path]) -> None:
    """Look at the folders as a whole, where their settings are."""
    folders = [str(project.path / ".github") for project in projects]
    # An auditor sees more, of which a line on each name and permission is no help.
    for options in ([], ["--persona=auditor", "--min-severity=medium"]):
        run([str(TOOLS / "zizmor"), "--offline", *options, *folders], TEMPLATE)


def gitlab(projects: list[Project], _: list[Path]) -> None:
    """Put the files together as GitLab does."""
    for project in projects:
        assert gitlab_running.listed(project, PUSH) is not None


def jenkins(projects: list[Project], _: list[Path]) -> None:
    """Look for directives, steps and arguments that there are not."""
    for files in jenkins_ci.read(projects):
        trees = files.pipelines | files.loaded
        found = [mistake for name, tree in trees.items() for mistake in mistakes(name, tree, files.functions)]
        assert [*found, *unknown_jobs(files.jobs)] == []


WORKFLOWS, PIPELINES = ".github/workflows/*.yml", (".gitlab-ci.yml", ".gitlab/*.yml")
OF_THE_LOCK = (
    schema("github-workflows", WORKFLOWS),
    schema("github-actions", ".github/actions/*/action.yml"),
    schema("dependabot", ".github/dependabot.yml"),
    Linter("actionlint", (WORKFLOWS,), command("actionlint")),
    Linter("zizmor", (".github/**/*.yml",), zizmor),
    schema("gitlab-ci", *PIPELINES, options=("--data-transform", "gitlab-ci")),
)
OF_PROVIDERS = {
    "gitlab": Linter("gitlab-ci-local", PIPELINES, gitlab),
    "jenkins": Linter(
        "the executor of Jenkins' files", ("Jenkinsfile", "jenkins/*.Jenkinsfile", "jenkins/*.groovy"), jenkins
    ),
}

"""The tools that hold what CI reads to the provider that reads it, each run once for files that are the same.

Those of the lock need nothing else. Those of providers need node and Java.
"""

import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import gitlab_running
import jenkins_ci
from conftest import TEMPLATE, Project, run
from gitlab_ci import PUSH
from jenkins_syntax import mistakes, unknown_jobs

TOOLS = Path(sys.executable).parent
Look = Callable[[Project, list[Path]], object]


@dataclass(frozen=True)
class Linter:
    """A tool that looks at some files of a project.

    Attributes:
        name: of it.
        files: patterns of what it looks at.
        look: looks at them, and fails on a finding.
    """

    name: str
    files: tuple[str, ...]
    look: Look


def command(name: str, *options: str) -> Look:
    """A tool that is given the files."""

    def look(_: Project, paths: list[Path]) -> None:
        run([str(TOOLS / name), *options, *map(str, paths)], TEMPLATE)

    return look


def schema(name: str, *files: str, options: tuple[str, ...] = ()) -> Linter:
    """A schema that comes with check-jsonschema."""
    return Linter(name, files, command("check-jsonschema", "--builtin-schema", f"vendor.{name}", *options))


def zizmor(project: Project, _: list[Path]) -> None:
    """Look at the folder as a whole, where its settings are."""
    run([str(TOOLS / "zizmor"), "--offline", str(project.path / ".github")], TEMPLATE)


def gitlab(project: Project, _: list[Path]) -> None:
    """Put the files together as GitLab does."""
    assert gitlab_running.listed(project, PUSH) is not None


def jenkins(project: Project, _: list[Path]) -> None:
    """Look for directives, steps and arguments that there are not."""
    (files,) = jenkins_ci.read([project])
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
OF_PROVIDERS = (
    Linter("gitlab-ci-local", PIPELINES, gitlab),
    Linter("the executor of Jenkins' files", ("Jenkinsfile", "jenkins/*.Jenkinsfile", "jenkins/*.groovy"), jenkins),
)
EVERY = OF_THE_LOCK + OF_PROVIDERS


def lint(project: Project, seen: set[str], linters: tuple[Linter, ...] = EVERY) -> Iterator[str]:
    """Run the linters that a project has files for, each on what it has not seen.

    Args:
        project: whose files are looked at.
        seen: digests of what was looked at before; what is looked at now is added.
        linters: to run.

    Yields:
        What was run.
    """
    for linter in linters:
        paths = [path for pattern in linter.files for path in sorted(project.path.glob(pattern))]
        content = [(linter.name, *((str(path.relative_to(project.path)), path.read_bytes()) for path in paths))]
        digest = hashlib.sha256(repr(content).encode()).hexdigest()
        if not paths or digest in seen:
            continue
        seen.add(digest)
        linter.look(project, paths)
        yield linter.name

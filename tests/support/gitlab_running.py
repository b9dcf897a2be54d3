"""Running an emitted pipeline on this machine with gitlab-ci-local: its jobs are real, each in a clone of its own."""

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Project, clean_environment, run
from gitlab_ci import Configuration, Event

HERE = Path(__file__).with_name("gitlab")
COMMAND = HERE / "node_modules" / ".bin" / "gitlab-ci-local"
ENDED = re.compile(r"^ (PASS|FAIL|WARN) +(\S+)(?: +\d+% coverage)? *$", re.MULTILINE)
COMMANDED = re.compile(r"^(\S+) +\$ (.*)$", re.MULTILINE)
RESULTS = {"PASS": "success", "FAIL": "failure", "WARN": "allowed to fail"}


@dataclass(frozen=True)
class Ran:
    """What came of a pipeline.

    Attributes:
        jobs: how each job ended, of those that were run.
        commands: what each job began to run; where a job failed, the last one did.
        said: all that was printed.
        folder: where the jobs' own folders are.
    """

    jobs: dict[str, str]
    commands: dict[str, list[str]]
    said: str
    folder: Path

    def ended(self, **jobs: str) -> None:
        """Require how its jobs ended, or show what was said."""
        assert self.jobs == jobs, self.said

    def says(self, text: str, job: str = "") -> None:
        """Require that something was said, by one job if it is named, or show what was."""
        lines = [line for line in self.said.splitlines() if line.startswith(f"{job} ")] if job else [self.said]
        assert any(text in line for line in lines), self.said

    def targets(self, job: str) -> list[str]:
        """What a job asked make for."""
        return [command.split()[1] for command in self.commands.get(job, ()) if command.startswith("make ")]

    def has(self, job: str, path: str) -> bool:
        """Whether a job kept a file as an artefact."""
        return (self.folder / "artifacts" / job / path).exists()


def happens(
    project: Project,
    event: Event,
    *,
    by_hand: tuple[str, ...] = (),
    only: tuple[str, ...] = (),
    tools: Path | None = None,
    **variables: str,
) -> Ran:
    """Let something start a pipeline in the branch that is checked out, and run it.

    Args:
        project: the repository.
        event: what starts it.
        by_hand: manual jobs that a person starts.
        only: run these jobs alone, as if what they need were done.
        tools: a folder of commands that come before all others.
        variables: of the project, or of the person who starts a job.
    """
    asked = {"CI_PIPELINE_SOURCE": event.source, "CI_COMMIT_BRANCH": event.branch, **event.variables, **variables}
    started = Configuration(project).started(event)
    assert {*by_hand, *only} <= set(started), f"{event} starts {', '.join(started) or 'nothing'}"
    shell = ["--force-shell-executor", "--shell-isolation", "--no-artifacts-to-source"]
    command = [*gitlab_ci_local(project), *only, *shell, "--container-executable", str(HERE / "engine")]
    command += [f"--manual={job}" for job in by_hand] + _variables(asked)
    path = os.pathsep.join([str(tools)] * bool(tools) + [f"{sys.base_prefix}/bin", clean_environment()["PATH"]])
    done = run(command, project.path, check=False, environment=clean_environment(PATH=path))
    said = done.stdout + done.stderr
    jobs = {name: RESULTS[result] for result, name in ENDED.findall(said)}
    assert bool(done.returncode) == ("failure" in jobs.values() or not jobs), said
    commands: dict[str, list[str]] = {}
    for job, line in COMMANDED.findall(said):
        commands.setdefault(job, []).append(line)
    return Ran(jobs, commands, said, project.path / ".gitlab-ci-local")


def listed(project: Project, event: Event) -> dict[str, str]:
    """The jobs of a pipeline as gitlab-ci-local sees them, each with when; it fails on what GitLab would refuse."""
    asked = {"CI_PIPELINE_SOURCE": event.source, "CI_COMMIT_BRANCH": event.branch, **event.variables}
    command = [*gitlab_ci_local(project), "--list-csv", "--force-shell-executor", *_variables(asked)]
    done = run(command, project.path, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split(";") for line in done.stdout.splitlines() if line.count(";") >= 4]
    assert rows[0][:3] == ["name", "stage", "when"], done.stdout
    return {name: when for name, _, when, *_ in rows[1:]}


def gitlab_ci_local(project: Project) -> list[str]:
    """The command, and what it needs of a repository."""
    for tool, missing in (
        (COMMAND, "npm ci --prefix tests/support/gitlab"),
        (shutil.which("rsync"), "apt-get install rsync"),
    ):
        if tool is None or not Path(tool).exists():
            pytest.skip(f"GitLab's pipelines cannot be run here: {missing}")
    # What a push changes is told by the branch that people have; without one, it has nothing new.
    if project.run("git", "rev-parse", "--quiet", "--verify", "refs/remotes/origin/main", check=False).returncode:
        project.run("git", "update-ref", "refs/remotes/origin/main", "HEAD")
    project.run("git", "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    return [str(COMMAND)]


def _variables(values: dict[str, str]) -> list[str]:
    """Variables as gitlab-ci-local takes them, with what this machine has and GitLab has not."""
    here = {"CI_REGISTRY": "", "CI_REGISTRY_IMAGE": "", "CI_PROJECT_URL": "https://gitlab.example/group/name"}
    caches = {name: os.environ[name] for name in ("MYPY_CACHE_DIR", "PIP_CACHE_DIR", "UV_CACHE_DIR")}
    given = here | caches | values
    predefined = ",".join(name for name in given if name.startswith("CI_"))
    return ["--ignore-predefined-vars", predefined, *(f"--variable={name}={value}" for name, value in given.items())]

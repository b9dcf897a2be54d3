"""Reading what was emitted for GitLab CI: its files put together as GitLab does, and what starts which of the jobs."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml
from conftest import Project
from gitlab_rules import holds
from parity import Job, deployments

ROOT, PARTS = ".gitlab-ci.yml", ".gitlab"
# What GitLab knows beside jobs.
SETTINGS = {"default", "include", "stages", "variables", "workflow"}
TARGET = re.compile(r"\bmake ([a-z-]+)")


class Reference(list[str]):
    """`!reference [job, key]`: what stands there."""


class Loader(yaml.SafeLoader):
    """YAML with GitLab's own tag."""


def _reference(loader: Loader, node: yaml.SequenceNode) -> Reference:
    return Reference(loader.construct_sequence(node))


Loader.add_constructor("!reference", _reference)


@dataclass(frozen=True)
class Event:
    """Something that may start a pipeline.

    Attributes:
        source: what it is, as GitLab's CI_PIPELINE_SOURCE names it.
        branch: where.
        variables: what comes with it.
        changed: files that a push changes.
    """

    source: str
    branch: str = "main"
    variables: dict[str, str] = field(default_factory=dict)
    changed: tuple[str, ...] = ()


# As the other providers name those that a branch chooses.
ORDER = ("automation", "test", "staging")
PUSH, DEVELOP = Event("push"), Event("push", "develop")
CHANGE = Event("merge_request_event", "work", {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"})
DATA = Event("push", changed=("data/raw/penguins.csv.dvc",))
FOUND = Event("trigger", variables={"WORKFLOW": "train", "EVENT": "drift"})


class Configuration:
    """The pipelines of a project.

    Attributes:
        jobs: all jobs, whole, by name.
        files: where each is, as the stem of the file.
        options: what the variable WORKFLOW may be where a person starts a pipeline.
        schedules: what it is where the clock does.
    """

    def __init__(self, project: Project) -> None:
        self._raw: dict[str, Any] = {}
        self.files: dict[str, str] = {}
        for path in [project.path / ROOT, *sorted((project.path / PARTS).glob("*.yml"))]:
            content = parsed(path)
            assert not self._raw.keys() & content.keys(), f"{path.name} says again what another file says"
            self._raw |= content
            self.files |= dict.fromkeys(content, path.stem)
        names = [name for name in self._raw if name not in SETTINGS and not name.startswith(".")]
        self.jobs = {name: self._whole(name) for name in names}
        self._variables = {name: _default(value) for name, value in self._raw.get("variables", {}).items()}
        form = self._raw.get("variables", {}).get("WORKFLOW", {})
        self.options: list[str] = form.get("options", [""])
        table = project.path / PARTS / "schedules.toml"
        self.schedules = list(tomllib.loads(table.read_text())) if table.exists() else []

    def variables(self, event: Event) -> dict[str, str] | None:
        """What a pipeline knows that an event starts; None if it starts none."""
        known = {"CI_PIPELINE_SOURCE": event.source, "CI_COMMIT_BRANCH": event.branch}
        for rule in self._raw["workflow"]["rules"]:
            if holds(rule["if"], self._variables | known | event.variables):
                return {**self._variables, **rule.get("variables", {}), **known, **event.variables}
        return None

    def started(self, event: Event) -> dict[str, str]:
        """The jobs of the pipeline that an event starts, each with when: `on_success` or `manual`."""
        variables = self.variables(event)
        if variables is None:
            return {}
        found = {name: self._when(job, event, variables) for name, job in self.jobs.items()}
        return {name: when for name, when in found.items() if when != "never"}

    def _when(self, job: dict[str, Any], event: Event, variables: dict[str, str]) -> str:
        for rule in job.get("rules", [{}]):
            fits = [fnmatch(path, pattern) for path in event.changed for pattern in rule.get("changes", ())]
            if holds(rule.get("if", '"" == ""'), variables) and ("changes" not in rule or any(fits)):
                return str(rule.get("when", "on_success"))
        return "never"

    def _whole(self, name: str) -> dict[str, Any]:
        """A job with what it extends, and what it refers to."""
        job: dict[str, Any] = {}
        parents = self._raw[name].get("extends", [])
        for parent in [parents] if isinstance(parents, str) else parents:
            job = _merged(job, self._whole(parent))
        job = _merged(job, self._raw[name])
        for part in ("before_script", "script"):
            job[part] = list(self._lines(job.get(part, [])))
        return job

    def _lines(self, lines: list[Any]) -> Iterator[str]:
        for line in lines:
            if isinstance(line, Reference):
                name, part = line
                yield from self._lines(self._raw[name][part])
            else:
                yield line


def parsed(path: Path) -> dict[str, Any]:
    """A file of GitLab CI."""
    content: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader)  # noqa: S506 - it is the safe one
    return content


def jobs(project: Project) -> dict[str, Job]:
    """What each job does and when it starts, in words that mean the same for every provider."""
    configuration = Configuration(project)
    starts = _starts(configuration)
    found = {
        name: Job(
            configuration.files[name], targets(job), _environment(configuration, job), frozenset(starts.get(name, ()))
        )
        for name, job in configuration.jobs.items()
    }
    return deployments(found)


def targets(job: Mapping[str, Any]) -> tuple[str, ...]:
    """What a job asks make for, in order, but for what a trap runs when it ends."""
    lines = [line for line in [*job["before_script"], *job["script"]] if not line.startswith("trap ")]
    return tuple(target for line in lines for target in TARGET.findall(line))


def _starts(configuration: Configuration) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}

    def note(how: str, names: Mapping[str, str]) -> None:
        for name, when in names.items():
            needs = configuration.jobs[name].get("needs")
            found.setdefault(name, set()).add("hand" if when == "manual" else "after" if needs else how)

    pushed, developed = configuration.started(PUSH), configuration.started(DEVELOP)
    note("deliver" if developed else "push", pushed)
    note("deliver", developed)
    note("change", configuration.started(CHANGE))
    data = configuration.started(DATA)
    note("data", {name: when for name, when in data.items() if name not in pushed})
    note("event", configuration.started(FOUND))
    for workflow in configuration.options:
        note("hand", configuration.started(Event("web", variables={"WORKFLOW": workflow})))
    for workflow in configuration.schedules:
        note("schedule", configuration.started(Event("schedule", variables={"WORKFLOW": workflow})))
    return found


def _environment(configuration: Configuration, job: Mapping[str, Any]) -> str:
    asked = job.get("environment", "")
    name = str(asked["name"] if isinstance(asked, dict) else asked)
    if not name.startswith("$"):
        return name
    told = {(configuration.variables(event) or {}).get(name[1:]) for event in (PUSH, DEVELOP)}
    # Where pushes do not differ, a person says it.
    return "|".join(sorted(map(str, told), key=ORDER.index)) if len(told) > 1 else "any"


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = one | other
    for name in one.keys() & other.keys():
        if isinstance(one[name], dict) and isinstance(other[name], dict):
            both[name] = _merged(one[name], other[name])
    return both


def _default(variable: object) -> str:
    return str(variable["value"] if isinstance(variable, dict) else variable)

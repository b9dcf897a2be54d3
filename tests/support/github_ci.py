"""Reading what was emitted for GitHub Actions: what each job does, and what starts it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from conftest import Project
from parity import Job, deployments

WORKFLOWS = ".github/workflows"
PREPARE = ".github/actions/prepare/action.yml"
CALLED = "./.github/workflows/"


def jobs(project: Project) -> dict[str, Job]:
    """What each job does and when it starts, in words that mean the same for every provider."""
    workflows = {path.stem: _parsed(path.read_text()) for path in sorted(project.path.glob(f"{WORKFLOWS}/*.yml"))}
    found, called = {}, {}
    for file, workflow in workflows.items():
        starts = frozenset(_starts(workflow["on"]))
        for name, job in workflow["jobs"].items():
            if uses := job.get("uses"):
                called[uses.removeprefix(CALLED).removesuffix(".yml")] = starts
                continue
            targets = tuple(_targets(project, job["steps"]))
            after = frozenset({"after"}) if "needs" in job else starts
            found[name] = Job(file, targets, _environment(job, workflow["on"]), after)
    for name, job in found.items():
        if job.file in called:
            found[name] = Job(job.file, job.targets, job.environment, job.starts | called[job.file])
    return deployments(found)


def _parsed(text: str) -> dict[str, Any]:
    # YAML 1.1, which the parser speaks, reads the key `on` as true.
    parsed: dict[object, Any] = yaml.safe_load(text)
    return {"on" if key is True else str(key): value for key, value in parsed.items()}


def _targets(project: Project, steps: list[dict[str, Any]]) -> Iterator[str]:
    for step in steps:
        if step.get("uses") == f"./{PREPARE.removesuffix('/action.yml')}":
            yield from _targets(project, _parsed(project.text(PREPARE))["runs"]["steps"])
        elif "run" in step:
            target, separator, rest = step["run"].removeprefix("make ").partition(" ")
            assert step["run"].startswith("make "), step
            assert not separator + rest, step
            yield target


def _starts(events: Mapping[str, Any]) -> Iterator[str]:
    for event, details in events.items():
        if event == "push":
            branches = details["branches"]
            yield "data" if "paths" in details else "push" if branches == ["main"] else "deliver"
            assert set(branches) <= {"develop", "main"}
        elif event != "workflow_call":
            yield {
                "pull_request": "change",
                "repository_dispatch": "event",
                "schedule": "schedule",
                "workflow_dispatch": "hand",
            }[event]


def _environment(job: Mapping[str, Any], events: Mapping[str, Any]) -> str:
    name = str(job.get("environment", ""))
    if name == "${{ inputs.environment }}":
        options = events["workflow_dispatch"]["inputs"]["environment"]["options"]
        return "any" if "production" in options else "|".join(options)
    chosen = re.fullmatch(r"\$\{\{ github.ref == 'refs/heads/main' && '(\w+)' \|\| 'test' \}\}", name)
    return {"staging": "test|staging", "automation": "automation|test"}[chosen[1]] if chosen else name

"""Reading and running the emitted Jenkins files with the local executor beside this file, which is not Jenkins."""

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import Project, clean_environment, run
from jenkins_syntax import mistakes
from parity import Job, deployments

EXECUTOR = Path(__file__).with_name("jenkins")
HOW = "not exercised: groovy and a JDK are not installed (apt install groovy default-jre-headless)"
Tree = dict[str, Any]


def groovy(request: Mapping[str, object]) -> Any:
    """Ask the executor, in one start of the Java machine."""
    if not shutil.which("groovy"):
        pytest.skip(HOW)
    java = Path(shutil.which("java") or pytest.skip(HOW)).resolve().parents[1]
    with tempfile.TemporaryDirectory() as folder:
        asked, answer = Path(folder, "asked.json"), Path(folder, "answer.json")
        asked.write_text(json.dumps(request))
        command = ["groovy", "-cp", str(EXECUTOR), str(EXECUTOR / "main.groovy"), str(asked), str(answer)]
        environment = clean_environment(
            JAVA_HOME=str(java), JAVA_OPTS="-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto"
        )
        run(command, Path(folder), environment=environment)
        return json.loads(answer.read_text())


@dataclass(frozen=True)
class Files:
    """The Groovy files of a project, as data.

    Attributes:
        pipelines: by path, and what they load.
        jobs: what jenkins/jobs.groovy asks the Job DSL plug-in for.
    """

    pipelines: dict[str, Tree]
    loaded: dict[str, Tree]
    jobs: list[Tree]

    @property
    def functions(self) -> frozenset[str]:
        """What pipelines can call of what they load."""
        return frozenset(name for tree in self.loaded.values() for name in tree["methods"])

    def scripts(self) -> dict[str, str]:
        """The file of each job, by the job's name in the folder of the project."""
        made = [job for job in self.jobs if job["call"] in ("pipelineJob", "multibranchPipelineJob")]
        paths = {
            job["args"][0]: [call["args"][0] for call in calls(job) if call["call"] == "scriptPath"] for job in made
        }
        return {name.split("/", 1)[1]: (path or ["Jenkinsfile"])[0] for name, path in paths.items()}


def read(projects: Sequence[Project]) -> list[Files]:
    """The Groovy files of several projects."""
    paths = [_paths(project) for project in projects]
    scripts = [str(project.path / "jenkins" / "jobs.groovy") for project in projects]
    answer = groovy({"trees": [str(path) for each in paths for path in each], "jobs": scripts})
    found = []
    for project, each, jobs in zip(projects, paths, scripts, strict=True):
        trees = {str(path.relative_to(project.path)): answer["trees"][str(path)] for path in each}
        loaded = {name: tree for name, tree in trees.items() if name.endswith(".groovy")}
        pipelines = {name: tree for name, tree in trees.items() if name not in loaded}
        found.append(Files(pipelines, loaded, answer["jobs"][jobs]))
    return found


def _paths(project: Project) -> list[Path]:
    folder = project.path / "jenkins"
    loaded = [path for path in sorted(folder.glob("*.groovy")) if path.name != "jobs.groovy"]
    return [project.path / "Jenkinsfile", *sorted(folder.glob("*.Jenkinsfile")), *loaded]


def calls(node: object) -> Iterator[Tree]:
    """Every call in a part of a tree, in the order that it is written in."""
    if isinstance(node, list):
        for item in node:
            yield from calls(item)
    elif isinstance(node, Mapping):
        if "call" in node:
            yield dict(node)
        for item in node.values():
            yield from calls(item)


def directive(body: list[Tree], name: str) -> Tree:
    """A directive of a pipeline or a stage; an empty one where it is not given."""
    return next((node for node in body if node.get("call") == name), {"args": [], "named": {}, "body": []})


def stages(tree: Tree) -> dict[str, list[Tree]]:
    """The stages of a pipeline by name, each with its directives."""
    (pipeline,) = tree["statements"]
    return {stage["args"][0]: stage["body"] for stage in directive(pipeline["body"], "stages")["body"]}


def commands(node: object) -> list[str]:
    """What a part of a pipeline runs."""
    return [call["args"][0] for call in calls(node) if call["call"] == "sh"]


def jobs(project: Project) -> dict[str, Job]:
    """What the stages of a project do, and when they start, in words that all providers share."""
    (files,) = read([project])
    # New data are seen in the branch main, which then starts the training.
    asked = {call["named"]["job"] for call in calls(files.pipelines["Jenkinsfile"]) if call["call"] == "build"}
    known = {}
    for name, tree in files.pipelines.items():
        (pipeline,) = tree["statements"]
        does = {stage: body for stage, body in stages(tree).items() if targets(body)}
        first = next(iter(does))
        for stage, body in does.items():
            file, starts = Path(name).stem, {"after"}
            if name == "Jenkinsfile":
                file = "checks" if runs(body, CHANGE) else "deliver"
            if stage == first and "branches" in files.scripts() and name == "Jenkinsfile":
                starts = _starts_on_branches(list(does.values()))
            elif stage == first:
                starts = _starts(pipeline["body"], f"../{file}" in asked)
            known[stage] = Job(file, targets(body), _environment(body), frozenset(starts))
    return deployments(known)


def targets(stage: list[Tree]) -> tuple[str, ...]:
    """What a stage asks make for."""
    return tuple(command[5:] for command in commands(directive(stage, "steps")) if command.startswith("make "))


CHANGE = {"CHANGE_ID": "1", "BRANCH_NAME": "PR-1"}
MAIN, DEVELOP = {"BRANCH_NAME": "main"}, {"BRANCH_NAME": "develop"}


def runs(stage: list[Tree], variables: Mapping[str, str]) -> bool:
    """Whether a stage runs in a build with these variables, and with a change of anything."""
    return all(_holds(condition, variables) for condition in directive(stage, "when")["body"])


def _holds(condition: Tree, variables: Mapping[str, str]) -> bool:
    inner = [_holds(each, variables) for each in condition.get("body") or []]
    match condition["call"]:
        case "branch":
            return bool(variables["BRANCH_NAME"] == condition["args"][0])
        case "changeRequest":
            return "CHANGE_ID" in variables
        case "not":
            return not all(inner)
        case "anyOf":
            return any(inner)
        case "environment":
            return bool(variables.get(condition["named"]["name"]) == condition["named"]["value"])
        case "changeset":
            return True
        case other:
            raise AssertionError(f"nobody has taught the tests what {other} is")


def _starts_on_branches(found: list[list[Tree]]) -> set[str]:
    """A multibranch job builds each branch and each change request; of these, what is told apart elsewhere."""
    starts = {"hand"} | ({"change"} if runs(found[0], CHANGE) else set())
    if not runs(found[0], MAIN):
        return starts
    delivers = any(runs(stage, DEVELOP) and runs(stage, MAIN) for stage in found[1:])
    return starts | {"deliver" if delivers else "push"}


def _starts(pipeline: list[Tree], by_data: bool) -> set[str]:
    events = [call for call in calls(directive(pipeline, "parameters")) if call["named"].get("name") == "EVENT"]
    schedule = bool(directive(pipeline, "triggers")["body"])
    starts = {"hand": True, "schedule": schedule, "data": by_data, "event": bool(events)}
    return {name for name, does in starts.items() if does}


def _environment(stage: list[Tree]) -> str:
    """Where a stage deploys to, by what it asks jenkins/access.groovy for."""
    asked = [call["args"][0] for call in calls(directive(stage, "steps")) if call["call"] == "environment"]
    if not asked:
        return ""
    if isinstance(asked[0], str):
        return asked[0]
    # The branch says which, or a person.
    choices = [call["named"]["choices"] for call in calls(directive(stage, "input")) if call["call"] == "choice"]
    if not choices:
        return "|".join(sorted(re.findall(r"'(test|staging|production)'", asked[0]["code"]), reverse=True))
    return "any" if len(choices[0]) == 3 else "|".join(choices[0])


@dataclass(frozen=True)
class Built:
    """What came of a build.

    Attributes:
        result: SUCCESS, UNSTABLE, FAILURE or ABORTED.
        stages: how each ended, of those that were reached.
        commands: each that was run, with its exit code.
        builds: of other jobs that it started.
        kept: its artefacts and test results.
        bound: the ids of credentials, by stage.
        said: its log.
    """

    result: str
    stages: dict[str, str]
    commands: dict[str, int]
    builds: list[dict[str, Any]]
    mails: list[dict[str, str]]
    locked: list[tuple[str, str]]
    kept: list[str]
    bound: list[tuple[str, str]]
    said: str

    def ended(self, result: str, **stages: str) -> None:
        """Require how it and its stages ended, or show what was said."""
        assert (self.result, self.stages) == (result, stages), self.said

    def says(self, text: str) -> None:
        """Require that something was said, or show what was."""
        assert text in self.said, self.said


@dataclass
class Jenkins:
    """A repository and the jobs that Jenkins has of it.

    Attributes:
        origin: the repository.
        folder: for workspaces and what builds keep.
        environment: what the agent has, variables of Jenkins included.
    """

    origin: Path
    folder: Path
    slug: str
    environment: dict[str, str] = field(default_factory=dict)
    credentials: dict[str, str] = field(default_factory=dict)
    jobs: list[str] = field(default_factory=list)
    count: int = 0

    def build(  # noqa: PLR0913 - what a build may be started with
        self,
        job: str,
        file: str,
        *,
        reference: str = "origin/main",
        parameters: Mapping[str, str] | None = None,
        answers: Mapping[str, Mapping[str, object]] | None = None,
        changed: Iterable[str] = (),
        before: str = "SUCCESS",
        **environment: str,
    ) -> Built:
        """Run a job of the folder, in a new workspace."""
        self.count += 1
        place = self.folder / f"{self.count}-{job.replace('/', '-')}"
        place.mkdir(parents=True)
        answer = groovy(
            {
                "run": {
                    "file": file,
                    "origin": str(self.origin),
                    "reference": reference,
                    "workspace": str(self.folder / "workspace"),
                    "spare": str(self.folder / "spare"),
                    "kept": str(place / "kept"),
                    "job": f"{self.slug}/{job}",
                    "jobs": [f"{self.slug}/{name}" for name in self.jobs],
                    "environment": clean_environment() | self.environment | environment,
                    "parameters": dict(parameters or {}),
                    "credentials": self.credentials,
                    "answers": dict(answers or {}),
                    "changed": list(changed),
                    "before": before,
                }
            }
        )
        trees, kept = answer["trees"], place / "kept"
        functions = frozenset(name for tree in trees.values() for name in tree.get("methods", ()))
        wrong = [found for name, tree in trees.items() for found in mistakes(name, tree, functions)]
        assert not wrong, wrong
        return Built(
            result=answer["result"],
            stages={stage["name"]: stage["result"] for stage in answer["stages"]},
            commands={command["script"]: command["code"] for command in answer["commands"]},
            builds=answer["builds"],
            mails=answer["mails"],
            locked=[(lock["stage"], lock["name"]) for lock in answer["locked"]],
            kept=sorted(str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file()),
            bound=[(binding["stage"], binding["id"]) for binding in answer["bound"]],
            said=answer["said"],
        )

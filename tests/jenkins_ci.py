"""Reading and running the emitted Jenkins files with the local executor of tests/jenkins, which is not Jenkins."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import Project, clean_environment, run

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


def files(project: Project) -> list[str]:
    """The Groovy files of a project that are pipelines, or that pipelines load."""
    found = [Path("Jenkinsfile"), *sorted(path.relative_to(project.path) for path in project.path.glob("jenkins/*"))]
    return [str(path) for path in found if path.suffix in ("", ".Jenkinsfile") or path.name == "access.groovy"]


def trees(projects: Sequence[Project]) -> list[dict[str, Tree]]:
    """What stands in the files of projects, by project and file."""
    paths = [str(project.path / name) for project in projects for name in files(project)]
    found = groovy({"trees": paths})
    return [{name: found[str(project.path / name)] for name in files(project)} for project in projects]


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
                    "workspace": str(place / "workspace"),
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
        kept = place / "kept"
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

"""run.json: the record of how the model at hand came about, kept in git beside dvc.lock.

Each step that runs notes itself here; a step that was up to date keeps the note of the run that last took it.
"""

import getpass
import os
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mlops_maturity.project import library, paths
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import sha256_of, write_json
from mlops_maturity.project.foreign import parsed
from mlops_maturity.project.repository import answer, code_commit

PACKAGES = ("dvc", "numpy", "onnxruntime", "pandas", "scikit-learn", "skl2onnx")
# Where each CI system says who started what.
CI_SYSTEMS = {
    "github": ("GITHUB_ACTIONS", "GITHUB_ACTOR", "GITHUB_RUN_ID"),
    "gitlab": ("GITLAB_CI", "GITLAB_USER_LOGIN", "CI_JOB_ID"),
    "jenkins": ("JENKINS_URL", "BUILD_USER_ID", "BUILD_TAG"),
}


class Record(BaseModel):
    """A part of the record: what it does not name is not in it."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class StepRecord(Record):
    """When a step last ran. A step that was killed stays `running`."""

    run: str
    started: datetime
    ended: datetime | None
    seconds: float | None = Field(ge=0)
    outcome: Literal["running", "done", "failed"]


class Executor(Record):
    """Who ran it, and where."""

    kind: Literal["person", "github", "gitlab", "jenkins"]
    name: str
    job: str | None
    machine: str


class RunRecord(Record):
    """The whole record.

    Attributes:
        run: the newest run that took a step.
        code: the commit of the code, and whether there were changes beside it.
        executor: of that run.
        versions: of Python and the packages that shape the model.
        parameters: the content of params.yaml.
        steps: each step's last run.
        artefacts: SHA-256 of each file that the steps left.
        previous_model: the version that was in production then.
        metrics: scores on the train and the test set, once the model is evaluated.
    """

    run: str
    code: dict[str, str | bool | None]
    executor: Executor
    versions: dict[str, str]
    parameters: dict[str, Any]
    steps: dict[str, StepRecord]
    artefacts: dict[str, str]
    previous_model: str | None
    metrics: dict[str, dict[str, float]]


ARTEFACTS = (paths.SCHEMA, paths.TABLE, paths.TRAIN, paths.VALIDATION, paths.TEST, paths.MODEL, paths.ARTEFACT)


@contextmanager
def recorded(step: str) -> Iterator[None]:
    """Note that a step runs, and what came of it."""
    started = datetime.now(UTC).replace(microsecond=0)
    clock = time.perf_counter()
    run = os.environ.get("RUN_ID") or f"{started:%Y-%m-%dT%H:%M:%SZ}"
    known = _known_steps()
    constant = {
        "executor": executor(),
        "versions": {
            "python": platform.python_version(),
            library.NAME: library.version(),
            **{name: version(name) for name in PACKAGES},
        },
        "previous_model": _in_production(),
    }
    outcome: Literal["done", "failed"] = "failed"
    note = StepRecord(run=run, started=started, ended=None, seconds=None, outcome="running")
    _write(run, known | {step: note}, constant)
    try:
        yield
        outcome = "done"
    finally:
        seconds = round(time.perf_counter() - clock, 2)
        ended = datetime.now(UTC).replace(microsecond=0)
        note = StepRecord(run=run, started=started, ended=ended, seconds=seconds, outcome=outcome)
        _write(run, known | {step: note}, constant)


def _known_steps() -> dict[str, StepRecord]:
    try:
        return RunRecord.model_validate_json(paths.RUN_RECORD.read_text(encoding="utf-8")).steps
    except (FileNotFoundError, ValueError):
        # None yet, or a merge left marks in it: what runs from here on is noted again.
        return {}


def _write(run: str, steps: dict[str, StepRecord], constant: Mapping[str, Any]) -> None:
    try:
        parameters = settings.load().model_dump(mode="json")
    except ProjectError:
        # The step itself will say what is wrong with them.
        parameters = {}
    record = RunRecord(
        run=run,
        code=code_commit(),
        parameters=parameters,
        steps=steps,
        artefacts={str(path): sha256_of(path) for path in ARTEFACTS if path.is_file()},
        metrics=_metrics(),
        **constant,
    )
    write_json(paths.RUN_RECORD, record.model_dump(mode="json"))


def executor() -> Executor:
    """Who runs this, and where."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    for kind, (sign, name, job) in CI_SYSTEMS.items():
        if os.environ.get(sign):
            told = {"kind": kind, "name": os.environ.get(name, kind), "job": os.environ.get(job), "machine": machine}
            return Executor.model_validate(told)
    return Executor(kind="person", name=answer("config", "user.name") or getpass.getuser(), job=None, machine=machine)


def _in_production() -> str | None:
    from mlops_maturity.registry.versions import in_production

    found = in_production()
    return found.name if found else None


def _metrics() -> dict[str, dict[str, float]]:
    try:
        scores = parsed(paths.METRICS.read_bytes())["scores"]
        return {name: scores[name] for name in ("train", "test")}
    except (OSError, ValueError, KeyError, TypeError):
        # None yet, or damaged: the step that needs it will say so.
        return {}

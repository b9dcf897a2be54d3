"""From the data to a packaged model: at level 0 the steps themselves, from level 1 on the pipeline, which is DVC's."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from mlops_maturity.pipeline.steps import STEPS
from mlops_maturity.project import answers, library, sources
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import ARTEFACT, SCHEMA
from mlops_maturity.project.repair import repair
from mlops_maturity.project.storage import LOCK, dvc, fetch

# What people call parts of the way, each with its steps; the last one is the stage of the pipeline that it ends with.
PARTS = {
    "data": ("ingest", "validate-data", "split"),
    "train": ("train",),
    "evaluate": ("evaluate", "validate-model"),
    "package": ("package",),
}
# What DVC says for those who call it themselves.
CHATTER = re.compile(
    r"\s*$|> |\t|(Stage )?'.+' didn't change|Updating lock file|Generating lock file|Verifying data sources|"
    r"To track the changes|To enable auto staging|Use `dvc push`"
)
NEXT = "next: look at reports/evaluation.html; `make test`; then `make push` and a commit keep the result"


class StepError(ProjectError):
    """A step failed: the text names it and says why."""


def run(part: str | None = None) -> None:
    """Go from the data to a packaged model, or only a part of the way.

    Args:
        part: at level 0 the steps of this part are run, and no others; from level 1 on, what has changed up to it.

    Raises:
        ProjectError: a step fails; later steps are not run.
    """
    if answers.load().level == 0:
        _take_steps([part] if part else list(PARTS))
    else:
        _reproduce(part)
    if part is None:
        print(NEXT)


def run_steps(names: Sequence[str]) -> None:
    """Run steps one after the other; from level 1 on, each is noted in the record of the run.

    Raises:
        StepError: one fails; later ones are not run.
    """
    for name in names:
        try:
            with _recorded(name):
                STEPS[name].run()
        except ProjectError as error:
            raise StepError(f"{name}: {error}") from None


def _recorded(step: str) -> AbstractContextManager[None]:
    if answers.load().level == 0:
        return nullcontext()
    from mlops_maturity.pipeline.records import recorded

    return recorded(step)


def _take_steps(parts: Sequence[str]) -> None:
    if "data" in parts:
        fetch(settings.load().data.raw)
    run_steps([step for part in parts for step in PARTS[part]])
    if "package" in parts:
        dvc("add", "--quiet", str(ARTEFACT))


def _reproduce(part: str | None) -> None:
    repair()
    library.write_steps()
    _begin_with_what_others_made()
    raw = settings.load().data.raw
    fetch(raw)
    # DVC would write the content at hand into the pointers, and so undo what a colleague has committed.
    sources.require_as_pointed_to(raw)
    if not SCHEMA.exists():
        # The first run on new data proposes what they must look like: the pipeline itself only reads it.
        run_steps(["ingest"])
    command = [sys.executable, "-m", "dvc", "repro", *([PARTS[part][-1]] if part else [])]
    # The commands of dvc.yaml are found beside this one, and belong to one run.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    run = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    # A pipe would keep what a step prints until it ends.
    environment = os.environ | {"PATH": path, "RUN_ID": run, "PYTHONUNBUFFERED": "1"}
    if _run(command, environment):
        raise ProjectError("the pipeline stopped, see above; the next `make run` starts at that stage")


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run DVC without what it says of itself, unless V is set, and return its exit code."""
    if os.environ.get("V"):
        return subprocess.run(command, env=environment, check=False).returncode
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if not CHATTER.match(line):
                print(line, end="", flush=True)
    return process.returncode


def _begin_with_what_others_made() -> None:
    """A clone has dvc.lock and no model: what the DVC remote has need not be made again."""
    if LOCK.exists() and not ARTEFACT.exists():
        try:
            dvc("pull", "--quiet")
        except ProjectError:
            print("not everything could be pulled: the pipeline makes the rest again")

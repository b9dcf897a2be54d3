"""A folder in which every step of a project is run once, on the rows of its tests, with gates that are open."""

import os
import shutil
import subprocess
import sys
from contextlib import chdir
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import yaml

from mlops_maturity.data.tables import write_like
from mlops_maturity.pipeline import ingest
from mlops_maturity.pipeline.running import PARTS, run_steps
from mlops_maturity.pipeline.steps import STEPS
from mlops_maturity.project import answers
from mlops_maturity.project.contract import SOURCE
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.lock import LOCK
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import DATA_SHEET, MODEL_CARD, PARAMS, SCHEMA
from mlops_maturity.project.sources import FOLDER

DVC = Path("dvc.yaml")
COMMAND = "mlops-maturity"
# Tests of the steps ask whether they work; whether the model is good enough, others ask.
OPEN = {"gates.beats_baseline": -1e9, "gates.beats_simple": -1e9, "gates.targets": {}}


@dataclass(frozen=True)
class Stage:
    """A part of the way from the data to a packaged model.

    Attributes:
        name: of the step, or of the stage in dvc.yaml.
        steps: of the library, where it runs those.
        command: what it runs otherwise, by a shell.
        leaves: the files and folders that it declares.
    """

    name: str
    steps: tuple[str, ...]
    command: str
    leaves: tuple[Path, ...]

    def __str__(self) -> str:
        return self.name

    def run(self) -> None:
        """Run it in the current folder.

        Raises:
            ProjectError: a step fails.
            CalledProcessError: a command of the team's does.
        """
        if self.steps:
            run_steps(self.steps)
            return
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        subprocess.run(self.command, shell=True, env=os.environ | {"PATH": path}, check=True)  # noqa: S602 - as DVC does


def stages() -> list[Stage]:
    """Those of the project in the current folder: of dvc.yaml, or where there is none, each step by itself."""
    if not DVC.exists():
        names = [step for part in PARTS.values() for step in part]
        return [Stage(name, (name,), "", STEPS[name].leaves) for name in names]
    found = yaml.safe_load(DVC.read_text(encoding="utf-8"))["stages"]
    return _ordered([_stage(name, content) for name, content in found.items()], found)


def stage_of(path: Path) -> Stage:
    """The stage of the project in the current folder that writes a file: the library's, or the team's in its place.

    Raises:
        ProjectError: none does.
    """
    for stage in stages():
        if not {path, *path.parents}.isdisjoint(stage.leaves):
            return stage
    raise ProjectError(f"no stage of {DVC} declares {path} among its outputs")


def _ordered(stages: list[Stage], declared: dict[str, dict[str, object]]) -> list[Stage]:
    """Stages in the order in which each finds what it depends on, as DVC runs them."""
    by_name = {stage.name: stage for stage in stages}
    needs = {
        name: [
            stage.name
            for stage in stages
            for path in map(Path, content.get("deps", ()))  # type: ignore[call-overload]
            if any(output in (path, *path.parents) or path in output.parents for output in stage.leaves)
        ]
        for name, content in declared.items()
    }
    return [by_name[name] for name in TopologicalSorter(needs).static_order()]


def _stage(name: str, content: dict[str, object]) -> Stage:
    command = str(content["cmd"])
    first, *words = command.split()
    entries = [entry for key in ("outs", "metrics", "plots") for entry in content.get(key, ())]  # type: ignore[attr-defined]
    leaves = tuple(Path(entry if isinstance(entry, str) else next(iter(entry))) for entry in entries)
    return Stage(name, tuple(words) if first == COMMAND and set(words) <= STEPS.keys() else (), command, leaves)


def fill(folder: Path, root: Path, frame: pd.DataFrame, params: Params) -> None:
    """Run every stage of a project in a folder of its own.

    Args:
        folder: an empty one.
        root: of the project.
        frame: the table that data.py is to have loaded.
        params: the project's settings.

    Raises:
        ProjectError: a step fails.
    """
    for path in (SCHEMA, MODEL_CARD, DATA_SHEET, answers.RECORD, LOCK):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / path, folder / path)
    settings = params.changed(**OPEN).model_dump(mode="json")
    (folder / PARAMS).write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    (folder / SOURCE).symlink_to((root / SOURCE).resolve())
    with chdir(root):
        declared = stages()
    made = {path for stage in declared for path in stage.leaves}
    raw = params.data.raw
    for source in {FOLDER, raw.parent if raw else FOLDER}:
        for path in (root / source).glob("*"):
            if path.suffix != ".dvc" and not path.name.startswith(".") and source / path.name not in made:
                (folder / source).mkdir(parents=True, exist_ok=True)
                (folder / source / path.name).symlink_to(path.resolve())
    if raw is not None and raw not in made and not (folder / raw).exists():
        (folder / raw).parent.mkdir(parents=True, exist_ok=True)
        write_like(frame, folder / raw)
    with chdir(folder), patch.object(ingest, "load_data", lambda: frame):
        for stage in declared:
            stage.run()

"""What a level owes, and must not have: data in DVC, one command that trains, nothing of a higher level at level 0."""

import re
import subprocess
from pathlib import Path

from mlops_maturity.project import params as settings
from mlops_maturity.project.paths import PARAMS
from mlops_maturity.testing.repository.check import Problems, Repository, check

HEAVY = (".csv", ".parquet", ".onnx", ".skops", ".zip", ".pkl", ".pickle", ".joblib")
# The step itself, called by anything but the pipeline.
TRAINS = re.compile(r"(?:mlops-maturity|\$\(RUN\)|-m mlops_maturity)\s+(?!run\b)(?:[a-z-]+ )*train\b")


@check("0-NOT", until=0)
def nothing_of_a_higher_level_is_there(repository: Repository) -> Problems:
    """Level 0 has no pipeline and deploys nothing."""
    for path in ("dvc.yaml", "deploy"):
        if (repository.root / path).exists():
            yield f"{path} belongs to a higher level: `make level-up` brings it with all that goes with it"


@check("1-SYM", since=1)
def training_is_one_command(repository: Repository) -> Problems:
    """People, CI and continuous training all train by `make run`, which is the pipeline."""
    if repository.targets.get("run", "").strip() not in ("@$(RUN) run", "$(RUN) run"):
        yield "Makefile: `make run` must be `$(RUN) run`, the pipeline"
    if not any(re.search(r"make run\b", repository.text(path)) for path in repository.ci_files):
        yield "CI never trains by `make run`"
    for path in (Path("Makefile"), *repository.ci_files):
        for line in repository.text(path).splitlines():
            if TRAINS.search(line):
                yield f"{path}: {line.strip()!r} trains in another way than by the pipeline"


@check("0-DATA", scores=(("Data 5", 0.5),))
def data_and_models_are_not_in_git(repository: Repository) -> Problems:
    """DVC tracks them: git would keep every version of them for ever."""
    command = ["git", "-c", "core.quotePath=off", "ls-files"]
    done = subprocess.run(command, cwd=repository.root, capture_output=True, text=True, check=False)
    if done.returncode:
        yield f"git does not list its files: {done.stderr.strip()}"
    for path in done.stdout.splitlines():
        if path.endswith(HEAVY):
            yield f"{path} is in git: `git rm --cached {path}`, then `.venv/bin/dvc add {path}`"


@check("0-DATA")
def raw_data_are_tracked_by_dvc(repository: Repository) -> Problems:
    """The file or folder that params.yaml names has a pointer with its content's hash, unless a stage makes it."""
    raw = settings.load(repository.root / PARAMS).data.raw
    if raw is None:
        return
    made = [path for stage in repository.yaml("dvc.yaml").get("stages", {}).values() for path in stage.get("outs", ())]
    outputs = repository.yaml(f"{raw}.dvc").get("outs", [])
    found = [(output.get("path"), len(str(output.get("md5")).removesuffix(".dir"))) for output in outputs]
    if found != [(raw.name, 32)] and str(raw) not in made:
        yield f"{raw}.dvc does not say what {raw} is: `.venv/bin/dvc add {raw}` writes it"

"""dvc.yaml names all that shapes a stage's result: what it left out would leave a stale model where it was."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlops_maturity.pipeline.steps import STEPS
from mlops_maturity.project import params as settings
from mlops_maturity.project.paths import PARAMS
from mlops_maturity.testing.repository.check import Problems, Repository, check

COMMAND = "mlops-maturity"
LIBRARY = "vendor/steps.yaml"
# The team's modules that a step calls, and the settings that it reads.
OWN = {
    "ingest": ("data",),
    "train": ("features", "model"),
    "evaluate": ("features", "metrics"),
    "profile": ("features",),
}
SETTINGS = {
    "ingest": ("data.raw",),
    "split": ("data", "split"),
    "train": ("data", "model"),
    "evaluate": ("gates", "slices"),
    "validate-model": ("gates",),
}


def stages(repository: Repository) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    """Each stage, its content, and the steps of the library that it runs: none where the command is the team's."""
    for name, content in repository.yaml("dvc.yaml").get("stages", {}).items():
        command, *words = str(content.get("cmd", "")).split() or [""]
        yield name, content, words if command == COMMAND and set(words) <= STEPS.keys() else []


@check("1-PIPE", since=1)
def stages_depend_on_the_files_that_they_read(repository: Repository) -> Problems:
    """So that new data run what depends on them."""
    for stage, content, steps in stages(repository):
        needed = {path for step in steps for path in STEPS[step].needs}
        needed -= {PARAMS, *(path for step in steps for path in STEPS[step].leaves)}
        if "ingest" in steps:
            raw = settings.load(repository.root / PARAMS).data.raw
            needed |= {raw} if raw else set()
            if raw is None and not content.get("always_changed"):
                yield f"dvc.yaml: add `always_changed: true` to {stage}: data.raw is no file to see a change by"
        for path in sorted(map(str, needed - set(map(Path, content.get("deps", ()))))):
            yield f"dvc.yaml: add {path} to the deps of {stage}"


@check("1-PIPE", since=1)
def stages_depend_on_the_teams_code(repository: Repository) -> Problems:
    """On the module that is called and on what it imports of the package, so that a change of it runs the stage."""
    package = Path("src") / repository.answers.package
    for stage, content, steps in stages(repository):
        declared = set(map(Path, content.get("deps", ())))
        entries = [package / f"{module}.py" for step in steps for module in OWN.get(step, ())]
        for path in sorted(_imported(repository, package, entries)):
            if not declared & {path, *path.parents}:
                yield f"dvc.yaml: add {path} to the deps of {stage}"


@check("1-PIPE", since=1)
def stages_depend_on_the_settings_that_they_read(repository: Repository) -> Problems:
    """And on the code of the library that they run, so that a new version of it runs them, too."""
    for stage, content, steps in stages(repository):
        declared = [entry for entry in content.get("params", ()) if isinstance(entry, str)]
        for name in sorted({name for step in steps for name in SETTINGS.get(step, ())}):
            if not any(name == entry or name.startswith(f"{entry}.") for entry in declared):
                yield f"dvc.yaml: add {name} to the params of {stage}"
        library = [
            entry[LIBRARY] for entry in content.get("params", ()) if isinstance(entry, dict) and LIBRARY in entry
        ]
        if repository.text(LIBRARY) and set(steps) - {name for names in library for name in names or ()}:
            yield f"dvc.yaml: add {LIBRARY}: {steps} to the params of {stage}"


def _imported(repository: Repository, package: Path, files: list[Path]) -> set[Path]:
    """The modules of the package that these files import, directly or not, and the files themselves."""
    found: set[Path] = set()
    while files:
        file = files.pop()
        if file in found or not (repository.root / file).is_file():
            continue
        found.add(file)
        for node in ast.walk(ast.parse(repository.text(file))):
            files += [path for name in _names(node, package.name) if (path := package / f"{name}.py") not in found]
    return found


def _names(node: ast.AST, package: str) -> Iterator[str]:
    """The modules of the package that a statement imports, as paths within it."""
    if isinstance(node, ast.Import):
        given = [alias.name.removeprefix(f"{package}.") for alias in node.names if alias.name.startswith(f"{package}.")]
    elif isinstance(node, ast.ImportFrom) and (node.level == 1 or (node.module or "").partition(".")[0] == package):
        base = (node.module or "") if node.level else (node.module or "").partition(".")[2]
        given = [base, *(f"{base}.{alias.name}".lstrip(".") for alias in node.names)]
    else:
        return
    yield from (name.replace(".", "/") for name in given if name)

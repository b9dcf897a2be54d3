"""The files of a project without the hooks' part of generating it: a few hundredths of a second for a combination."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cookiecutter.environment import StrictEnvironment
from cookiecutter.generate import generate_context
from cookiecutter.prompt import prompt_for_config

from hooks import layout, locks
from hooks.answers import CHOICES

TEMPLATE = Path(__file__).resolve().parents[2]
PROJECT = TEMPLATE / "<<cookiecutter.project_slug>>"
# What nobody reads from top to bottom: locks, the wheel, data and their storage, a notebook, a licence, a dashboard.
NOT_COUNTED = ("data/raw/", "storage/", "vendor/", "notebooks/", "LICENSE", "deploy/monitoring/dashboard.json")


def combinations() -> Iterator[dict[str, str]]:
    """Answers with which projects differ: level 0 is deployed nowhere."""
    names = ("maturity_level", "ci_provider", "cloud", "deploy_target")
    for level in CHOICES["maturity_level"]:
        for provider in CHOICES["ci_provider"]:
            for cloud in CHOICES["cloud"]:
                for target in CHOICES["deploy_target"][: 1 if level == "0" else None]:
                    yield dict(zip(names, (level, provider, cloud, target), strict=True))


@cache
def _environment() -> StrictEnvironment:
    context = generate_context(str(TEMPLATE / "cookiecutter.json"))
    return StrictEnvironment(context=context, keep_trailing_newline=True, **context["cookiecutter"]["_jinja2_env_vars"])


@cache
def _compiled(path: Path) -> Any:
    """A file of the template, ready to be rendered with any answers."""
    engine = _environment()
    code = engine.compile(path.read_text(encoding="utf-8"), name=str(path), filename=str(path))
    return engine.template_class.from_code(engine, code, engine.make_globals(None))


def rendered(asked: Mapping[str, str]) -> dict[str, str]:
    """The text of each file that is rendered for these answers, without the data and the wheel."""
    context = generate_context(str(TEMPLATE / "cookiecutter.json"), extra_context=dict(asked))
    answers = prompt_for_config(context, no_input=True)
    files = [path for path in layout.emitted(answers) if not path.startswith(("data/raw/", "vendor/"))]
    places = {path: path.replace(answers["__package_name"], "<<cookiecutter.__package_name>>") for path in files}
    texts = {path: _compiled(PROJECT / place).render(cookiecutter=answers) for path, place in places.items()}
    return texts | {locks.LOCK: locks.selected(texts[locks.LOCK], answers)}


def is_counted(path: str) -> bool:
    """Whether a file counts for the size of a project."""
    return not (path.endswith(".lock") or path.startswith(NOT_COUNTED))


def write(folder: Path, asked: Mapping[str, str]) -> None:
    """Write these files, with the record of the answers and a pointer to the data, as a git repository."""
    record = {"answers": {"project_slug": "penguin-species", **asked}}
    pointer = f"outs:\n- md5: {32 * 'a'}\n  path: penguins.csv\n"
    files = {".template.json": json.dumps(record), "data/raw/penguins.csv.dvc": pointer, **rendered(asked)}
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=folder, check=True)

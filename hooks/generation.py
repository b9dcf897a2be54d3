"""What is done before and after cookiecutter renders a project."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from . import answers as rules
from . import dataset, layout, locks, record, repository, taking_in, wheel

TEMPLATE = Path(__file__).resolve().parent.parent


def begin(answers: Mapping[str, str]) -> str | None:
    """What forbids a project, or None: answers that never met a prompt (a replay), a folder in use, no git."""
    if problem := rules.refusal(answers):
        return problem
    folder = _project(answers)
    if os.listdir(folder):
        return f"project_slug: the folder {str(folder)!r} exists and is not empty; choose another name or move it away"
    if not shutil.which("git"):
        return "git was not found; install it: the project keeps its code and the pointers to its data in it"
    return None


def finish(answers: Mapping[str, str]) -> str | None:
    """Keep what was asked for, take in the data, make the first commit, say what is next.

    Returns:
        What went wrong, or None.
    """
    project = _project(answers)
    try:
        note = _made(project, answers)
    except (OSError, repository.GitError) as error:
        return f"the project could not be written: {error}"
    lines = [f"\n{answers['project_name']}: level {answers['maturity_level']}, in {project.name}/"]
    lines += [note] if note else []
    lines += [
        f"\n  cd {project.name}",
        "  make run     # data, model, metrics, report",
        "  make test    # every suite\n",
    ]
    # A terminal that cannot show the project's name is no reason to fail.
    encoding = sys.stdout.encoding or "utf-8"
    print("\n".join(lines).encode(encoding, errors="backslashreplace").decode(encoding))
    return None


def _made(project: Path, answers: Mapping[str, str]) -> str:
    layout.keep_only(project, layout.emitted(answers))
    locks.keep_only(project, answers)
    sample = answers["dataset"] == dataset.SAMPLE
    taking_in.take_in(
        Path(answers["__dataset_path"] or project / "data" / "raw" / dataset.SAMPLE_FILE),
        project,
        # A clone of the sample project must find its data without an account: git carries its storage.
        copies=[project / "storage"] if sample and answers["cloud"] == "none" else [],
    )
    wheel.write(project, with_steps=answers["maturity_level"] != "0")
    record.write(project, TEMPLATE, answers)
    note = repository.make(project, answers["author"])
    record.remember(project, TEMPLATE, answers)
    return note


def _project(answers: Mapping[str, str]) -> Path:
    return Path(answers["_output_dir"]) / answers["project_slug"]

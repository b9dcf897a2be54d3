"""Commands of DVC and of the library in this process: started as a process, each would import for a second."""

import json
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess
from types import SimpleNamespace
from typing import Any
from warnings import catch_warnings, simplefilter

import pytest
from dvc.cli import main as dvc_main

from mlops_maturity.__main__ import main
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.artefact import Artefact
from mlops_maturity.project import storage
from mlops_maturity.project.files import sha256_of, write_json
from mlops_maturity.project.paths import ARTEFACT, RUN_RECORD
from mlops_maturity.project.repository import git


def dvc(command: Sequence[str], cwd: Path | None = None, **_: Any) -> CompletedProcess[str]:
    """Stands for `subprocess.run` of `python -m dvc`, whose arguments are the fourth and following."""
    out, err = StringIO(), StringIO()
    with chdir(cwd or Path()), redirect_stdout(out), redirect_stderr(err), _logging_to(out, err), catch_warnings():
        simplefilter("ignore", DeprecationWarning)  # of libraries that DVC uses
        code = dvc_main(list(command[3:]))
    return CompletedProcess(command, code, out.getvalue(), err.getvalue())


@contextmanager
def _logging_to(out: StringIO, err: StringIO) -> Iterator[None]:
    """DVC writes to the streams that there were when it was imported."""
    handlers = [each for each in logging.getLogger("dvc").handlers if isinstance(each, logging.StreamHandler)]
    before = [each.setStream(err if each.level >= logging.WARNING else out) for each in handlers]
    try:
        yield
    finally:
        for handler, stream in zip(handlers, before, strict=True):
            handler.setStream(stream or sys.stderr)


def use(patch: pytest.MonkeyPatch) -> None:
    """Let the library run DVC in this process, and git under a name of its own."""
    for role in ("AUTHOR", "COMMITTER"):
        patch.setenv(f"GIT_{role}_NAME", "Tester")
        patch.setenv(f"GIT_{role}_EMAIL", "tester@example.invalid")
    # Else DVC would take back the streams that there were when it was imported.
    patch.setenv("DVC_TEST", "true")
    patch.setattr(storage, "subprocess", SimpleNamespace(run=dvc))


def run(*arguments: str) -> CompletedProcess[str]:
    """Run a command of the library in the current folder, as `mlops-maturity` would in a process of its own."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    return CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def command(*arguments: str, check: bool = True) -> str:
    """Run a command of the library in the current folder and return all that it prints.

    Args:
        arguments: as on the command line.
        check: whether it must succeed; else it must fail.
    """
    done = run(*arguments)
    assert (done.returncode == 0) is check, done.stdout + done.stderr
    return done.stdout + done.stderr


def another_model(model: Artefact | None = None) -> None:
    """Let another model be what a run left in the current folder: any, or the same one in a file with other bytes."""
    old = artefacts.read(ARTEFACT, made_by="make package")
    new = model or old
    artefacts.write(Artefact(new.model, {**old.manifest, **new.manifest, "version": "another"}), ARTEFACT)
    storage.dvc("commit", "--quiet", "--force", "package")
    if RUN_RECORD.exists():
        record = json.loads(RUN_RECORD.read_text())
        record["artefacts"][str(ARTEFACT)] = sha256_of(ARTEFACT)
        write_json(RUN_RECORD, record)


def commit(message: str = "Change") -> None:
    """Push the data of the current folder and commit everything."""
    storage.dvc("push", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", "--message", message)

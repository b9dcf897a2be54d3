"""Locks of a project that has dependencies of its own, and the library's version in its files, across a merge."""

import subprocess
import tomllib
from pathlib import Path
from typing import Any

from mlops_maturity.project.repository import git
from mlops_maturity.template import merging

LOCKS = ("requirements.lock", "deploy/requirements.lock")
WHEELS = "vendor/*.whl"


def own(before: Path) -> bool:
    """Whether the project depends on other packages, or on other versions, than the template gave it.

    Args:
        before: what the template made of the project's answers.
    """
    return _dependencies(Path()) != _dependencies(before) or any(
        not Path(name).exists() or Path(name).read_bytes() != (before / name).read_bytes()
        for name in LOCKS
        if (before / name).exists()
    )


def library(project: Path) -> str:
    """The version of the library whose wheel a project has; nothing if it has none."""
    return next((wheel.name.split("-")[1] for wheel in project.glob(WHEELS)), "")


def settle(conflicts: list[str], old: str, new: str, scratch: Path) -> list[str]:
    """Resolve conflicts that are about locks, or about the version of the library, which the template alone decides.

    Args:
        conflicts: the files that conflict; nothing is committed.
        old: the version of the library before.
        new: its version after.
        scratch: a folder for temporary files.

    Returns:
        The files that still conflict. If there are none, the merge is committed.
    """
    if locks := [name for name in LOCKS if name in conflicts]:
        merging.take_theirs(locks)
    left = [
        name
        for name in conflicts
        if name not in locks and not (old != new and merging.replace_and_merge(name, old, new, scratch))
    ]
    if left and locks:
        print("the locks are the template's until `make lock` resolves them with your own dependencies")
    if conflicts and not left:
        merging.end()
    return left


def resolve() -> None:
    """Resolve the locks with the project's own dependencies, and let the merge's commit have them."""
    print("resolving the locks with your own dependencies ...", flush=True)
    command = ["make", "--no-print-directory", "lock"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{done.stderr.strip()}\nthe locks could not be resolved: run `make lock` and commit them")
    elif git("status", "--porcelain", "--", *LOCKS):
        git("add", "--", *(name for name in LOCKS if Path(name).exists()))
        git("commit", "--quiet", "--amend", "--no-edit", "--no-verify")


def _dependencies(project: Path) -> Any:
    content = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return content.get("dependencies"), content.get("optional-dependencies")

"""Git merges the difference between two renderings of the template into the project, three ways."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.repository import answer, git

# A conflict also shows what the template had before. What the template adds goes to where its own documentation says
# it is, even if its neighbours were moved.
SETTINGS = ("-c", "merge.conflictStyle=diff3", "-c", "merge.directoryRenames=false", "-c", "core.editor=true")
MARKERS = ("CHERRY_PICK_HEAD", "MERGE_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")


def require_clean() -> None:
    """Refuse a repository with changes that are not committed.

    Raises:
        ProjectError: there are some, or another merge has not ended, or there is no commit yet.
    """
    if not answer("rev-parse", "--verify", "--quiet", "HEAD"):
        raise ProjectError("there is no git commit here to build on: commit the project first")
    if any(Path(git("rev-parse", "--git-path", marker)).exists() for marker in MARKERS):
        raise ProjectError("a merge has not ended: `git status` says how to end or abort it")
    if changed := [line.split(maxsplit=1)[1] for line in git("status", "--porcelain").splitlines()]:
        more = ", ..." if len(changed) > 3 else ""
        raise ProjectError(f"not committed: {', '.join(changed[:3])}{more}; commit or stash that first")


def tree(rendered: Path, put: Mapping[str, bytes | None], scratch: Path) -> str:
    """Write a rendering into the project's own repository, as a tree that no branch has.

    Args:
        rendered: the folder.
        put: files to replace in it, relative to the project; None deletes one.
        scratch: an empty folder.
    """
    for name, content in put.items():
        path = rendered / name
        if content is None:
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    # The project may be a folder of a larger repository.
    prefix = git("rev-parse", "--show-prefix")
    place = scratch / "tree" / prefix
    place.parent.mkdir(parents=True)
    shutil.move(rendered, place)
    variables = {
        "GIT_DIR": git("rev-parse", "--absolute-git-dir"),
        "GIT_WORK_TREE": str(scratch / "tree"),
        "GIT_INDEX_FILE": str(scratch / "index"),
    }
    _run("-c", "core.excludesFile=/dev/null", "add", "--all", folder=scratch / "tree", **variables)
    # What is tracked although it is ignored has to be named.
    own = [f"{prefix}{name}" for name, content in put.items() if content is not None]
    _run("add", "--force", "--", *own, folder=scratch / "tree", **variables)
    return _run("write-tree", folder=scratch / "tree", **variables)


def merge(before: str, after: str, message: str) -> list[str]:
    """Merge the difference between two trees into the branch, as one commit.

    Returns:
        The files in which it conflicts with the project's own changes. If there are any, nothing is committed yet:
        git is in the state of a cherry-pick.

    Raises:
        ProjectError: git refuses, and has changed nothing.
    """
    base = git("commit-tree", before, "-m", "What the template made before")
    new = git("commit-tree", after, "-p", base, "-m", message)
    done = subprocess.run(
        ["git", *SETTINGS, "cherry-pick", "--allow-empty", new], capture_output=True, text=True, check=False
    )
    conflicts = conflicting()
    if done.returncode and not conflicts:
        said = (done.stderr or done.stdout).strip().splitlines()
        if answer("rev-parse", "--verify", "--quiet", "CHERRY_PICK_HEAD"):
            git("cherry-pick", "--abort")
        raise ProjectError(f"git cherry-pick: {said[0] if said else 'no reason given'}")
    return conflicts


def conflicting() -> list[str]:
    """The files that git could not merge, relative to the project."""
    entries = git("ls-files", "--unmerged", "-z").split("\0")
    return sorted({entry.split("\t", 1)[1] for entry in entries if entry})


def replace_and_merge(name: str, old: str, new: str, scratch: Path) -> bool:
    """Merge a file once more, with a text replaced in the version before and in the project's own.

    Returns:
        Whether nothing conflicts any more; the file is as it was if something does.
    """
    versions = []
    for number, stage in enumerate(("1", "2", "3")):
        done = subprocess.run(["git", "show", f":{stage}:./{name}"], capture_output=True, check=False)
        if done.returncode:
            return False
        versions.append(scratch / f"{number}")
        versions[-1].write_bytes(done.stdout.replace(old.encode(), new.encode()))
    base, own, template = map(str, versions)
    merged = subprocess.run(["git", "merge-file", "-p", own, base, template], capture_output=True, check=False)
    if merged.returncode:
        return False
    Path(name).write_bytes(merged.stdout)
    git("add", "--", name)
    return True


def take_theirs(names: list[str]) -> None:
    """Resolve conflicts by what the template has."""
    git("checkout", "--theirs", "--", *names)
    git("add", "--", *names)


def end() -> None:
    """Commit the merge, once nothing conflicts any more."""
    git(*SETTINGS, "cherry-pick", "--continue")


def _run(*arguments: str, folder: Path, **variables: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=os.environ | variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ProjectError(f"git {arguments[-1]}: {done.stderr.strip()}")
    return done.stdout.strip()

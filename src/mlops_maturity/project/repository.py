"""What the project asks git."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

from mlops_maturity.project.errors import ProjectError

# What makes a model, beside the data.
CODE = ("src", "params.yaml", "data/schema.yaml", "requirements.lock")
# What git says where a file is that keeps two of it from changing the same.
LEFT_LOCK = re.compile(r"Unable to create '(.+\.lock)': File exists")
# What git calls a tree without files: of commits that are notes.
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def git(*arguments: str, folder: Path | None = None) -> str:
    """Run git and return what it prints.

    Raises:
        ProjectError: git refuses; the text is the first line of its reason.
    """
    done = _run(arguments, folder)
    if done.returncode:
        if left := LEFT_LOCK.search(done.stderr):
            raise ProjectError(f"another git is at work, or was killed; if none is, delete {left[1]} and try again")
        reason = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        # Settings for this one command come before its name.
        name = next(given for given in arguments if given != "-c" and "=" not in given)
        # Of a folder that is somebody else's, git tells below how to trust it.
        way_out = next((line.strip() for line in reason[1:] if line.strip().startswith("git config ")), "")
        raise ProjectError(f"git {name}: {reason[0]}" + (f"; `{way_out}` lets it be used" if way_out else ""))
    return done.stdout.strip()


def answer(*arguments: str) -> str:
    """What git prints, or nothing where it refuses (outside of a repository, say)."""
    done = _run(arguments, None)
    return done.stdout.strip() if done.returncode == 0 else ""


def introduce() -> None:
    """Give this process a name towards git where nobody has set one, as on a CI runner."""
    if not answer("config", "user.email"):
        for role in ("AUTHOR", "COMMITTER"):
            os.environ.setdefault(f"GIT_{role}_NAME", "Continuous training")
            os.environ.setdefault(f"GIT_{role}_EMAIL", "training@example.invalid")


def has_origin() -> bool:
    """Whether there is a remote repository to share with."""
    return "origin" in answer("remote").split()


def code_commit() -> dict[str, Any]:
    """The last commit that changed the code, and whether there are changes beside it; commit None outside of git.

    Not simply the newest commit: committing what a run leaves must not make the model another one.

    Raises:
        ProjectError: this is a repository, but git does not answer, or the history is cut off so that it cannot know.
    """
    if not _is_repository():
        return {"commit": None, "changed": True}
    if git("rev-parse", "--is-shallow-repository") == "true":
        raise ProjectError(
            "this clone has a part of the history only, so which commit the code is of is not known; "
            "`git fetch --unshallow` brings the rest (in CI: a checkout with the whole history)"
        )
    commit = git("log", "-1", "--format=%H", "--", *CODE) if answer("rev-parse", "--verify", "--quiet", "HEAD") else ""
    return {"commit": commit or None, "changed": bool(git("status", "--porcelain", "--", *CODE))}


def code_described() -> str:
    """The commit of the code with its date, for people; the same for the same history."""
    try:
        known = code_commit()
    except ProjectError as error:
        return f"unknown: {error}"
    if known["commit"] is None:
        return "not committed"
    day = git("show", "--no-patch", "--format=%cs", known["commit"])
    return f"commit {known['commit'][:10]} of {day}" + (", with uncommitted changes" if known["changed"] else "")


def _is_repository() -> bool:
    """Whether this folder is in a git repository, be it one that git refuses to look at."""
    here = Path.cwd()
    return any((folder / ".git").exists() for folder in (here, *here.parents))


def _run(arguments: tuple[str, ...], folder: Path | None) -> subprocess.CompletedProcess[str]:
    try:
        # What somebody has written into a message may be in any encoding.
        return subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, errors="replace", check=False
        )
    except FileNotFoundError:
        return subprocess.CompletedProcess(arguments, 127, "", "git is not installed")

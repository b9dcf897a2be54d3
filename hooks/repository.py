"""The git repository of a new project, and what to do where git is not as one would like it."""

import subprocess
from pathlib import Path

FIRST_COMMIT = "Start from the template"
# The user's own git hooks, templates, signing keys and ignored names are for the user's commits, not for this one.
# What can be generated again need not be forced onto the disk, nor compressed or packed, before the command returns.
PLAIN = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.excludesFile=/dev/null"),
    *("-c", "commit.gpgSign=false"),
    *("-c", "init.templateDir="),
    *("-c", "core.fsync=none"),
    *("-c", "core.looseCompression=0"),
    *("-c", "maintenance.auto=false"),
)


class GitError(Exception):
    """Git refused; the text is its own first line."""


def make(project: Path, author: str) -> str:
    """Make a repository with one commit of everything, unless the project lies inside another repository.

    Returns:
        What the user should know, or an empty string.

    Raises:
        GitError: git refused.
    """
    if outer := _outer_repository(project):
        return (
            f"It lies inside the git repository {outer}: no second repository was made and nothing was committed.\n"
            "Add and commit the folder there. CI providers read workflow files at that repository's root only."
        )
    _git(project, "init", "--quiet", "--initial-branch=main")
    _git(project, "add", "--all")
    identity, note = _identity(project, author)
    _git(project, *identity, "commit", "--quiet", "--no-verify", f"--message={FIRST_COMMIT}")
    return note


def _outer_repository(project: Path) -> str:
    top = _output(project, "rev-parse", "--show-toplevel")
    if not top or _output(project, "check-ignore", "--", str(project)):
        return ""
    return top


def _identity(project: Path, author: str) -> tuple[list[str], str]:
    known = _output(project, "config", "--get-regexp", r"^user\.(name|email)$")
    if {line.partition(" ")[0] for line in known.splitlines() if line.partition(" ")[2]} == {"user.name", "user.email"}:
        return [], ""
    name = author.replace("<", "").replace(">", "").strip(" .,:;\"'\\") or "author"
    return (
        ["-c", f"user.name={name}", "-c", "user.email=author@example.invalid"],
        "git does not know you yet, so the first commit carries a placeholder address. To put yours in its place:\n"
        '  git config --global user.name "Your Name" && git config --global user.email you@example.com\n'
        "  git commit --amend --reset-author --no-edit   # in the new folder",
    )


def _git(project: Path, *arguments: str) -> None:
    done = subprocess.run(["git", *PLAIN, *arguments], cwd=project, capture_output=True, text=True, check=False)
    if done.returncode:
        raise GitError(f"git {arguments[0]}: {(done.stderr or done.stdout).strip().splitlines()[0]}")


def _output(project: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""

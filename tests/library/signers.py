"""A key that CI signs with, and what somebody without it writes into a repository all the same."""

import os
import subprocess

import pytest

from mlops_maturity.project import signing

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def git(*arguments: str, **environment: str) -> str:
    """Run git as anybody may."""
    command = ["git", "-c", "user.name=Somebody", "-c", "user.email=somebody@example.invalid", *arguments]
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=True
    ).stdout.strip()


def protect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the project in the current folder believe only what is signed, and let this process be CI."""
    private, public = signing.new_key()
    signing.believe(public)
    monkeypatch.setenv(signing.KEY, private)


def forge(reference: str, message: str, at: str = "") -> str:
    """Put a commit of one's own on top of a reference, as whoever may push can."""
    there = subprocess.run(
        ["git", "rev-parse", "-q", "--verify", reference], capture_output=True, text=True, check=False
    )
    parent = ["-p", there.stdout.strip()] if there.returncode == 0 else []
    dates = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at} if at else {}
    made = git("commit-tree", EMPTY_TREE, *parent, "-m", message, **dates)
    git("push", "--quiet", "--force", "origin", f"{made}:{reference}")
    git("update-ref", reference, made)
    return made

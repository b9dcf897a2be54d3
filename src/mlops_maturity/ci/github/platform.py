"""What the project asks of GitHub, by GitHub's own command and with the rights of whoever calls it."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import PULL_REQUEST

LABEL = "monitoring"
# The first line of an issue: the names that it is about, for the next time. GitHub does not show it.
MARK = "<!-- {names} -->"


def open_pull_request(branch: str) -> None:
    """Ask people to merge a branch; where workflows may not, say that it waits for somebody who does.

    Args:
        branch: which one; reports/pull_request.md says what it brings.
    """
    what = ("--head", branch, "--base", "main", "--fill-first", "--body-file", str(PULL_REQUEST))
    try:
        print(gh("pr", "create", *what))
    except ProjectError as error:
        print(f"::warning::the branch {branch} waits, but no pull request was opened ({error}): see docs/github.md")


def start_training(event: str, why: str) -> None:
    """Ask for a training; whether it is due, the workflow itself decides.

    Args:
        event: what asks, as `make trigger` takes it.
        why: in words.

    Raises:
        ProjectError: GitHub refuses.
    """
    gh("workflow", "run", "train.yml", "--raw-field", f"event={event}", "--raw-field", f"why={why}")


def tell_people(title: str, names: Sequence[str], text: Path) -> str:
    """Open an issue, or bring the open one up to date, with a comment on it if it is about something else than before.

    Args:
        title: of a new issue.
        names: what it is about.
        text: a file with the whole of it, in Markdown.

    Returns:
        The issue.

    Raises:
        ProjectError: GitHub refuses.
    """
    mark = MARK.format(names=", ".join(names))
    body = f"{mark}\n{text.read_text(encoding='utf-8')}{_this_run()}"
    gh("label", "create", LABEL, "--force", "--description", "Found by make watch", "--color", "C53030")
    known = json.loads(gh("issue", "list", "--label", LABEL, "--state", "open", "--json", "number,body"))
    if not known:
        return gh("issue", "create", "--title", title, "--label", LABEL, "--body-file", "-", typed=body)
    number, before = str(known[0]["number"]), str(known[0]["body"])
    gh("issue", "edit", number, "--body-file", "-", typed=body)
    if not before.startswith(mark):
        gh("issue", "comment", number, "--body-file", "-", typed=body)
    return f"issue {number}"


def _this_run() -> str:
    """A link to the run of CI that looked, where there is one."""
    if "GITHUB_RUN_ID" not in os.environ:
        return ""
    server, repository, run = (os.environ[f"GITHUB_{name}"] for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return f"\n[The run that saw it]({server}/{repository}/actions/runs/{run}) keeps the page.\n"


def gh(*arguments: str, typed: str | None = None) -> str:
    """Run GitHub's command and return what it prints.

    Args:
        arguments: of the command.
        typed: what it reads.

    Raises:
        ProjectError: it is not installed, or refuses.
    """
    try:
        done = subprocess.run(["gh", *arguments], input=typed, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ProjectError("gh is not installed; see https://cli.github.com, or do by hand what is wanted") from None
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise ProjectError(f"gh {' '.join(arguments[:2])}: {reason[0]}")
    return done.stdout.strip()

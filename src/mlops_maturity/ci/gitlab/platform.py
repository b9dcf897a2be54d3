"""What the project asks of GitLab, with PROJECT_TOKEN: the token that each job has may ask for next to nothing."""

import os
from collections.abc import Sequence
from pathlib import Path

from mlops_maturity.ci.gitlab.interface import here
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import PULL_REQUEST

TOKEN = "PROJECT_TOKEN"  # noqa: S105 - the name of the variable
LABEL = "monitoring"
# The first line of an issue: the names that it is about, for the next time. GitLab does not show it.
MARK = "<!-- {names} -->"


def open_pull_request(branch: str) -> None:
    """Ask people to merge a branch, or bring the open request up to date; where that may not be, say that it waits.

    Args:
        branch: which one; reports/pull_request.md says what it brings. Empty, if nothing has changed.
    """
    if not branch or not PULL_REQUEST.exists():
        print("nothing has changed: there is nothing to merge")
        return
    title, _, text = PULL_REQUEST.read_text(encoding="utf-8").partition("\n")
    told = {"title": title.lstrip("# "), "description": text.strip()}
    try:
        project = here(TOKEN)
        known = project.listed("merge_requests", source_branch=branch, target_branch="main", state="opened")
        if known:
            made = project.ask("PUT", f"merge_requests/{known[0]['iid']}", told)
        else:
            branches = {"source_branch": branch, "target_branch": "main", "remove_source_branch": True}
            made = project.ask("POST", "merge_requests", told | branches)
        print(made["web_url"])
    except ProjectError as error:
        page = f"{os.environ.get('CI_PROJECT_URL', '')}/-/merge_requests/new?merge_request[source_branch]={branch}"
        print(f"the branch {branch} waits, but no merge request was opened ({error}); open it by hand: {page}")


def start_training(event: str, why: str) -> None:
    """Ask for a training; whether it is due, the pipeline itself decides.

    Args:
        event: what asks, as `make trigger` takes it.
        why: in words.

    Raises:
        ProjectError: there is no token, or GitLab refuses.
    """
    values = {"WORKFLOW": "train", "EVENT": event, "WHY": why}
    variables = [{"key": name, "value": value} for name, value in values.items()]
    here(TOKEN).ask("POST", "pipeline", {"ref": "main", "variables": variables})


def tell_people(title: str, names: Sequence[str], text: Path) -> str:
    """Open an issue, or bring the open one up to date, with a comment on it if it is about something else than before.

    Args:
        title: of a new issue.
        names: what it is about.
        text: a file with the whole of it, in Markdown.

    Returns:
        The issue.

    Raises:
        ProjectError: there is no token, or GitLab refuses.
    """
    project = here(TOKEN)
    mark = MARK.format(names=", ".join(names))
    body = f"{mark}\n{text.read_text(encoding='utf-8')}{_this_job()}"
    known = project.listed("issues", labels=LABEL, state="opened")
    if not known:
        made = project.ask("POST", "issues", {"title": title, "labels": LABEL, "description": body})
        return str(made["web_url"])
    issue = f"issues/{known[0]['iid']}"
    project.ask("PUT", issue, {"description": body})
    if not str(known[0]["description"]).startswith(mark):
        project.ask("POST", f"{issue}/notes", {"body": body})
    return str(known[0]["web_url"])


def _this_job() -> str:
    """A link to the job that looked, where there is one."""
    address = os.environ.get("CI_JOB_URL")
    return f"\n[The job that saw it]({address}) keeps the page.\n" if address else ""

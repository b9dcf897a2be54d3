"""What a job tells the CI system that runs it; on a person's machine there is nobody to tell."""

import os
from pathlib import Path

<% set names = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY") if cookiecutter.ci_provider == "github" else ("OUTPUTS", "SUMMARY") %>
<% if cookiecutter.maturity_level == "0" %>
# It names a variable with the path of a file that takes it.
SUMMARY = "<< names[1] >>"


<% else %>
# Each names a variable with the path of a file that takes it.
OUTPUTS, SUMMARY = "<< names[0] >>", "<< names[1] >>"


def output(**values: object) -> None:
    """Hand values to the jobs that come after this one."""
<% if cookiecutter.ci_provider == "github" %>
    lines = [f"{name}={' '.join(str(value).split())}" for name, value in values.items()]
<% else %>
    # They become variables of those jobs.
    lines = [f"{name.upper()}={' '.join(str(value).split())}" for name, value in values.items()]
<% endif %>
    _append(OUTPUTS, "\n".join(lines))


<% endif %>
def summary(text: str) -> None:
    """Show Markdown on the page of the run."""
    _append(SUMMARY, text)


def _append(variable: str, text: str) -> None:
    if path := os.environ.get(variable):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

"""What a job tells the CI system that runs it; on a person's machine there is nobody to tell."""

import os
from pathlib import Path

# Each names a variable with the path of a file that takes it: of GitHub itself, or of the jobs of GitLab and Jenkins.
OUTPUTS = "GITHUB_OUTPUT"
SUMMARIES = ("GITHUB_STEP_SUMMARY", "SUMMARY")
# In the files of GitLab and Jenkins outputs become variables of the jobs that come after.
VARIABLES = "OUTPUTS"


def output(**values: object) -> None:
    """Hand values to the jobs that come after this one."""
    told = {name: " ".join(str(value).split()) for name, value in values.items()}
    _append(OUTPUTS, "\n".join(f"{name}={value}" for name, value in told.items()))
    _append(VARIABLES, "\n".join(f"{name.upper()}={value}" for name, value in told.items()))


def summary(text: str) -> None:
    """Show Markdown on the page of the run."""
    for variable in SUMMARIES:
        _append(variable, text)


def _append(variable: str, text: str) -> None:
    if path := os.environ.get(variable):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

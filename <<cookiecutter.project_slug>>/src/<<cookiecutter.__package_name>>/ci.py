"""What a job tells the CI system that runs it; on a person's machine there is nobody to tell."""

import os
from pathlib import Path


def output(**values: object) -> None:
    """Hand values to the jobs that come after this one."""
    lines = [f"{name}={' '.join(str(value).split())}" for name, value in values.items()]
    _append("GITHUB_OUTPUT", "\n".join(lines))


def summary(text: str) -> None:
    """Show Markdown on the page of the run."""
    _append("GITHUB_STEP_SUMMARY", text)


def _append(variable: str, text: str) -> None:
    if path := os.environ.get(variable):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

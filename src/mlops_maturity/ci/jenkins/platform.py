"""What is asked of Jenkins: only a job starts a job, so what is wanted is an output that the Jenkinsfile reads."""

from collections.abc import Sequence
from pathlib import Path

from mlops_maturity.project import job
from mlops_maturity.project.paths import PULL_REQUEST


def open_pull_request(branch: str) -> None:
    """Say that a branch waits for people: where the repository lives, Jenkins does not know.

    Args:
        branch: which one; reports/pull_request.md says what it brings.
    """
    said = f"the branch {branch} waits for somebody to merge it; {PULL_REQUEST} of this build says what it brings"
    print(said)
    job.summary(said)


def start_training(event: str, why: str) -> None:
    """Let the build that runs this start the job `train`; whether a training is due, that job decides.

    Args:
        event: what asks, as `make trigger` takes it.
        why: in words.
    """
    job.output(event=event, why=why)


def tell_people(title: str, names: Sequence[str], text: Path) -> str:
    """Let the build that runs this become unstable, which Jenkins tells people of.

    Args:
        title: in a line.
        names: what it is about.
        text: a file with the whole of it, in Markdown.

    Returns:
        Where people see it.
    """
    job.output(tell=f"{title}: {', '.join(names)}")
    return f"this build becomes unstable and keeps {text}"

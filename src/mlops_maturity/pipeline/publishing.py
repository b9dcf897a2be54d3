"""What a run left, brought to where others find it: the DVC remote, a branch of its own, a version of the registry."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlops_maturity.model import artefact as artefacts
from mlops_maturity.pipeline import handover
from mlops_maturity.project import job
from mlops_maturity.project.files import write_text
from mlops_maturity.project.paths import ARTEFACT, COMPARISON, METRICS, PULL_REQUEST
from mlops_maturity.project.repository import git, has_origin, introduce
from mlops_maturity.project.storage import difference, dvc
from mlops_maturity.registry import versions as registry
from mlops_maturity.training.gates import LOWER_IS_BETTER


def run() -> None:
    """Publish the model at hand: main is for people to change, so it goes to a branch that they can merge.

    Raises:
        ProjectError: the model is worse than the one in production, or something cannot be pushed.
    """
    registry.compare()
    model = artefacts.read(ARTEFACT, made_by="make run").manifest["version"]
    reason = os.environ.get("REASON", "")
    branch = _branched(f"training/{model}", f"Train model {model}\n\n{reason}".rstrip())
    version = registry.register(compared=True)
    write_text(PULL_REQUEST, "\n".join(told(version.name, reason)) + "\n")
    print(f"{version.name} is on {f'the branch {branch}' if branch else 'this commit'}; see {PULL_REQUEST}")
    job.output(version=version.name, branch=branch, commit=git("rev-parse", "HEAD"))
    job.summary(PULL_REQUEST.read_text(encoding="utf-8"))


def propose(branch: str, message: str, changes: Path | None = None) -> None:
    """Commit all changes to a branch, for people to merge.

    Args:
        branch: gets them, in the place of what it had.
        message: of the commit.
        changes: a folder that another job handed over; its files are the changes, and the tree is as before afterwards.

    Raises:
        ProjectError: something cannot be pushed, or what was handed over is not what it says.
    """
    before = git("rev-parse", "HEAD")
    if changes is not None:
        handover.take(changes)
    if _branched(branch, message):
        write_text(PULL_REQUEST, f"## {message}\n\n{difference('origin/main')}\n")
        print(f"committed to the branch {branch}; see {PULL_REQUEST}")
        if changes is not None:
            # The next command is to find the packages of the old lock, not to install those of the new one.
            git("switch", "--quiet", "--detach", before)
    else:
        print("nothing has changed")


def _branched(branch: str, message: str) -> str:
    """Push data and models, and all changes as one commit to a branch; its name, or nothing if nothing has changed."""
    print("pushing data and model to the DVC remote ...")
    dvc("push", "--quiet")
    if not git("status", "--porcelain"):
        return ""
    introduce()
    git("switch", "--quiet", "--force-create", branch)
    git("add", "--all")
    git("commit", "--quiet", "--no-verify", "--message", message)
    if has_origin():
        git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")
    return branch


def told(version: str, reason: str) -> Iterator[str]:
    """The new model in words, as Markdown, beside the one in production."""
    yield f"## Model {version}"
    yield ""
    if reason:
        yield f"Trained because of {reason}."
        yield ""
    metrics = json.loads(METRICS.read_text(encoding="utf-8"))
    comparison: dict[str, Any] = json.loads(COMPARISON.read_text(encoding="utf-8")) if COMPARISON.exists() else {}
    old = comparison.get("version")
    yield f"On the test set, {metrics['rows']['test']:,} rows" + (f", compared with {old} on its own:" if old else ":")
    yield ""
    before = comparison.get("scores", {}).get(old, {})
    yield from (f"- {in_words(name, value, before.get(name))}" for name, value in metrics["scores"]["test"].items())
    yield ""
    yield "Gates:"
    yield ""
    for gate in [*metrics["gates"], *comparison.get("gates", [])]:
        yield f"- {'PASS' if gate['passed'] else 'FAIL'} {gate['name']}"
    yield ""
    yield f"Merging takes over `dvc.lock`, metrics and cards. `make lineage VERSION={version}` shows its origin."


def in_words(name: str, value: float, before: float | None) -> str:
    """A score and what became of it: `log loss: 0.045, was 0.05: better by 10 %`."""
    label = name.replace("_", " ")
    if before is None:
        return f"{label}: {value:.4g}"
    if f"{value:.4g}" == f"{before:.4g}":
        return f"{label}: {value:.4g}, as before"
    better = (value < before) == (name in LOWER_IS_BETTER)
    change = f" by {abs(value - before) / abs(before):.1%}" if before else ""
    return f"{label}: {value:.4g}, was {before:.4g}: {'better' if better else 'worse'}{change}"

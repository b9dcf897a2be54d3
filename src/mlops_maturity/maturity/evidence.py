"""The kinds of records that prove that a project has used what the library provides."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mlops_maturity.delivery.records import Record
from mlops_maturity.maturity.history import History
from mlops_maturity.pipeline.steps import STEPS


@dataclass(frozen=True)
class Kind:
    """A kind of record.

    Attributes:
        found: what the newest such record says; empty if there is none.
        missing: what has not happened yet, and which command makes it happen.
    """

    found: Callable[[History], str]
    missing: str


def completed_run(history: History) -> str:
    """All steps of the pipeline have ended well."""
    run = history.run
    if run is None or set(run.steps) != set(STEPS) or any(step.outcome != "done" for step in run.steps.values()):
        return ""
    return f"run.json: all {len(run.steps)} steps done, the last run is {run.run} by {run.executor.name}"


def run_by_ci(history: History) -> str:
    """A CI system ran the pipeline."""
    return history.by_ci and f"run.json in commit {history.by_ci} was written by CI"


def registered(history: History) -> str:
    """A model has a version."""
    if not history.versions:
        return ""
    newest = history.versions[-1]
    return f"{newest.name} was registered on {newest.made[:10]} by {newest.by}"


def compared(history: History) -> str:
    """A version was registered beside one in production, so that it was compared with it."""
    first = min((version.number for version in history.production), default=None)
    later = [version for version in history.versions if first is not None and version.number > first]
    return f"{later[-1].name} was compared with the model in production when it was registered" if later else ""


def in_production(history: History) -> str:
    """A version is in production."""
    return f"{history.production[-1].name} is in production" if history.production else ""


def rolled_back(history: History) -> str:
    """Something served again that had served before."""
    for environment, records in sorted(history.deployments.items()):
        if done := [record for record in records if record.kind == "rollback" and record.result == "good"]:
            return f"{environment}: rollback to {_what(done[-1])}"
    for before, after in zip(history.production[-2::-1], history.production[:0:-1], strict=True):
        if after < before:
            return f"{after.name} was put back into production after {before.name}"
    return ""


def released(history: History) -> str:
    """A release was built, as some environment's record names it."""
    records = [record for each in history.deployments.values() for record in each]
    newest = max(records, key=lambda record: record.at, default=None)
    return f"{newest.release.key} was built of commit {newest.release.commit[:10]}" if newest else ""


def deployed_to(environment: str) -> Callable[[History], str]:
    """A release was deployed to an environment and passed its checks."""

    def found(history: History) -> str:
        good = history.good(environment)
        return f"{environment}: deployed {_what(good[-1])}" if good else ""

    return found


def same_digest(history: History) -> str:
    """What serves in production is byte for byte what staging had."""
    staging = {record.release.digest for record in history.good("staging")}
    same = [record for record in history.good("production") if record.release.digest in staging]
    return f"{same[-1].release.key} went from staging to production as {same[-1].release.digest[:19]}" if same else ""


def replaced(history: History) -> str:
    """A release in production took the place of another one."""
    keys = list(dict.fromkeys(record.release.key for record in history.good("production")))
    return f"{keys[-1]} took the place of {keys[-2]} in production" if len(keys) > 1 else ""


def triggered(history: History) -> str:
    """A trigger started a training."""
    if not history.trainings:
        return ""
    newest = history.trainings[-1]
    return f"a training was started on {_day(newest.at)} ({', '.join(newest.reasons)})"


def judged(*names: str) -> Callable[[History], str]:
    """Monitoring had enough live data for one of these verdicts, here or when it started a training."""

    def found(history: History) -> str:
        for name in names:
            if name in history.judged:
                return f"reports/monitoring.json, {name}: {history.judged[name]}"
        for training in reversed(history.trainings):
            if reasons := [name for name in names if name in training.reasons]:
                return f"monitoring started a training on {_day(training.at)} ({', '.join(reasons)})"
        return ""

    return found


def tuned(history: History) -> str:
    """A search has compared settings of the model."""
    return f"reports/tuning.csv compares {history.candidates} settings of the model" if history.candidates > 1 else ""


KINDS = {
    "completed run": Kind(completed_run, "no run of all steps is recorded in run.json: make run"),
    "run by CI": Kind(run_by_ci, "CI has not trained yet: start the training job and merge what it proposes"),
    "version": Kind(registered, "no model has a version yet: make register"),
    "comparison": Kind(compared, "no model was registered yet while another one was in production"),
    "production model": Kind(in_production, "no model was put into production yet"),
    "rollback": Kind(rolled_back, "nothing was rolled back yet: try make rollback"),
    "release": Kind(released, "no release was deployed yet: make release, make deploy ENV=test"),
    "test": Kind(deployed_to("test"), "nothing was deployed to test yet: make deploy ENV=test"),
    "staging": Kind(deployed_to("staging"), "nothing was deployed to staging yet: make deploy ENV=staging"),
    "production": Kind(deployed_to("production"), "nothing was deployed to production yet: make deploy"),
    "same digest": Kind(same_digest, "nothing went from staging to production yet"),
    "replacement": Kind(replaced, "no release took the place of another one in production yet"),
    "training": Kind(triggered, "no trigger has started a training yet: make trigger"),
    "live data": Kind(judged("drift", "degraded"), "monitoring had not enough live data yet: make monitor"),
    "live labels": Kind(judged("degraded"), "monitoring had not enough labelled predictions yet: make monitor"),
    "age": Kind(judged("stale"), "the model's age was not judged yet: make watch"),
    "live service": Kind(judged("unhealthy"), "the live service was not watched yet: make watch SERVICE_URL=..."),
    "search": Kind(tuned, "no search of settings has left its table here yet: make tune"),
}


def _what(record: Record) -> str:
    return f"{record.release.key} with model {record.release.model} on {_day(record.at)} by {record.by}"


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"

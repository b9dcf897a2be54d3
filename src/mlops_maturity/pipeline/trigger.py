"""Whether to train now: on demand, on schedule, on new data, on degraded performance or on drift; never twice.

The last training that somebody claimed is a git reference of its own. A push that expects its old value is the lock:
of two runs that start at once, one gets it.
"""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from mlops_maturity.pipeline.ingest import table_digest
from mlops_maturity.project import job, signing
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.foreign import parsed
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import MONITORING, TABLE
from mlops_maturity.project.repository import answer, git, has_origin, introduce
from mlops_maturity.project.sources import pointed_to, pointer_of, tracked
from mlops_maturity.project.storage import LOCK, fetch, md5_of
from mlops_maturity.registry import versions as registry

Event = Literal["demand", "schedule", "new-data", "degraded", "drift", "stale"]
CLAIM = "refs/training/last"


@dataclass(frozen=True)
class Reason:
    """Why a new model is wanted."""

    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.name}: {self.why}"


@dataclass(frozen=True)
class Claim:
    """A training: when it was claimed, the data that it was about, and the names of what asked for it."""

    at: datetime
    data: str
    reasons: tuple[str, ...] = ()


def run(event: Event, why: str, claim: bool) -> None:
    """Say whether to train and why, to people and to the CI system (outputs `train` and `reason`).

    Args:
        event: what started this: a person's demand, which no cooldown stops, the schedule, or a finding of some other
            system.
        why: what that person or system says.
        claim: make it known to all that this run trains.

    Raises:
        ProjectError: the data have no pointer.
    """
    params = settings.load()
    fetch_claim()
    last = last_claim()
    data = _data(params)
    found = list(reasons(params, data, last, event, why))
    for reason in found:
        print(f"wanted, {reason}")
    wait = remaining(last, timedelta(hours=params.monitoring.cooldown_hours), datetime.now(UTC))
    train = False
    if not found:
        said = "nothing asks for a new model"
    elif wait and event != "demand":
        said = f"the last training is too recent: wait another {wait}"
    elif not _at_hand(params):
        source = params.data.raw or "a file of the data"
        said = f"{source} cannot be had here: set a DVC remote that this machine reaches ('Data' in README.md)"
    elif claim and not _claim(data, found):
        said = "another run has claimed this training"
    else:
        train, said = True, "; ".join(map(str, found))
    print(f"{'TRAIN' if train else 'do not train'}: {said}")
    job.output(train=str(train).lower(), reason=said)
    job.summary(f"**{'Train' if train else 'No training'}**: {said}")


def reasons(params: Params, data: str, last: Claim | None, event: Event, why: str) -> Iterator[Reason]:
    """Everything that asks for a new model.

    Args:
        params: the project's settings.
        data: what tells the data of this commit from others, see `_data`.
        last: the last training.
        event: what started this.
        why: what the one says who asks.
    """
    if event != "schedule":
        yield Reason(event, why or "no reason is given")
    known = registry.versions()
    newest = known[-1] if known else None
    if newest is None:
        yield Reason("new-data", "no model was ever registered")
    elif data not in (_learned(params, newest.text(LOCK)), last.data if last else None):
        told = params.data.raw or "what data.py asks for"
        yield Reason("new-data", f"{told} is not what {newest.name} was trained on")
    if newest is not None:
        age = datetime.now(UTC) - datetime.fromisoformat(newest.made)
        if params.watch.leads_to.stale == "train" and age > timedelta(days=params.monitoring.max_age_days):
            yield Reason("schedule", f"{newest.name} is {age.days} days old, over {params.monitoring.max_age_days:g}")
    leads_to = params.watch.leads_to.model_dump()
    yield from (reason for reason in monitored() if leads_to[reason.name] == "train")


def fetch_claim() -> None:
    """Take over what others have claimed."""
    if has_origin():
        answer("fetch", "--quiet", "origin", f"+{CLAIM}:{CLAIM}")


def last_claim() -> Claim | None:
    """The last training that was claimed, of the claims that may be believed."""
    return next(iter(claims()[::-1]), None)


def claims() -> list[Claim]:
    """The trainings that were claimed, of the claims that may be believed, the oldest first."""
    believed = []
    for name, trouble, text in signing.commits(CLAIM, "%cI%x09%s"):
        try:
            at, subject = text.split("\t", 1)
            claimed = parsed(subject)
            found = Claim(datetime.fromisoformat(at), str(claimed["data"]), tuple(map(str, claimed.get("reasons", ()))))
        except (AttributeError, KeyError, TypeError, ValueError):
            found, trouble = None, trouble or "not a claim"  # noqa: PLW2901 - what is wrong with it is that
        if found and signing.is_future(found.at, datetime.now(UTC)):
            trouble = f"it says that it was made at {at}, which is not yet"  # noqa: PLW2901
        if found and not trouble:
            believed.append(found)
        else:
            signing.pass_over(f"{name[:12]} of {CLAIM}", trouble)
    return believed


def remaining(last: Claim | None, cooldown: timedelta, now: datetime) -> timedelta:
    """How long the cooldown still lasts; zero if it is over."""
    left = (last.at + cooldown - now) if last else timedelta()
    return timedelta(seconds=max(0, round(left.total_seconds())))


def monitored() -> Iterator[Reason]:
    """What `make monitor` found, if it ran."""
    if not MONITORING.exists():
        print("live data and performance: not exercised, `make monitor` did not run here")
        return
    verdict = json.loads(MONITORING.read_text(encoding="utf-8"))
    for name, trigger in sorted(verdict["triggers"].items()):
        if trigger["fires"]:
            yield Reason(name, trigger["reason"])


def _data(params: Params) -> str:
    """The MD5 of each file that the data are read from, as this commit points to it; of a query, that of its rows.

    Raises:
        ProjectError: the data have no pointer, or the database cannot be asked.
    """
    raw = params.data.raw
    if raw is None:
        return table_digest()
    if not pointer_of(raw).exists():
        raise ProjectError(f"{pointer_of(raw)} is missing; `.venv/bin/dvc add {raw}` makes it")
    return " ".join(pointed_to(path) for path in tracked(raw))


def _learned(params: Params, lock: str) -> str | None:
    """The same of the data that a model was trained on; None if it knew other files.

    Args:
        params: the project's settings.
        lock: the text of its dvc.lock.
    """
    paths = tracked(params.data.raw) if params.data.raw else [TABLE]
    try:
        return " ".join(md5_of(lock, path) for path in paths)
    except ProjectError:
        return None


def _at_hand(params: Params) -> bool:
    """Whether the data are here or can be pulled."""
    try:
        fetch(params.data.raw)
    except ProjectError as error:
        print(f"not at hand: {error}")
        return False
    return params.data.raw is None or params.data.raw.exists()


def _claim(data: str, found: list[Reason]) -> bool:
    """Make it known that this run trains, unless another one was faster."""
    introduce()
    before = answer("rev-parse", "--verify", "--quiet", CLAIM)
    # Without a part by chance, two claims of one second would be the same object, and both would be accepted.
    content = {"chance": secrets.token_hex(8), "data": data, "reasons": [reason.name for reason in found]}
    note = json.dumps(content, sort_keys=True)
    made = signing.commit(note, before)
    try:
        if has_origin():
            git("push", "--quiet", f"--force-with-lease={CLAIM}:{before}", "origin", f"{made}:{CLAIM}")
        git("update-ref", CLAIM, made, before or "0" * 40)
    except ProjectError as error:
        print(f"not claimed: {error}")
        return False
    return True

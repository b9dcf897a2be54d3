"""What was deployed where, when, by whom, and what came of it: a git reference for each environment.

`refs/deployments/staging` is a chain of commits without files, the newest first; the message of each is a record as
JSON, its date is when. What changes an environment is noted when it begins and when it has ended: a process that is
killed in between leaves that it began. A push that expects the old value keeps two deployments from being noted at
once, as a training is claimed. `git log refs/deployments/staging` reads it, too. CI signs what it notes (see
project/signing.py); what is not signed, is not a record or comes from the future is named and passed over.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal

from mlops_maturity.delivery.release import Release
from mlops_maturity.pipeline.records import executor
from mlops_maturity.project import signing
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.foreign import parsed
from mlops_maturity.project.repository import answer, git, has_origin, introduce

Kind = Literal["build", "deploy", "check", "rollback", "stop"]
Result = Literal["begun", "good", "failed"]
REFERENCE = "refs/deployments/{environment}"
TRIES = 5
# What was built is noted beside what was deployed.
BUILDS = "builds"
# Code comes there without a review: nobody believes what is noted there, and no key is there.
UNREVIEWED = ("test",)


@dataclass(frozen=True)
class Record:
    """One deployment, check, rollback or stop of an environment.

    Attributes:
        kind: what was done.
        release: what it was done with.
        result: what came of it; `begun` until that is known.
        why: what was wrong, or why it was done.
        at: when.
        by: who.
    """

    kind: Kind
    release: Release
    result: Result
    why: str
    at: datetime
    by: str


def fetch() -> None:
    """Take over what others have noted."""
    if has_origin():
        answer("fetch", "--quiet", "origin", "+refs/deployments/*:refs/deployments/*")


def history(environment: str) -> list[Record]:
    """All records of an environment that may be believed, the oldest first."""
    reference, now, found = REFERENCE.format(environment=environment), datetime.now(UTC), []
    for name, trouble, text in signing.commits(reference, "%aI%x09%s"):
        try:
            if trouble and not (trouble == signing.UNSIGNED and environment in UNREVIEWED):
                raise ProjectError(trouble)
            at, message = text.split("\t", 1)
            found.append(_record(environment, at, message, now))
        except ProjectError as error:
            signing.pass_over(f"{name[:12]} of {reference}", str(error))
    return found


def require_key(environment: str) -> None:
    """Refuse to begin what could not be noted so that others believe it.

    Raises:
        ProjectError: there is no key.
    """
    if environment not in UNREVIEWED:
        signing.require_key(f"what is done in {environment}")


def serving(records: list[Record]) -> list[Release]:
    """What served one after the other since the last stop, without what was taken back; the last one serves now."""
    stack: list[Release] = []
    for record in records:
        if record.result != "good" or record.kind == "check":
            continue
        if record.kind == "stop":
            stack.clear()
            continue
        if record.kind == "rollback":
            while stack and stack[-1] != record.release:
                stack.pop()
        if not stack or stack[-1] != record.release:
            stack.append(record.release)
    return stack


def unfinished(records: list[Record]) -> Record | None:
    """What has begun in an environment and not ended: it was killed, or is under way; what serves is not known then."""
    last = next((record for record in reversed(records) if record.kind != "check"), None)
    return last if last and last.result == "begun" else None


def require_finished(environment: str, known: list[Record]) -> None:
    """Refuse to believe that what served before serves now.

    Raises:
        ProjectError: something has begun and not ended.
    """
    if record := unfinished(known):
        raise ProjectError(told_unfinished(environment, record))


def told_unfinished(environment: str, record: Record) -> str:
    """What has begun and not ended, and what to do."""
    return (
        f"{record.kind} of {record.release.key} in {environment} began on {record.at:%Y-%m-%d %H:%M}Z and has not "
        f"ended: `make deploy ENV={environment}` deploys again, `make rollback ENV={environment}` takes it back"
    )


@contextmanager
def noted(environment: str, kind: Kind, release: Release, why: str = "") -> Iterator[None]:
    """Note that something begins, let it be done, and note what came of it.

    Raises:
        ProjectError: `origin` refuses a record; nothing was done if it is the first.
    """
    note(environment, kind, release, "begun", why)
    try:
        yield
    except BaseException as error:
        note(environment, kind, release, "failed", str(error) or "interrupted")
        raise
    note(environment, kind, release, "good", why)


def since(records: list[Record]) -> datetime:
    """When that came which serves now, where something does."""
    return [record.at for record in records if record.result == "good" and record.kind != "check"][-1]


def good_runs(records: list[Record], release: Release) -> int:
    """How often a release was deployed and checked without a failure since the last one."""
    count = 0
    for record in records:
        if record.release.key == release.key and record.kind != "stop" and record.result != "begun":
            count = count + 1 if record.result == "good" else 0
    return count


def note(environment: str, kind: Kind, release: Release, result: Result, why: str = "") -> None:
    """Add a record.

    Raises:
        ProjectError: `origin` refuses it.
    """
    introduce()
    content = {
        "by": executor().name,
        "environment": environment,
        "kind": kind,
        "release": asdict(release),
        "result": result,
        "why": " ".join(why.split()),
    }
    message = json.dumps(content, sort_keys=True)
    reference = REFERENCE.format(environment=environment)
    for _ in range(TRIES):
        fetch()
        before = answer("rev-parse", "--verify", "--quiet", reference)
        made = signing.commit(message, before)
        try:
            if has_origin():
                git("push", "--quiet", f"--force-with-lease={reference}:{before}", "origin", f"{made}:{reference}")
            git("update-ref", reference, made, before or "0" * 40)
        except ProjectError as error:
            refused = error
        else:
            return
    raise ProjectError(f"what was done in {environment} could not be noted: {refused}")


def told(record: Record) -> Iterator[str]:
    """A record in words."""
    yield f"{record.kind} of {record.release.key} (model {record.release.model}): {record.result}"
    yield f"{record.at:%Y-%m-%d %H:%M}Z by {record.by}"
    if record.why:
        yield record.why


def _record(environment: str, at: str, message: str, now: datetime) -> Record:
    """A record of an environment, as it was noted.

    Raises:
        ProjectError: it is none.
    """
    try:
        content = parsed(message)
        record = Record(
            content["kind"],
            Release(**content["release"]),
            content["result"],
            content["why"],
            datetime.fromisoformat(at).astimezone(UTC),
            content["by"],
        )
        # Records of before had no name of their environment; no signature is on them.
        noted_for = content.get("environment", environment)
        if not all(isinstance(text, str) for text in (*asdict(record.release).values(), record.why, record.by)):
            raise TypeError(record)
    except (KeyError, TypeError, ValueError):
        raise ProjectError("not a record of a deployment") from None
    if noted_for != environment:
        raise ProjectError(f"a record of {noted_for}")
    if signing.is_future(record.at, now):
        raise ProjectError(f"it says that it was made at {at}, which is not yet")
    return record

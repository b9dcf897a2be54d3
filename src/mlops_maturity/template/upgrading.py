"""The commands level-up, update and change: what two renderings of the template differ in, merged by git."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.repository import git
from mlops_maturity.template import locks, merging, vendor
from mlops_maturity.template.news import News
from mlops_maturity.template.origin import ORIGIN, Origin, remember
from mlops_maturity.template.reporting import report_conflicts, report_merge
from mlops_maturity.template.versions import Template

LEVEL = "maturity_level"
LEVELS = ("0", "1", "2")
# Level 0 tracks its model by a pointer; the pipeline of the other levels makes it and tracks it in dvc.lock.
MODEL = "models/model.zip"
POINTER = f"{MODEL}.dvc"
IGNORED = "models/.gitignore"
LOST = "a version of data or model is in neither the cache nor the storage, so the new storage could not get it"
# What DVC prints of content that it finds nowhere, which it does not take for an error.
NOWHERE = "Missing cache files"


def level_up(level: str, template: str = "", version: str = "") -> None:
    """Raise the level, at the version of the template that the project has.

    Args:
        level: the new one.
        template: a path or an address; empty for the one that is known.
        version: of the template, to update in one go: a tag, a branch or a commit.

    Raises:
        ProjectError: the level is not a higher one, the repository is not clean, the template cannot be reached or
            refuses, or changes conflict.
    """
    origin = _origin()
    now = origin.answers[LEVEL]
    higher = [known for known in LEVELS if known > now]
    if level not in higher:
        if not higher:
            raise ProjectError(f"the project is at level {now}, which is the highest")
        wrong = f"{level} is not a higher level" if level else "no level is given"
        raise ProjectError(f"the project is at level {now}, and {wrong}; give LEVEL={' or LEVEL='.join(higher)}")
    message = f"Raise the maturity level from {now} to {level}"
    _bring(origin, {LEVEL: level}, template, version or origin.commit, message)


def update(template: str = "", version: str = "") -> None:
    """Take over what has changed in the template and its library.

    Args:
        template: a path or an address; empty for the one that is known.
        version: of the template: a tag, a branch or a commit; empty for the newest.

    Raises:
        ProjectError: the repository is not clean, the template cannot be reached, or changes conflict.
    """
    _bring(_origin(), {}, template, version, "Take over what has changed in the template")


def change(template: str = "", **answers: str) -> None:
    """Change the CI provider, the cloud or the target of deployments.

    Args:
        template: a path or an address; empty for the one that is known.
        answers: the new ones, by question; an empty one changes nothing.

    Raises:
        ProjectError: nothing changes, the repository is not clean, the template cannot be reached or refuses, or
            changes conflict.
    """
    origin = _origin()
    changed = {question: given for question, given in answers.items() if given and given != origin.answers[question]}
    if not changed:
        now = ", ".join(f"{question.upper()}={origin.answers[question]}" for question in answers)
        raise ProjectError(f"no answer would change; the project has {now}")
    if "cloud" in changed:
        _fetch_all_versions()
    named = ", ".join(f"{question} to {given}" for question, given in changed.items())
    _bring(origin, changed, template, origin.commit, f"Change {named}")


def _origin() -> Origin:
    # First of all: in the middle of a merge, .template.json may be neither the old nor the new one.
    merging.require_clean()
    return Origin.read()


def _bring(origin: Origin, changed: Mapping[str, str], given: str, version: str | None, message: str) -> None:
    """Merge the difference between the template as it was and as it shall be.

    Args:
        origin: what the project came from.
        changed: the new answers, by question.
        given: where the template is; empty for where it is known to be.
        version: of the template; empty: the newest, None: the one at hand.
        message: of the commit.
    """
    source = origin.found(given)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        print("fetching the template ...", flush=True)
        template = Template(source, folder)
        if origin.commit is None and template.newest:
            raise ProjectError(f'{ORIGIN} has no version of the template: put its commit into "commit" there')
        was, shall = template.commit(origin.commit), template.commit(version or template.newest)
        if was == shall and not changed:
            print(f"nothing to take over: the project is at {was[:10] if was else 'the version of the template'}")
            return
        print("rendering the template with the old and with the new answers ...", flush=True)
        before = template.render(was, origin.answers, "before")
        after = template.render(shall, {**origin.answers, **changed}, "after")
        if vendor.is_vendored(Path()):
            vendor.vendor(before)
            vendor.vendor(after)
        became = Origin.read(after / ORIGIN)
        Origin(became.answers, shall, (given and became.source) or origin.source).write(after / ORIGIN)
        news, own = News.between(before, after), locks.own(before)
        old, new = locks.library(before), locks.library(after)
        start = git("rev-parse", "HEAD")
        had, gets = _own_files(leaves_zero=origin.answers[LEVEL] == "0" and LEVEL in changed)
        trees = merging.tree(before, had, folder / "old"), merging.tree(after, gets, folder / "new")
        conflicts = locks.settle(merging.merge(*trees, message), old, new, folder)
    remember(given)
    then = []
    if origin.answers[LEVEL] == "0" and LEVEL in changed:
        then.append("the steps are a pipeline now: make run push, then commit what they leave")
    if changed.get(LEVEL) == "2":
        then.append("build a release and deploy it: make release, then make deploy ENV=test")
    if POINTER in gets:
        then.append(
            f"the model of level 0 is still there: .venv/bin/dvc get . {MODEL} --rev {start[:10]} --out old.zip"
        )
    if "cloud" in changed:
        then.append("bring all versions of data and model to the new storage: .venv/bin/dvc push --all-commits")
    if conflicts:
        report_conflicts(conflicts, news, then)
        raise ProjectError(
            f"conflicts with changes of your own in {len(conflicts)} of the files; the lines above say what to do"
        )
    if own:
        locks.resolve()
    report_merge(message, start, news, then)
    _set_up()


def _own_files(*, leaves_zero: bool) -> tuple[dict[str, bytes], dict[str, bytes | None]]:
    """Files of the project that no rendering has: as they are now, and as they shall be (None: deleted)."""
    had, gets = {str(ORIGIN): ORIGIN.read_bytes()}, dict[str, bytes | None]()
    if leaves_zero and git("ls-files", POINTER):
        had |= {name: Path(name).read_bytes() for name in (POINTER, IGNORED) if git("ls-files", name)}
        line = f"/{MODEL.split('/')[1]}".encode()
        kept = [each for each in had.get(IGNORED, b"").splitlines(keepends=True) if each.strip() != line]
        gets = {POINTER: None, IGNORED: b"".join(kept) or None}
    return had, gets


def _fetch_all_versions() -> None:
    """Bring every version of data and model into the cache, so that another storage can get them."""
    print("fetching every version of data and model from the present storage ...", flush=True)
    command = [sys.executable, "-m", "dvc", "fetch", "--all-commits", "--all-tags"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or NOWHERE in done.stderr:
        print(done.stderr.strip(), file=sys.stderr)
        raise ProjectError(f"{LOST}; the lines above say which")


def _set_up() -> None:
    """Set up the project's environment again, if this runs in it: a merge may have brought another library.

    Raises:
        ProjectError: it cannot be set up; the merge is committed.
    """
    if Path(sys.prefix).resolve() != Path(".venv").resolve():
        print("  - set up the environment again: make setup")
        return
    print("\nsetting up the environment again ...", flush=True)
    if subprocess.run(["make", "--no-print-directory", "setup"], check=False).returncode:
        raise ProjectError("the merge is committed, but the environment could not be set up: run `make setup`")

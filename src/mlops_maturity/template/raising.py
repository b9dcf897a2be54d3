"""Raising the level, taking over the template's fixes, changing an answer: one difference, merged by git."""

import subprocess
import sys
import tempfile
import textwrap
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.repository import answer, git
from mlops_maturity.template import merging, news
from mlops_maturity.template.origin import ORIGIN, Origin
from mlops_maturity.template.versions import Template

LEVEL = "maturity_level"
LEVELS = ("0", "1", "2")
# What level 0 tracks by a pointer of its own, the pipeline of the others makes and tracks in dvc.lock.
MODEL = "models/model.zip"
POINTER = f"{MODEL}.dvc"
IGNORED = "models/.gitignore"
LOCKS = ("requirements.lock", "deploy/requirements.lock")
LOST = "a version of data or model is in neither the cache nor the storage, so the new storage could not get it"
NOWHERE = "Missing cache files"


def level_up(level: str, template: str = "", version: str = "") -> None:
    """Raise the level, at the version of the template that the project came from or was brought to.

    Args:
        level: the one to reach.
        template: where it is, if not where .template.json says.
        version: of the template, to take over in one go: a tag, a branch or a commit.

    Raises:
        ProjectError: the level is none, or not a higher one; or as `_own` and `_bring` do.
    """
    origin = _own()
    now = origin.answers[LEVEL]
    higher = [known for known in LEVELS if known > now]
    if level not in higher:
        if not higher:
            raise ProjectError(f"the project is at level {now}, which is the highest")
        wrong = f"{level} is no level above it" if level else "no level is said"
        raise ProjectError(f"the project is at level {now}, and {wrong}; say LEVEL={' or LEVEL='.join(higher)}")
    message = f"Raise the maturity level from {now} to {level}"
    _bring(origin, {LEVEL: level}, template, version or origin.commit, message)


def update(template: str = "", version: str = "") -> None:
    """Take over what has changed in the template: its newest version, or the one that is named.

    Raises:
        ProjectError: as `_own` and `_bring` do.
    """
    _bring(_own(), {}, template, version, "Take over what has changed in the template")


def change(template: str = "", **answers: str) -> None:
    """Change the CI provider, the cloud or the target of deployments.

    Args:
        template: where it is, if not where .template.json says.
        answers: the new ones, by question; an empty one is left as it is.

    Raises:
        ProjectError: nothing changes; or as `_own` and `_bring` do.
    """
    origin = _own()
    changed = {question: given for question, given in answers.items() if given and given != origin.answers[question]}
    if not changed:
        can = ", ".join(f"{question.upper()}={origin.answers[question]}" for question in answers)
        raise ProjectError(f"no answer would change; the project has {can}")
    if "cloud" in changed:
        _hold_all_versions()
    told = ", ".join(f"{question} to {given}" for question, given in changed.items())
    _bring(origin, changed, template, origin.commit, f"Change {told}")
    if "cloud" in changed:
        print("  - bring all versions of data and model to the new storage: .venv/bin/dvc push --all-commits")


def _own() -> Origin:
    # First of all: in the middle of a merge, what the project says of itself is not yet so.
    merging.require_clean()
    return Origin.read()


def _bring(origin: Origin, changed: Mapping[str, str], source: str, version: str | None, message: str) -> None:
    """Merge what differs between the template as it was and as it shall be.

    Args:
        origin: what the project came from.
        changed: the new answers, by question.
        source: where the template is; empty: where the project says.
        version: of the template; empty: the newest, none: the one at hand.
        message: of the commit.

    Raises:
        ProjectError: the template cannot be reached or refuses, or changes conflict.
    """
    if not (source or origin.source):
        raise ProjectError(f"{ORIGIN} does not know where the template is; say where, by path or address: TEMPLATE=")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        print("fetching the template ...", flush=True)
        template = Template(source or str(origin.source), folder)
        if origin.commit is None and template.newest:
            raise ProjectError(
                f'{ORIGIN} does not know the version of the template: put its commit into "commit" there'
            )
        was, shall = template.commit(origin.commit), template.commit(version or template.newest)
        if was == shall and not changed:
            print(f"nothing to take over: the project is at {_short(was)}, and so is the template")
            return
        print("rendering what it made of your answers before, and what it makes of them now ...", flush=True)
        before = template.render(was, origin.answers, "before")
        after = template.render(shall, {**origin.answers, **changed}, "after")
        became = Origin.read(after / ORIGIN)
        Origin(became.answers, shall, (source and became.source) or origin.source).write(after / ORIGIN)
        told = news.verbs(before, after), news.settings(before, after)
        own = _dependencies(Path()) != _dependencies(before) or any(
            Path(name).read_bytes() != (before / name).read_bytes() for name in LOCKS if (before / name).exists()
        )
        old = {str(ORIGIN): ORIGIN.read_bytes()}
        new: dict[str, bytes | None] = {}
        leaves_zero = origin.answers[LEVEL] == "0" and LEVEL in changed
        if leaves_zero and git("ls-files", POINTER):
            old |= {name: Path(name).read_bytes() for name in (POINTER, IGNORED) if git("ls-files", name)}
            new = {POINTER: None, IGNORED: _without(old.get(IGNORED, b""), f"/{MODEL.split('/')[1]}")}
        start = git("rev-parse", "HEAD")
        had, has = merging.tree(before, old, folder / "old"), merging.tree(after, new, folder / "new")
        conflicts = merging.merge(had, has, message)
    conflicts = _settle_locks(conflicts, own=own)
    if conflicts:
        _tell_conflicts(conflicts)
        raise ProjectError(f"{len(conflicts)} files conflict with changes of your own; the lines above say what to do")
    _tell(message, start, *told)
    if leaves_zero:
        print("  - the steps are a pipeline now: make run, commit what it leaves, make push")
    if POINTER in new:
        print(f"  - the model of level 0 is still there: .venv/bin/dvc get . {MODEL} --rev {start[:10]} --out old.zip")


def _settle_locks(conflicts: list[str], *, own: bool) -> list[str]:
    """Resolve the locks again where the project has dependencies of its own, and return what still conflicts."""
    locks = [name for name in LOCKS if name in conflicts]
    if locks:
        merging.take_theirs(locks)
        conflicts = [name for name in conflicts if name not in locks]
        if conflicts:
            print("the locks are the template's for now: `make lock UPGRADE=` resolves them with your own dependencies")
            return conflicts
        merging.end()
    if own and not conflicts:
        print("resolving the locks with your own dependencies ...", flush=True)
        done = subprocess.run(
            ["make", "--no-print-directory", "lock", "UPGRADE="], capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(f"{done.stderr.strip()}\nthe locks could not be resolved: run `make lock UPGRADE=` and commit them")
        elif git("status", "--porcelain", "--", *LOCKS):
            git("add", "--", *(name for name in LOCKS if Path(name).exists()))
            git("commit", "--quiet", "--amend", "--no-edit", "--no-verify")
    return conflicts


def _hold_all_versions() -> None:
    """Bring every version of data and model into the cache, so that another storage can get them."""
    print("fetching every version of data and model from the storage of now ...", flush=True)
    command = [sys.executable, "-m", "dvc", "fetch", "--all-commits", "--all-tags"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # What is nowhere is no error to DVC.
    if done.returncode or NOWHERE in done.stderr:
        print(done.stderr.strip(), file=sys.stderr)
        raise ProjectError(f"{LOST}; the lines above say which")


def _dependencies(project: Path) -> Any:
    content = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return content.get("dependencies"), content.get("optional-dependencies")


def _without(content: bytes, line: str) -> bytes | None:
    return b"".join(kept for kept in content.splitlines(keepends=True) if kept.strip() != line.encode()) or None


def _short(commit: str | None) -> str:
    return commit[:10] if commit else "the same version"


def _tell_conflicts(conflicts: list[str]) -> None:
    width = max(map(len, conflicts))
    states = {line[3:]: line[:2] for line in answer("status", "--porcelain=v1", "-z").split("\0") if line}
    reasons = {"DU": "you deleted it, the template changes it", "UD": "you changed it, the template deletes it"}
    print("\nthe template and you have changed the same lines:")
    for name in conflicts:
        print(f"  {name:{width}s}  {reasons.get(states.get(name, ''), 'both changed it')}")
    print(
        "\n  - put each of them right: between the marks are yours, what was before, and the template's\n"
        "  - git add each (or git rm what is to go), then: git cherry-pick --continue, make setup test\n"
        "  - or take everything back: git cherry-pick --abort\n"
    )


def _tell(message: str, start: str, verbs: Mapping[str, str], settings: Mapping[str, str]) -> None:
    print(f"\n{message}: done, as one commit\n {git('diff', '--shortstat', start, 'HEAD')}")
    for title, rows in (("new verbs", verbs), ("for a person to set; the pages in docs/ say more", settings)):
        if rows:
            print(f"\n{title}:")
            longest = max(len(name) for name in rows)
            for name, text in rows.items():
                indent = " " * (longest + 4)
                print(textwrap.fill(f"  {name:{longest}s}  {text}", 110, subsequent_indent=indent))
    print("\nnext:")
    print("  - look at what changed: git show --stat; to take it back: git revert HEAD")

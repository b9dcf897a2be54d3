"""What the project asks DVC, and whether a commit and the DVC remote agree."""

import configparser
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

from mlops_maturity.project import job, library, repair
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.repository import answer
from mlops_maturity.project.sources import PIPELINE, pointer_of, tracked

CONFIG = Path(".dvc")
LOCK = repair.LOCK
STALE = re.compile(r"^Running stage '(.+)'", re.MULTILINE)
STOPPED = re.compile(r"failed to reproduce '(.+?)'")


def dvc(*arguments: str, folder: Path | None = None) -> str:
    """Run DVC and return what it prints.

    Raises:
        ProjectError: DVC refuses; the text is its reason, in one line.
    """
    if folder is None:
        repair.repair()
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.split("\n")
        # What is wrong with dvc.yaml has no such mark, and begins with what it is.
        reason = [line for line in lines if line.startswith("ERROR")] or lines[:1]
        raise ProjectError(f"dvc {arguments[0]}: {reason[-1].removeprefix('ERROR: ') or 'no reason given'}")
    return done.stdout


def fetch(raw: Path | None) -> None:
    """Pull the files that the data are read from where they are missing.

    Args:
        raw: `data.raw` of params.yaml.

    Raises:
        ProjectError: one cannot be pulled.
    """
    for path in tracked(raw):
        if path.exists():
            continue
        try:
            dvc("pull", "--quiet", str(pointer_of(path)))
        except ProjectError:
            raise ProjectError(
                f"{path} is missing and cannot be pulled: `make pull` prints why, see 'Data' in README.md"
            ) from None


def pull() -> None:
    """Fetch everything that DVC tracks from its remote, with its progress on the screen.

    Raises:
        ProjectError: something cannot be pulled; DVC has printed why.
    """
    _with_progress("pull", "pulled")


def push() -> None:
    """Bring everything that DVC tracks to its remote, with its progress on the screen.

    Raises:
        ProjectError: something cannot be pushed; DVC has printed why.
    """
    _with_progress("push", "pushed")


def _with_progress(command: str, done: str) -> None:
    repair.repair()
    if subprocess.run([sys.executable, "-m", "dvc", command], check=False).returncode:
        raise ProjectError(f"not everything could be {done}: see above, and 'Data' in README.md")


def run() -> None:
    """Refuse a commit whose dvc.lock is stale or whose data are not in the DVC remote, without fetching any data.

    Raises:
        ProjectError: one of the two is so; the text names stages or files and what to do.
    """
    if not LOCK.exists():
        print("there is no dvc.lock: nothing was trained yet, so nothing can be stale; `make run` makes it")
    else:
        require_current()
        print("dvc.lock is of this commit's code, data and settings")
    try:
        missing = not_in_remote()
    except ProjectError as error:
        said = f"NOT CHECKED, whether the data were pushed: the DVC remote cannot be asked from here ({error})"
        print(said)
        job.summary(said)
        return
    if missing:
        raise ProjectError(f"not in the DVC remote: {', '.join(missing)}; `make push`, and commit if git asks")
    print("everything that DVC tracks is in its remote")


def share_with(folder: Path) -> None:
    """Let another tree of this repository use this clone's cache, its folders and its access to the remote.

    Args:
        folder: the root of the other tree.
    """
    settings = configparser.ConfigParser()
    settings.read(CONFIG / "config.local")
    settings["cache"] = {"dir": str((CONFIG / "cache").resolve())}
    for section, address in _folders().items():
        # A folder that git carries is the other tree's own.
        if not (folder / CONFIG / address).exists():
            settings[section] = {"url": str((CONFIG / address).resolve())}
    with (folder / CONFIG / "config.local").open("w", encoding="utf-8") as file:
        settings.write(file)


def _folders() -> dict[str, Path]:
    """The DVC remotes that are folders, by their section of the configuration; a relative path counts from there."""
    settings = configparser.ConfigParser()
    settings.read([CONFIG / "config", CONFIG / "config.local"])
    addresses = {section: settings[section].get("url", "") for section in settings.sections()}
    return {section: Path(address) for section, address in addresses.items() if address and "://" not in address}


def require_current() -> None:
    """Refuse a dvc.lock that is not of the code, the data and the settings at hand.

    Raises:
        ProjectError: it names the stages that would run. (`dvc repro --dry` exits with 0 all the same.)
    """
    if not library.steps_are_current():
        raise ProjectError(f"{library.STEPS} is stale: src/mlops_maturity has changed; `make run` and commit")
    try:
        stale = STALE.findall(dvc("repro", "--allow-missing", "--dry"))
    except ProjectError as error:
        # In a clone without data DVC stops at the first stage that would run: it misses the files that it would need.
        stale = STOPPED.findall(str(error))
        if not stale:
            raise
    stale = [name for name in stale if not _is_asked_each_time(name)]
    if stale:
        raise ProjectError(f"{LOCK} is stale: {', '.join(stale)} would run; `make run`, then commit what it leaves")


def _is_asked_each_time(stage: str) -> bool:
    """Whether a stage would run only because it always does, as a query must: it has no file to see a change by."""
    stages = yaml.safe_load(PIPELINE.read_text(encoding="utf-8"))["stages"]
    if not stages.get(stage, {}).get("always_changed"):
        return False
    reasons = json.loads(dvc("status", "--json", stage)).get(stage, [])
    return not any(reason == "changed command" or "changed deps" in reason for reason in reasons)


def not_in_remote() -> list[str]:
    """The tracked files whose content the DVC remote does not have.

    Raises:
        ProjectError: the remote cannot be asked.
    """
    for folder in _folders().values():
        if not (CONFIG / folder).exists():
            raise ProjectError(f"its folder {folder.name} is not on this machine; `make push` makes it")
    found: list[str] = json.loads(dvc("data", "status", "--not-in-remote", "--json") or "{}").get("not_in_remote", [])
    return sorted(found)


def diff(base: str) -> None:
    """Show how metrics and settings differ from those of another commit, here and on the page of a CI run."""
    text = difference(base)
    print(text)
    job.summary(text)


def difference(base: str) -> str:
    """How metrics and settings differ from those of another commit, as Markdown.

    Args:
        base: the other commit, a branch say; where there is none of that name, there is nothing to compare with.
    """
    if not answer("rev-parse", "--verify", "--quiet", f"{base}^{{commit}}"):
        return (
            f"Nothing to compare with: there is no {base}; push `main`, or name another commit: make diff BASE=HEAD~1"
        )
    tables = [dvc(kind, "diff", "--md", base).strip() for kind in ("metrics", "params")]
    # Two lines are a table's head: DVC prints it where nothing differs, too.
    found = [table for table in tables if len(table.splitlines()) > 2]
    return "\n\n".join(found) or f"Metrics and settings are those of {base}."


def md5_of(lock: str, path: Path | str) -> str:
    """What the text of a dvc.lock says a file has for its MD5.

    Raises:
        ProjectError: it does not name the file.
    """
    stages = (yaml.safe_load(lock) or {}).get("stages", {}).values()
    for entry in (entry for stage in stages for entry in [*stage.get("outs", ()), *stage.get("deps", ())]):
        if entry["path"] == str(path):
            return str(entry["md5"])
    raise ProjectError(f"{LOCK} does not name {path}; run `make run` and commit what it leaves")


def holds(path: Path, md5: str) -> bool:
    """Whether a file is there and has this content."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest() == md5

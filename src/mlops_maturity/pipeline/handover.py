"""What a job without rights hands over to one that may push: files that a training changes, and what DVC has of them.

The first has installed packages that nobody knows yet, and run them. The second takes from it what is named here, as
data: no code, no settings, no workflow.
"""

import re
import shutil
from pathlib import Path

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import DATA_SHEET, MODEL_CARD, RUN_RECORD
from mlops_maturity.project.repository import git
from mlops_maturity.project.storage import CONFIG, LOCK, holds

FOLDER = Path("reports/handover")
RENEWED = (Path("requirements.lock"), Path("deploy/requirements.lock"), LOCK, RUN_RECORD, MODEL_CARD, DATA_SHEET)
OBJECTS = CONFIG / "cache" / "files" / "md5"
OBJECT = re.compile(r"[0-9a-f]{2}/[0-9a-f]{30}")
MD5 = re.compile(r"\bmd5: ([0-9a-f]{32})\b")


def run() -> None:
    """Put what a training with new packages has changed into reports/handover."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for path in (path for path in RENEWED if path.exists()):
        _copy(path, FOLDER / "files" / path)
    new = set(MD5.findall(LOCK.read_text(encoding="utf-8"))) - set(MD5.findall(git("show", f"HEAD:{LOCK}")))
    for name in sorted(f"{md5[:2]}/{md5[2:]}" for md5 in new):
        if (OBJECTS / name).is_file():
            _copy(OBJECTS / name, FOLDER / "objects" / name)
    print(f"{FOLDER}: what has changed; `make propose CHANGES={FOLDER}` commits it, in a clone with the old lock")


def take(folder: Path) -> None:
    """Take over what another job handed over, and nothing beside it.

    Args:
        folder: as `run` has left it.

    Raises:
        ProjectError: something in it is not what a training changes, or not what it says.
    """
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if not path.is_dir()}
    named = {f"files/{path.as_posix()}": path for path in RENEWED}
    for name, path in files.items():
        kind, _, rest = name.partition("/")
        is_object = kind == "objects" and OBJECT.fullmatch(rest) and holds(path, rest.replace("/", ""))
        if path.is_symlink() or not (is_object or name in named):
            raise ProjectError(f"{name} of what was handed over is not what a training changes; look at the job before")
    if not files:
        raise ProjectError(f"nothing was handed over in {folder}; look at the job before")
    for name, path in files.items():
        _copy(path, named.get(name, OBJECTS / name.removeprefix("objects/")))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not (target.exists() and target.is_relative_to(OBJECTS)):
        shutil.copyfile(source, target)

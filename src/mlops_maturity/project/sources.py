"""The files that the data are read from: which ones DVC tracks, and whether they are what its pointers say."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import yaml

from mlops_maturity.project.errors import ProjectError

PIPELINE = Path("dvc.yaml")
FOLDER = Path("data/raw")


class NotAtHandError(ProjectError):
    """Data that are elsewhere: in a remote or a database that this machine does not reach."""


def pointer_of(path: Path) -> Path:
    """The file in which DVC keeps what a file or folder has for its content."""
    return path.with_name(f"{path.name}.dvc")


def missing(path: Path) -> str:
    """What to do about a file that is not there: DVC fetches what it has a pointer to, of the file or its folder."""
    if any(pointer_of(each).exists() for each in (path, *path.parents) if each.name):
        return f"{path} is missing; `make pull` fetches it from the DVC remote"
    return (
        f"{path} is missing, and DVC has no {pointer_of(path)}: correct the path in params.yaml or data.py, or put the "
        f"file there and run `.venv/bin/dvc add {path}`"
    )


def tracked(raw: Path | None) -> list[Path]:
    """The files and folders that the data are read from and that DVC has a pointer to, `data.raw` first.

    The others are those that stages of dvc.yaml depend on or, where there is no pipeline, those beside it.

    Args:
        raw: `data.raw` of params.yaml; None where the data are no file.

    Raises:
        ProjectError: dvc.yaml cannot be read.
    """
    others = _dependencies() if PIPELINE.exists() else sorted((raw.parent if raw else FOLDER).glob("*.dvc"))
    found = dict.fromkeys([*([raw] if raw else ()), *(path.with_suffix("") for path in others)])
    return [path for path in found if pointer_of(path).exists()]


def _dependencies() -> Iterator[Path]:
    try:
        stages = (yaml.safe_load(PIPELINE.read_text(encoding="utf-8")) or {}).get("stages") or {}
        deps = [path for stage in stages.values() for path in stage.get("deps") or ()]
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, TypeError) as error:
        raise ProjectError(f"{PIPELINE} is not a pipeline: {' '.join(str(error).split())}") from None
    return (pointer_of(Path(str(path))) for path in deps)


def pointed_to(path: Path) -> str:
    """The MD5 that DVC's pointer to a file or folder names.

    Raises:
        ProjectError: it names none.
    """
    pointer = pointer_of(path)
    try:
        return str(yaml.safe_load(pointer.read_text(encoding="utf-8"))["outs"][0]["md5"])
    except (yaml.YAMLError, UnicodeDecodeError, LookupError, TypeError):
        raise ProjectError(f"{pointer} is damaged; `git restore {pointer}` brings back the one of the commit") from None


def digest(path: Path) -> str:
    """The MD5 of a file, or of a folder, as DVC computes it."""
    if path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.is_file())
        content = [{"md5": digest(each), "relpath": each.relative_to(path).as_posix()} for each in files]
        text = json.dumps(sorted(content, key=lambda each: each["relpath"]), sort_keys=True)
        return f"{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}.dir"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def digests(raw: Path | None) -> dict[str, str]:
    """The MD5 of each file or folder that the data are read from: the manifest of the model will name it.

    Raises:
        ProjectError: one is missing, or is not what its pointer says.
    """
    require_as_pointed_to(raw)
    # What a stage of the team's makes has no pointer.
    return {str(path): digest(_at_hand(path)) for path in dict.fromkeys([*([raw] if raw else ()), *tracked(raw)])}


def _at_hand(path: Path) -> Path:
    if not path.exists():
        raise ProjectError(missing(path))
    return path


def require_as_pointed_to(raw: Path | None) -> None:
    """Refuse a file or folder that is not what DVC's pointer to it says.

    Raises:
        ProjectError: it is missing, or is something else.
    """
    for path in tracked(raw):
        if pointed_to(path) != digest(_at_hand(path)):
            raise ProjectError(
                f"{path} is not what {pointer_of(path)} says: to keep the new file, run `.venv/bin/dvc add {path}`; "
                f"to get the old one back, `.venv/bin/dvc pull --force {path}`"
            )

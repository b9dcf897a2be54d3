"""What an interrupted command leaves of DVC's own files, put right before the next command looks at them."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from mlops_maturity.project.files import Loader, write_text
from mlops_maturity.project.foreign import parsed
from mlops_maturity.project.repository import answer

LOCK = Path("dvc.lock")
READERS_AND_WRITERS = Path(".dvc/tmp/rwlock")
# Where DVC keeps what a file has for its content, beside it. Those that only people have to do with are left alone.
POINTERS = ("data/raw/*.dvc", "models/*.dvc")
IN_CONFLICT = b"<<<<<<<"
HASHES = {"md5", "etag", "checksum"}
# Another DVC, which runs at the same time, needs less to write the file.
SECONDS_TO_WRITE = 0.3


def repair() -> None:
    """Let DVC begin where it can: it would stop at a file of its own of which only a part was written.

    Nothing is lost: what dvc.lock does not say is found out again, and nobody reads or writes who is not running.
    """
    if _is_half_written_json(READERS_AND_WRITERS):
        time.sleep(SECONDS_TO_WRITE)
        if _is_half_written_json(READERS_AND_WRITERS):
            READERS_AND_WRITERS.unlink()
    if READERS_AND_WRITERS.exists():
        _forget_the_dead(parsed(READERS_AND_WRITERS.read_bytes()))
    if LOCK.exists() and not is_whole(LOCK.read_bytes()):
        _replace(LOCK, is_whole)
    for pointer in (each for pattern in POINTERS for each in sorted(Path().glob(pattern))):
        content = pointer.read_bytes()
        if not is_pointer(content) and IN_CONFLICT not in content:
            _replace(pointer, is_pointer)


def _replace(path: Path, is_one: Callable[[bytes], bool]) -> None:
    """Put the file of the last commit in the place of one that was half written, or nothing if that is none either."""
    committed = answer("show", f"HEAD:./{path}")
    if is_one(committed.encode()):
        write_text(path, f"{committed}\n")
    else:
        path.unlink()
    instead = "that of the last commit" if path.exists() else "a new one"
    print(f"{path} was half written: {instead} takes its place")


def is_whole(content: bytes) -> bool:
    """Whether the content of a dvc.lock is one: each stage has its command, each of its files a path and a hash."""
    try:
        found: Any = yaml.load(content, Loader)  # noqa: S506 - one of the safe ones
        stages = [stage for stage in found["stages"].values() if stage["cmd"]]
        files = [file for stage in stages for file in [*stage.get("deps", ()), *stage.get("outs", ())]]
        return len(stages) == len(found["stages"]) and all(file["path"] and HASHES & set(file) for file in files)
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
        return False


def is_pointer(content: bytes) -> bool:
    """Whether the content of a file that ends in .dvc is one: it names what it points to, last of all."""
    try:
        found: Any = yaml.load(content, Loader)  # noqa: S506 - one of the safe ones
        return bool(found["outs"]) and all(file["path"] for file in found["outs"])
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError):
        return False


def _forget_the_dead(known: dict[str, dict[str, Any]]) -> None:
    """Take those who read or write files no more from DVC's list, which holds any process of the same number for them.

    A container gives the same few numbers again and again.
    """
    readers = {path: [each for each in found if _is_at_work(each)] for path, found in known.get("read", {}).items()}
    left = {
        "read": {path: found for path, found in readers.items() if found},
        "write": {path: found for path, found in known.get("write", {}).items() if _is_at_work(found)},
    }
    if any(left[kind] != known.get(kind, {}) for kind in left):
        write_text(READERS_AND_WRITERS, json.dumps(left))


def _is_at_work(noted: dict[str, Any]) -> bool:
    """Whether the process that DVC has noted runs, and not another one that has its number now."""
    import psutil  # it comes with DVC

    try:
        command = " ".join(psutil.Process(noted["pid"]).cmdline())
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True  # somebody else's
    return command.endswith(noted["cmd"].partition(" ")[2])


def _is_half_written_json(path: Path) -> bool:
    try:
        return not isinstance(parsed(path.read_bytes()), dict)
    except FileNotFoundError:
        return False
    except ValueError:
        return True

"""The data set that was answered, taken into the project."""

import hashlib
import shutil
from pathlib import Path

from .dataset import file_name, readable


def take_in(source: Path, project: Path, *, copies: list[Path]) -> None:
    """Put the file into the project as `dvc add` would: data/raw, the cache and the pointer.

    Args:
        source: the file; it may already lie in data/raw.
        project: the root of the generated project.
        copies: further DVC storages (laid out as a cache is) that get the content, too.

    Raises:
        OSError: it cannot be read, or the disk is full.
    """
    raw = project / "data" / "raw" / source.name
    raw = raw.with_name(file_name(str(source)) if source.parent != raw.parent else source.name)
    if source != raw:
        raw.parent.mkdir(parents=True, exist_ok=True)
        if source.stat().st_size > 100 * 2**20:
            print(f"Taking in {source.name} ({readable(source.stat().st_size)}) ...", flush=True)
        shutil.copyfile(source, raw)
    with raw.open("rb") as file:
        digest = hashlib.file_digest(file, "md5").hexdigest()
    for storage in (project / ".dvc" / "cache", *copies):
        entry = storage / "files" / "md5" / digest[:2] / digest[2:]
        entry.parent.mkdir(parents=True)
        shutil.copyfile(raw, entry)
    (project / ".dvc" / "cache" / "files" / "md5" / digest[:2] / digest[2:]).chmod(0o444)
    raw.with_name(f"{raw.name}.dvc").write_text(
        f"outs:\n- md5: {digest}\n  size: {raw.stat().st_size}\n  hash: md5\n  path: {raw.name}\n"
    )
    raw.with_name(".gitignore").write_text(f"/{raw.name}\n")

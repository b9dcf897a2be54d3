"""The packaged model: one zip file with the model and a manifest that says all of it."""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_maturity.model.refusals import FREE_BYTES, most_bytes
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import existing, replacing
from mlops_maturity.project.foreign import parsed
from mlops_maturity.project.lock import LOCK
from mlops_maturity.project.paths import REFERENCE

MANIFEST = "manifest.json"
MODEL = "model"
# A zip entry carries a time; this one is the first that the format knows, so that the same model gives the same bytes.
NO_TIME = (1980, 1, 1, 0, 0, 0)

TRAINED_FIELDS = frozenset(
    {
        "classes",
        "features",
        "format",
        "lane",
        "model",
        "package",
        "package_versions",
        "parameters",
        "parity",
        "requirements",
        "schema",
        "target",
        "task",
    }
)
FIELDS = TRAINED_FIELDS | {"code", "data", "metrics", "version"}


@dataclass(frozen=True)
class Artefact:
    """A model and what there is to know of it.

    Attributes:
        model: in its format.
        manifest: what there is to know.
        reference: what live data are to be compared with, where the project watches them.
        requirements: the lock of what the service must have installed for this model alone; empty for one in ONNX.
    """

    model: bytes
    manifest: Mapping[str, Any]
    reference: bytes | None = None
    requirements: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the model."""
        return hashlib.sha256(self.model).hexdigest()


def write(artefact: Artefact, path: Path) -> None:
    """Write the file; the same artefact gives the same bytes."""
    manifest = json.dumps(artefact.manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        entries = {
            MANIFEST: manifest.encode(),
            MODEL: artefact.model,
            REFERENCE.name: artefact.reference,
            LOCK.name: artefact.requirements.encode(),
        }
        for name, content in ((name, content) for name, content in entries.items() if content is not None):
            archive.writestr(zipfile.ZipInfo(name, NO_TIME), content, zipfile.ZIP_DEFLATED)


def read(path: Path, made_by: str, fields: frozenset[str] = FIELDS) -> Artefact:
    """Read the file and check that the manifest is whole and the model is the one it was made for.

    Raises:
        ProjectError: it is missing, damaged, or a field of the manifest is.
    """
    file = existing(path, made_by)
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = parsed(_content(archive, MANIFEST, FREE_BYTES))
            reference = _content(archive, REFERENCE.name) if REFERENCE.name in archive.namelist() else None
            requirements = _content(archive, LOCK.name).decode()
            artefact = Artefact(_content(archive, MODEL), manifest, reference, requirements)
        if not isinstance(manifest, dict) or not isinstance(manifest.get("model", {}), dict):
            raise ValueError("its manifest is no manifest")
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, RuntimeError, EOFError, OSError) as error:
        raise ProjectError(f"{path} is damaged ({_in_words(error)}); run `{made_by}` again") from None
    if absent := sorted(fields - set(manifest)):
        raise ProjectError(f"{path}: the manifest lacks {', '.join(absent)}; run `{made_by}` again")
    if manifest["model"].get("sha256") != artefact.digest:
        raise ProjectError(f"{path}: the model is not the one of its manifest; run `{made_by}` again")
    return artefact


def _content(archive: zipfile.ZipFile, name: str, most: int | None = None) -> bytes:
    """An entry of the file, unless it would become far larger than what is stored of it."""
    entry = archive.getinfo(name)
    if entry.file_size > (most or most_bytes(entry.compress_size)):
        raise ValueError(f"{name} would have {entry.file_size:,} bytes")
    return archive.read(entry)


def _in_words(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)

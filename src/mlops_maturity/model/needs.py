"""What a service must have installed to answer with a model, beside what it has for every model."""

import io
import json
import sys
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from mlops_maturity.model.export import Exported
from mlops_maturity.project import closure
from mlops_maturity.project.contract import SOURCE
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import existing
from mlops_maturity.project.lock import LOCK, entries, normal

# An image runs on Linux with one of these, whatever this machine has.
PLATFORM = {"os_name": "posix", "platform_system": "Linux", "sys_platform": "linux", "extra": ""}
PYTHONS = ("3.11", f"{sys.version_info.major}.{sys.version_info.minor}")
SERVED = frozenset({"mlops_maturity", "numpy"})


def of_model(exported: Exported, lane: str, package: str, own_features: bool) -> dict[str, str]:
    """The packages that answer with a model, and their versions here; none for one in ONNX.

    Args:
        exported: the model.
        lane: matrix or frame.
        package: of the project.
        own_features: whether its features.py computes features.
    """
    modules = {f"{package}.features"} if own_features else set()
    if exported.format == "skops":
        modules |= {"sklearn", "skops", *_modules(exported.content)}
    if lane == "frame":
        modules.add("pandas")
    folder = SOURCE / package
    for module in [name for name in modules if name.partition(".")[0] == package]:
        modules |= closure.others(folder, module)
    tops = {name.partition(".")[0] for name in modules} - SERVED - {package} - sys.stdlib_module_names
    known = packages_distributions()
    return {name: version(name) for top in sorted(tops) for name in known.get(top, [])[:1]}


def lock_of(needed: Iterable[str], lock: Path = LOCK) -> str:
    """The part of the project's lock that some packages and all that they require have in it.

    Raises:
        ProjectError: there is no lock, or it does not have one of them.
    """
    wanted = sorted(needed)
    if not wanted:
        return ""
    locked = entries(existing(lock, made_by="make lock").read_text(encoding="utf-8"))
    names = {name for name, _ in locked}
    if missing := [name for name in wanted if normal(name) not in names]:
        raise ProjectError(
            f"the model needs {missing[0]}, which {lock} does not have: `make add PACKAGE={missing[0]}` adds it"
        )
    found = _with_required(wanted)
    return "".join(text for (name, _), text in sorted(locked.items()) if name in found)


def _modules(model: bytes) -> set[str]:
    """The modules of all types that a model stored with skops holds."""
    with zipfile.ZipFile(io.BytesIO(model)) as archive:
        return set(_named(json.loads(archive.read("schema.json"))))


def _named(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        if isinstance(content.get("__module__"), str):
            yield content["__module__"]
        content = list(content.values())
    if isinstance(content, list):
        for part in content:
            yield from _named(part)


def _with_required(names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = [normal(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _required(name)
    return found


def _required(name: str) -> list[str]:
    try:
        stated = [Requirement(text) for text in requires(name) or []]
    except PackageNotFoundError:  # for Linux, and this is none
        return []
    return [
        normal(one.name)
        for one in stated
        if one.marker is None or any(one.marker.evaluate({**PLATFORM, "python_version": python}) for python in PYTHONS)
    ]

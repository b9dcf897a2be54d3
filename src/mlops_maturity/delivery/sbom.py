"""The bill of materials of an image, as CycloneDX: the packages that are found in it, its model, and its base."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from mlops_maturity.delivery.image import DOCKERFILE, Image
from mlops_maturity.delivery.release import Release
from mlops_maturity.project import library
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import existing
from mlops_maturity.project.lock import entries, normal

LOCK = Path("deploy/requirements.lock")
INSTALLED = "from importlib.metadata import distributions; print(*{f'{d.name}=={d.version}' for d in distributions()})"
BASE = re.compile(r"^FROM (?P<name>[^\s:@]+):(?P<version>[^\s@]+)(?:@sha256:(?P<digest>\S+))?$", re.MULTILINE)


def bill(release: Release, image: Image) -> dict[str, Any]:
    """The bill of materials of a release.

    Args:
        release: that is built, and at hand.
        image: the same, as it was to be built.

    Raises:
        ProjectError: the image does not start, has a package that is not locked, or cyclonedx-bom fails.
    """
    installed, own = _installed(release, image.engine), library.wheel()
    packages = installed - ({f"{library.NAME}=={own.version}"} if own else set())
    found = _cyclonedx(_locked(packages, image.requirements))
    base = BASE.findall(existing(DOCKERFILE, made_by="git restore").read_text(encoding="utf-8"))[-1]
    found["components"] += [
        _component("container", "base", base[0], base[1], base[2]),
        # It comes from the project's own wheel: no index has it, so it has no address there.
        *([_component("library", library.NAME, library.NAME, own.version, own.sha256)] if own else []),
        _component("machine-learning-model", "model", image.repository, release.model, image.model),
    ]
    digest = release.digest.removeprefix("sha256:")
    found["metadata"]["component"] = _component("container", "image", image.repository, release.key, digest)
    return found


def _component(kind: str, reference: str, name: str, version: str, sha256: str) -> dict[str, Any]:
    hashes = {"hashes": [{"alg": "SHA-256", "content": sha256}]} if sha256 else {}
    return {"type": kind, "bom-ref": reference, "name": name, "version": version, **hashes}


def _installed(release: Release, engine: str) -> set[str]:
    """The packages in an image, as `name==version`."""
    command = [engine, "run", "--rm", "--network", "none", release.image, "python", "-c", INSTALLED]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout + done.stderr, end="")
        raise ProjectError(f"{release.image} does not start; the lines above say why")
    packages = (package.split("==") for package in done.stdout.split())
    return {f"{normal(name)}=={version}" for name, version in packages}


def _locked(installed: set[str], of_model: str) -> str:
    """The entries of the locks for some packages.

    Args:
        installed: the packages, as `name==version`.
        of_model: the lock of what the model needs.

    Raises:
        ProjectError: one of them is in none.
    """
    found = entries(existing(LOCK, made_by="make lock").read_text(encoding="utf-8")) | entries(of_model)
    locked = {f"{name}=={version}": text for (name, version), text in found.items()}
    if strange := sorted(installed - set(locked)):
        raise ProjectError(f"the image has {', '.join(strange)}, which neither {LOCK} nor its model names")
    return "".join(locked[package] for package in sorted(installed))


def _cyclonedx(requirements: str) -> dict[str, Any]:
    # The same requirements give the same bytes: no serial number, no date. A test validates the result against its
    # schema, once and not at each release.
    options = ("--output-reproducible", "--no-validate", "--output-format", "JSON", "--spec-version", "1.6")
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", *options, "-"]
    done = subprocess.run(command, input=requirements, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr, end="")
        raise ProjectError("cyclonedx-bom could not make the bill of materials; the lines above say why")
    found: dict[str, Any] = json.loads(done.stdout)
    for component in found["components"]:
        # The line of the lock once more, with all its hashes.
        del component["description"]
    return found

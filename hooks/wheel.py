"""The wheel of the library, which travels with each project: made of src/, the same to the byte wherever it is made."""

import base64
import functools
import hashlib
import io
import re
import runpy
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

TEMPLATE = Path(__file__).resolve().parent.parent
PACKAGE = "mlops_maturity"
FOLDER = "vendor"
LOCK = f"{FOLDER}/requirements.lock"
STEPS = f"{FOLDER}/steps.yaml"
WHEEL = "Wheel-Version: 1.0\nGenerator: mlops-maturity\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
# The first date that a zip file can name.
DATE = (1980, 1, 1, 0, 0, 0)
REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)\s*(\[(?P<extras>[^]]*)\])?(?P<rest>.*)")


class Library(NamedTuple):
    """What the wheel is made of.

    Attributes:
        version: that of pyproject.toml, with a name for the content of the wheel.
        project: the section of pyproject.toml.
        files: of the wheel, by their paths.
        about: the files of its metadata, by their names.
    """

    version: str
    project: Mapping[str, Any]
    files: dict[str, bytes]
    about: dict[str, bytes]

    @property
    def name(self) -> str:
        """The name of the wheel's file."""
        return f"{PACKAGE}-{self.version}-py3-none-any.whl"


def library(template: Path = TEMPLATE) -> Library:
    """The library that lies in a template's folder."""
    return _read(template)


@functools.cache
def _read(template: Path) -> Library:
    settings = tomllib.loads((template / "pyproject.toml").read_text(encoding="utf-8"))
    project, data = settings["project"], settings["tool"]["setuptools"]["package-data"][PACKAGE]
    files = {path.relative_to(template / "src").as_posix(): path.read_bytes() for path in _sources(template, data)}
    about = {
        "METADATA": _metadata(project, version=""),
        "WHEEL": WHEEL.encode(),
        "entry_points.txt": _entry_points(project),
        "licenses/LICENSE": (template / "LICENSE").read_bytes(),
    }
    digest = hashlib.sha256()
    for name, content in sorted({**files, **about}.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    # A letter first: of digits alone, a version would be read as a number, without the zeros that it begins with.
    return Library(f"{project['version']}+c{digest.hexdigest()[:8]}", project, files, about)


class Wheel(NamedTuple):
    """A wheel.

    Attributes:
        version: of the library.
        name: of its file.
        sha256: of its bytes.
        content: its bytes.
    """

    version: str
    name: str
    sha256: str
    content: bytes


def build(template: Path = TEMPLATE) -> Wheel:
    """Make the wheel of the library that lies in a template's folder."""
    made = library(template)
    folder = f"{PACKAGE}-{made.version}.dist-info"
    about = made.about | {"METADATA": _metadata(made.project, made.version)}
    files = made.files | {f"{folder}/{name}": content for name, content in about.items()}
    record = "".join(f"{name},sha256={_base64(content)},{len(content)}\n" for name, content in sorted(files.items()))
    files[f"{folder}/RECORD"] = f"{record}{folder}/RECORD,,\n".encode()
    content = _zip(files)
    return Wheel(made.version, made.name, hashlib.sha256(content).hexdigest(), content)


def write(project: Path, *, with_steps: bool) -> None:
    """Put the wheel into a project, with its hash for pip and uv, and the hashes of its steps for a pipeline."""
    wheel = build()
    (project / FOLDER).mkdir()
    (project / FOLDER / wheel.name).write_bytes(wheel.content)
    (project / LOCK).write_text(f"{FOLDER}/{wheel.name} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    if with_steps:
        (project / STEPS).write_text(_steps(wheel.version), encoding="utf-8")


@functools.cache
def _steps(version: str) -> str:  # noqa: ARG001 - the version names the code, so its steps are hashed once
    """The content of vendor/steps.yaml for a version of the library."""
    # By its path: another version of the library may be installed where a hook runs.
    package = TEMPLATE / "src" / PACKAGE
    written: str = runpy.run_path(str(package / "project" / "closure.py"))["written"](package)
    return written


def requirements(project: Mapping[str, Any], *extras: str) -> list[str]:
    """What a project requires with some of its extras; for an extra that names others, what those require.

    Args:
        project: the section of its pyproject.toml.
        extras: without any, what it always requires.
    """
    if not extras:
        return sorted(project["dependencies"])
    return sorted({requirement for extra in extras for requirement in _of(project, extra)})


def _of(project: Mapping[str, Any], extra: str) -> Iterator[str]:
    for requirement in project["optional-dependencies"][extra]:
        parts = REQUIREMENT.fullmatch(requirement)
        if parts and parts["name"] == project["name"]:
            for other in parts["extras"].split(","):
                yield from _of(project, other.strip())
        else:
            yield requirement


def _sources(template: Path, data: list[str]) -> Iterator[Path]:
    for pattern in ("**/*.py", *data):
        yield from (template / "src" / PACKAGE).glob(pattern)


def _metadata(project: Mapping[str, Any], version: str) -> bytes:
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {version}",
        f"Summary: {project['description']}",
        f"License-Expression: {project['license']}",
        "License-File: LICENSE",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {requirement}" for requirement in requirements(project)),
    ]
    for extra in sorted(project["optional-dependencies"]):
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {_only(requirement, extra)}" for requirement in requirements(project, extra)]
    return "\n".join([*lines, "", ""]).encode()


def _only(requirement: str, extra: str) -> str:
    """A requirement that an extra adds."""
    what, _, marker = (part.strip() for part in requirement.partition(";"))
    condition = f'extra == "{extra}"'
    return f"{what}; ({marker}) and {condition}" if marker else f"{what}; {condition}"


def _entry_points(project: Mapping[str, Any]) -> bytes:
    groups = {"console_scripts": project.get("scripts", {}), **project.get("entry-points", {})}
    lines = []
    for group, entries in sorted(groups.items()):
        lines += [f"[{group}]", *(f"{name} = {place}" for name, place in sorted(entries.items())), ""]
    return "\n".join(lines).encode()


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _zip(files: Mapping[str, bytes]) -> bytes:
    """A zip file that no clock, file system or version of zlib has a say in: nothing is compressed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items(), key=lambda item: (".dist-info/" in item[0], item[0])):
            entry = zipfile.ZipInfo(name, DATE)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return stream.getvalue()

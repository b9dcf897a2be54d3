"""The command vendor: the library's source becomes a part of the project, which then needs no wheel.

`update`, `level-up` and `change` go on as before: both renderings of the template are vendored, so git merges what has
changed in the library into the team's copy of it.
"""

import configparser
import hashlib
import json
import re
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.library import ENTRY, LOCK, NAME, VENDORED
from mlops_maturity.template import merging

PACKAGE = "mlops_maturity"
SOURCE = Path("src") / PACKAGE
VERSION = SOURCE / VENDORED.name
PYPROJECT = Path("pyproject.toml")
REQUIREMENT = re.compile(rf'(?P<alone>\[)?"{NAME}(?:\[(?P<extras>[^]"]*)\])?(?P<version>==[^"]*)?"(?(alone)\])')
EXTRA = re.compile(r'(?P<what>.*?); (?:\((?P<marker>.*)\) and )?extra == "(?P<extra>[^"]+)"')
SCRIPTS = {"console_scripts": "project.scripts"}
SOURCES = re.compile(rf"^{NAME} = {{[^}}]*}}\n", re.MULTILINE)
EMPTY_SOURCES = re.compile(r"^(?:# [^\n]*\n)*\[tool\.uv\.sources\]\n+(?=\[|\Z)", re.MULTILINE)
NO_WHEEL = f"# The library has no wheel: its source is in {SOURCE}.\n"
# Lines that sections of pyproject.toml get, so that the project's own rules go on to mean its own code, and the
# library's source is checked as it was where it comes from.
SETTINGS = {
    "tool.coverage.run": [f'omit = ["{SOURCE}/*"]'],
    "tool.mypy": ['plugins = ["pydantic.mypy"]'],
    "tool.ruff.lint.isort": [f'known-third-party = ["{PACKAGE}"] # as when it came as a wheel'],
    "tool.ruff.lint.per-file-ignores": [f'"{SOURCE}/**" = ["I001", "PLC0415", "RUF100", "S603", "S607"]'],
    "tool.setuptools.package-data": [f'{PACKAGE} = ["**/*.toml", "{VENDORED.name}", "py.typed"]'],
}
# What the library imports and has no types; in the second line, what a lower level does not install.
UNTYPED = (
    *("boto3", "botocore", "cookiecutter", "google.protobuf", "joblib", "nbclient", "nbformat", "onnxruntime"),
    *("pandera", "psutil", "pyarrow"),
    *("distributed", "gto", "locust", "prometheus_client", "sqlalchemy"),
    *("scipy", "skl2onnx", "sklearn", "skops", "threadpoolctl"),
)
# Where such a package is missing, a class or a decorator of it is of no type, and its exceptions are not needed.
UNKNOWN = ("disallow_subclassing_any", "disallow_untyped_decorators", "warn_return_any", "warn_unused_ignores")


def run() -> None:
    """Vendor the library into the project in the current folder; nothing is committed.

    Raises:
        ProjectError: the repository is not clean, there is no wheel or it is not the one that is named, or
            pyproject.toml requires the library in another way than the template does.
    """
    merging.require_clean()
    version = vendor(Path())
    print(f"{SOURCE} is the source of {NAME} {version}, and yours from now on; the wheel is gone")
    print("\nnext:\n  make setup test\n  git add --all && git commit -m 'Take over the source of the library'")


def is_vendored(project: Path) -> bool:
    """Whether a project has the library's source in place of its wheel."""
    return (project / VERSION).exists()


def vendor(project: Path) -> str:
    """Put the library's source into a project in the place of its wheel.

    Args:
        project: its folder.

    Returns:
        The version of the library.

    Raises:
        ProjectError: as `run`; nothing has changed then.
    """
    lock = project / LOCK
    found = ENTRY.search(lock.read_text(encoding="utf-8")) if lock.exists() else None
    if found is None:
        raise ProjectError(f"{LOCK} names no wheel of {NAME}; its source is in {SOURCE} already, if it was vendored")
    wheel = project / found[0].split()[0]
    if not wheel.exists() or hashlib.sha256(wheel.read_bytes()).hexdigest() != found["sha256"]:
        raise ProjectError(f"{wheel.relative_to(project)} is not the wheel that {LOCK} names; `git restore vendor`")
    with zipfile.ZipFile(wheel) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    about = {Path(name).name: text.decode() for name, text in content.items() if ".dist-info/" in name}
    settings = _settings(
        (project / PYPROJECT).read_text(encoding="utf-8"), about["METADATA"], about["entry_points.txt"]
    )
    (project / PYPROJECT).write_text(settings, encoding="utf-8")
    for name, text in content.items():
        if name.startswith(f"{PACKAGE}/"):
            path = project / "src" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
    (project / VERSION).write_text(f"{found['version']}\n", encoding="utf-8")
    lock.write_text(NO_WHEEL, encoding="utf-8")
    wheel.unlink()
    return found["version"]


def _settings(text: str, metadata: str, entry_points: str) -> str:
    """The text of pyproject.toml, with what the library requires in the place of the library.

    Raises:
        ProjectError: it does not have the form that the template gives it.
    """
    needs = _requirements(metadata)

    def required(match: re.Match[str]) -> str:
        extras = [extra.strip() for extra in (match["extras"] or "").split(",") if extra.strip()]
        # The project's own requirement is the one with a version, and its extras add to it.
        wanted = {name for extra in extras + [""] * (not extras or bool(match["version"])) for name in needs[extra]}
        lines = "".join(f"  {json.dumps(name)},\n" for name in sorted(wanted))
        return f"[\n{lines}]" if match["alone"] else lines.strip().removesuffix(",")

    text = EMPTY_SOURCES.sub("", SOURCES.sub("", REQUIREMENT.sub(required, text)))
    points = configparser.ConfigParser()
    points.read_string(entry_points)
    sections = {SCRIPTS.get(group, f"project.entry-points.{group}"): points[group] for group in points.sections()}
    for section, entries in sections.items():
        text = _with(text, section, [f'{name} = "{place}"' for name, place in entries.items()])
    for section, lines in SETTINGS.items():
        text = _with(text, section, lines)
    untyped = ", ".join(f'"{name}.*"' for name in UNTYPED)
    text += f"\n[[tool.mypy.overrides]]\nmodule = [{untyped}]\nignore_missing_imports = true\n"
    text += f'\n[[tool.mypy.overrides]]\nmodule = ["{PACKAGE}.*"]\n'
    text += "".join(f"{name} = false\n" for name in UNKNOWN)
    try:
        project = tomllib.loads(text)["project"]
    except tomllib.TOMLDecodeError as error:
        raise ProjectError(f"{PYPROJECT} has settings of its own where vendored source needs some: {error}") from None
    lists = [project["dependencies"], *project.get("optional-dependencies", {}).values()]
    if any(name.startswith(NAME) for names in lists for name in names):
        raise ProjectError(
            f"{PYPROJECT} requires {NAME} in another way than the template does; put it back, then vendor"
        )
    return text


def _requirements(metadata: str) -> dict[str, list[str]]:
    """What the library requires, by its extras; what it always requires has the name ""."""
    found: dict[str, list[str]] = {"": []}
    for line in Parser().parsestr(metadata).get_all("Requires-Dist", []):
        match = EXTRA.fullmatch(line)
        name = f"{match['what']}; {match['marker']}" if match and match["marker"] else match["what"] if match else line
        found.setdefault(match["extra"] if match else "", []).append(name)
    return found


def _with(text: str, section: str, lines: list[str]) -> str:
    """A text in TOML with more lines in one of its sections."""
    heading, more = f"[{section}]\n", "".join(f"{line}\n" for line in lines)
    return text.replace(heading, heading + more, 1) if f"\n{heading}" in text else f"{text}\n{heading}{more}"

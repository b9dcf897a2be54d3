"""A model in production, and commands that only write down how they were called."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from << cookiecutter.__package_name >>.paths import PRODUCTION
from << cookiecutter.__package_name >>.serving import artefact as artefacts
from << cookiecutter.__package_name >>.serving.artefact import FIELDS, Artefact

VERSION = "0123456789ab"
SETTINGS = ("DEPLOY_CONTEXT", "DEPLOY_HOST", "GITHUB_STEP_SUMMARY", "IMAGE_REPOSITORY")

Stage = Callable[[str, str], Path]


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model in production of a project in a folder of its own."""
    for name in ("deploy", "pyproject.toml"):
        (tmp_path / name).symlink_to(Path(name).resolve())
    monkeypatch.chdir(tmp_path)
    for setting in SETTINGS:
        monkeypatch.delenv(setting, raising=False)
    packaged = Artefact(b"model", dict.fromkeys(FIELDS))
    manifest = {**packaged.manifest, "version": VERSION, "model": {"sha256": packaged.digest}}
    artefacts.write(Artefact(packaged.model, manifest), PRODUCTION)
    return PRODUCTION


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Put a command before all others: it notes its arguments in the file that is returned, then does as it is told."""
    folder = tmp_path / "bin"
    folder.mkdir()
    shell = shutil.which("sh")
    monkeypatch.setenv("PATH", str(folder), prepend=":")

    def put(name: str, script: str) -> Path:
        notes, command = folder / f"{name}.txt", folder / name
        command.write_text(f'#!{shell}\necho "$*" >> "{notes}"\n{script}\n')
        command.chmod(0o755)
        notes.touch()
        return notes

    return put

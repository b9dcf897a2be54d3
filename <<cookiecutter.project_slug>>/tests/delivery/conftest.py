"""A model in production, and commands that only write down how they were called."""

import shutil
<% if cookiecutter.maturity_level == "2" %>
import subprocess
<% endif %>
from collections.abc import Callable
from pathlib import Path

import pytest

from << cookiecutter.__package_name >> import ci
from << cookiecutter.__package_name >>.paths import PRODUCTION
from << cookiecutter.__package_name >>.serving import artefact as artefacts
from << cookiecutter.__package_name >>.serving.artefact import FIELDS, Artefact

VERSION = "0123456789ab"
<% if cookiecutter.maturity_level == "2" %>
ROOT = Path(__file__).resolve().parents[2]
<% endif %>
SETTINGS = ("DEPLOY_CONTEXT", "DEPLOY_HOST", ci.SUMMARY, "IMAGE_REPOSITORY")

Stage = Callable[[str, str], Path]
<% if cookiecutter.maturity_level == "2" %>

PACKAGE = "src/<< cookiecutter.__package_name >>"
# As far as releases need it: `here` holds the names of the images at hand, `shared` those in the registry of images,
# `installed` the packages in every image. As Podman does, it knows an image by the digest that it had here, too.
DOCKER = r"""
case "$1 $2" in
"build --file") echo "$5" >> here ;;
"tag "*) echo "$3" >> here ;;
"push --quiet") printf '%s\n%s@sha256:PUSHED\n' "$3" "${3%:*}" >> shared ;;
"pull --quiet") grep -qxF "$3" shared && echo "$3" >> here ;;
"run --rm") cat installed ;;
"image inspect")
  grep -qxF "$5" here || exit 1
  case "$4" in
  *RepoDigests*) printf '["%s@sha256:OWN", "%s@sha256:PUSHED"]' "${5%:*}" "${5%:*}" ;;
  *Labels*) echo abcdef ;;
  *Size*) echo 380000000 ;;
  *) echo OWN ;;
  esac ;;
esac
""".replace("OWN", "a" * 64).replace("PUSHED", "b" * 64)
<% endif %>


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
<% if cookiecutter.maturity_level == "2" %>


@pytest.fixture
def docker(model: Path, stage: Stage) -> Path:  # noqa: ARG001 - the folder is made for the model
    """The model in production of a project whose code is committed, and Docker; the file tells how that was called.

    Each image has the first two packages of the lock.
    """
    for name in ("LICENSE", "deploy", "pyproject.toml"):
        source, copy = ROOT / name, Path(name)
        copy.unlink(missing_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, copy)
    Path(PACKAGE).mkdir(parents=True)
    for name in ("__init__.py", "errors.py"):
        shutil.copy(ROOT / PACKAGE / name, PACKAGE)
    shutil.copy(ROOT / ".dockerignore", ".")
    locked = [line.split()[0] for line in Path("deploy/requirements.lock").read_text().splitlines() if "==" in line]
    Path("installed").write_text("\n".join(locked[:2]))
    Path("shared").touch()
    Path("here").touch()
    commit("Start")
    return stage("docker", DOCKER)


def commit(message: str) -> None:
    """Commit what a release is made of."""
    if not Path(".git").exists():
        subprocess.run(["git", "init", "--quiet"], check=True)
    subprocess.run(["git", "add", "--all", "deploy", "src", ".dockerignore"], check=True)
    name = ("-c", "user.name=Tester", "-c", "user.email=tester@example.invalid")
    subprocess.run(["git", *name, "commit", "--quiet", "--message", message], check=True)
<% endif %>

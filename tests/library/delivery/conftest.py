"""A project with a model in production, a place to deploy to, and commands that only note how they were called."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import pytest

from library.delivery.places import Place
from mlops_maturity.delivery import candidate, deploy, rollback, stop, trust, verify
from mlops_maturity.delivery.checks import api, infra, load, shadow
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.artefact import FIELDS, Artefact
from mlops_maturity.project import job
from mlops_maturity.project.paths import PRODUCTION

VERSION = "0123456789ab"
LIBRARY = "1.0.0+c0ffee"
PACKAGE = Path("src/penguin_species")
SETTINGS = (
    *("DEPLOY_CONTEXT", "DEPLOY_HOST", "DEPLOY_KEY", "DEPLOY_KUBECONFIG", "IMAGE_REPOSITORY", "PORT"),
    *("SERVICE_SETTINGS", "SERVICE_URL", job.OUTPUTS, job.VARIABLES, *job.SUMMARIES),
)
ANSWERS = {
    "project_slug": "penguin-species",
    "maturity_level": "2",
    "ci_provider": "github",
    "cloud": "none",
    "deploy_target": "docker",
}
LOCK = """\
annotated-doc==0.0.4 \\
    --hash=sha256:571ac1dc6991c450b25a9c2d84a3705e2ae7a53467b5d111c24fa8baabbed320 \\
    --hash=sha256:fbcda96e87e9c92ad167c2e53839e57503ecfda18804ea28102353485033faa4
    # via fastapi
annotated-types==0.7.0 \\
    --hash=sha256:1f02e8b43a8fbbc3f3e0d4f0f4bfc8131bcb4eebe8849b8e5c773f3a1c582a53
    # via pydantic
uvicorn[standard]==0.40.0 \\
    --hash=sha256:c6c8f55bc8bf13eb6fa9ff87ad62308bbbc33d0b67f84293151efe87e0d5f2ee
    # via penguin-species
"""
FILES = {
    ".dockerignore": "*\n!src\n",
    ".template.json": json.dumps({"answers": ANSWERS}),
    "LICENSE": "MIT\n",
    "deploy/Dockerfile": "FROM python:3.13.5-slim-bookworm@sha256:1f02e8b4 AS base\nFROM python:3.13.5-slim\n",
    "deploy/kubernetes/production/kustomization.yaml": "namespace: production\n",
    "deploy/pipeline.Dockerfile": "FROM python:3.13.5-slim\n",
    "deploy/requirements.lock": LOCK,
    "pyproject.toml": '[project]\nname = "penguin-species"\nversion = "0.1.0"\n'
    '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    '[tool.setuptools.packages.find]\nwhere = ["src"]\n',
    f"{PACKAGE}/__init__.py": '"""The package."""\n',
    f"{PACKAGE}/features.py": '"""The features."""\n',
    "vendor/requirements.lock": f"vendor/mlops_maturity-{LIBRARY}-py3-none-any.whl --hash=sha256:{'c' * 64}\n",
}
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

# Puts a command before all others, by its name and a script; what it returns is the file with the command's calls.
Stage = Callable[[str, str], Path]


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The packaged model in production of a project, which is the current folder."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    for setting in SETTINGS:
        monkeypatch.delenv(setting, raising=False)
    packaged = Artefact(b"model", dict.fromkeys(FIELDS))
    manifest = {**packaged.manifest, "version": VERSION, "model": {"sha256": packaged.digest}}
    artefacts.write(Artefact(packaged.model, manifest), PRODUCTION)
    return PRODUCTION


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Put a command before all others: it notes its arguments in the file that is returned, then runs the script."""
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


@pytest.fixture
def docker(model: Path, stage: Stage) -> Path:  # noqa: ARG001 - the folder is made for the model
    """Docker in a project whose code is committed; the file has the calls.

    Each image has the first two packages of the lock, and the library.
    """
    locked = [line.split()[0] for line in LOCK.splitlines() if "==" in line]
    Path("installed").write_text("\n".join([*locked[:2], f"mlops-maturity=={LIBRARY}"]))
    Path("shared").touch()
    Path("here").touch()
    commit("Start")
    return stage("docker", DOCKER)


def commit(message: str) -> None:
    """Commit what a release is made of."""
    if not Path(".git").exists():
        subprocess.run(["git", "init", "--quiet"], check=True)
    subprocess.run(["git", "add", "--all", "deploy", "src", "vendor", ".dockerignore"], check=True)
    name = ("-c", "user.name=Tester", "-c", "user.email=tester@example.invalid")
    subprocess.run(["git", *name, "commit", "--quiet", "--message", message], check=True)


@pytest.fixture
def place(sample_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The place of every environment, in a repository with a remote one."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Tester")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "tester@example.invalid")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    here = tmp_path / "here"
    for command in (f"init --quiet --bare {tmp_path}/origin", f"init --quiet {here}"):
        subprocess.run(["git", *command.split()], check=True)
    monkeypatch.chdir(here)
    for command in (f"remote add origin {tmp_path}/origin", "commit --quiet --allow-empty --message Start"):
        subprocess.run(["git", *command.split()], check=True)
    for name in ("params.yaml", ".template.json"):
        shutil.copy(sample_project / name, here)
    found = Place()
    for module in (deploy, rollback, stop, verify):
        monkeypatch.setattr(module, "place_of", lambda *_: nullcontext(found))
    monkeypatch.setattr(deploy, "await_model", found.answers)
    monkeypatch.setattr(candidate, "next_release", lambda *_: found.next)
    monkeypatch.setattr(trust, "require", lambda *_: None)
    for module in (api, infra, load, shadow):
        name = module.__name__.rpartition(".")[2]
        monkeypatch.setattr(module, "hold", partial(found.check, name))
    return found

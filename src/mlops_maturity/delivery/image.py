"""The image of the service: one model, and what it takes to ask it."""

import hashlib
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mlops_maturity.model import artefact as artefacts
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import existing, sha256_of
from mlops_maturity.project.repository import answer

DOCKERFILE = Path("deploy/Dockerfile")
PACKAGE = Path("src")
# What an image is made of, beside the model: the recipe, and what .dockerignore lets into a build.
LOCKS = (Path("deploy/requirements.lock"), Path("vendor/requirements.lock"))
CODE = (Path(".dockerignore"), DOCKERFILE, *LOCKS, PACKAGE)
# Of this folder alone .dockerignore lets models into a build.
MODELS = Path("models")
# As .dockerignore says it.
MADE = re.compile(r"__pycache__|.*\.egg-info")
BUILD = {
    "docker": ("docker", "build"),
    # An image in Podman's own format has no health check.
    "podman": ("podman", "build", "--format", "docker"),
}


@dataclass(frozen=True)
class Image:
    """An image that is built, or is to be.

    Attributes:
        engine: the command that has it: docker or podman.
        repository: its name.
        code: names the code and the packages inside, the same for the same ones.
        version: what the manifest of the model inside calls its version.
        model: SHA-256 of the packaged model, with all that is beside it in its file.
        mark: what its tag ends with, after the key.
        requirements: the lock of what this model needs beside what the service has for every model.
    """

    engine: str
    repository: str
    code: str
    version: str
    model: str
    mark: str = ""
    requirements: str = ""

    @property
    def key(self) -> str:
        """Names all that is inside."""
        return hashlib.sha256(f"{self.code} {self.model}".encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        """The name that commands take."""
        return f"{self.repository}:{self.key}{self.mark}"

    def inspect(self, template: str) -> str | None:
        """What the engine knows of it, through a Go template; None if it is not built."""
        command = [self.engine, "image", "inspect", "--format", template, self.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None


def run(model: Path) -> None:
    """Build the image of a model.

    Raises:
        ProjectError: the model is missing, damaged or elsewhere, there is no engine, or it fails.
    """
    image = image_of(model)
    if model.parent != MODELS:
        raise ProjectError(f"{model} is not in {MODELS}/, the one folder that models are taken from into an image")
    command = [*BUILD[image.engine], "--file", str(DOCKERFILE), "--tag", image.name]
    for name, value in {"MODEL": model, "VERSION": image.version, "REVISION": answer("rev-parse", "HEAD")}.items():
        command += ["--build-arg", f"{name}={value}"]
    if subprocess.run([*command, "."], check=False).returncode:
        raise ProjectError(f"{image.engine} could not build {image.name}; the lines above say why")
    print(f"built {image.name}: {int(image.inspect('{{.Size}}') or 0) / 1e6:.0f} MB")


def image_of(model: Path) -> Image:
    """The image that has this model, and the code at hand.

    Raises:
        ProjectError: the model is missing or damaged, or there is no engine.
    """
    found = artefacts.read(model, made_by="make fetch")
    code, version = key_of(files_of(CODE)), found.manifest["version"]
    return Image(engine(), project_name(), code, version, sha256_of(model), requirements=found.requirements)


def project_name() -> str:
    """The name of the project, which its images have, too."""
    project = tomllib.loads(existing(Path("pyproject.toml"), made_by="git restore").read_text(encoding="utf-8"))
    return str(project["project"]["name"])


def files_of(paths: Iterable[Path]) -> list[Path]:
    """The files that some paths are or hold, without those that are made of others and that no build sees."""
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
    return sorted(file for file in files if not any(MADE.fullmatch(part) for part in file.parts))


def key_of(files: Iterable[Path], folder: Path = Path()) -> str:
    """Names files in a folder and what is in them: the same in every clone, whatever their dates and rights are."""
    digests = [f"{sha256_of(file)}  {file.relative_to(folder).as_posix()}" for file in files]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()[:12]


def engine() -> str:
    """The command that builds images on this machine.

    Raises:
        ProjectError: there is none.
    """
    if found := installed_engine():
        return found
    raise ProjectError("neither docker nor podman is installed; images are built by one of them")


def installed_engine() -> str:
    """The same; nothing if there is none."""
    return next((name for name in BUILD if shutil.which(name)), "")

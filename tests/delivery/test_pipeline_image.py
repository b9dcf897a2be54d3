"""The pipeline is packaged: its image makes the same model, wherever it runs."""

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import Project, bake_into
from engines import Engine, base_of
from served import STEPS

pytestmark = pytest.mark.speed("deep")

RIGHTS = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")  # noqa: S108


@dataclass(frozen=True)
class Packaged:
    """The image of a pipeline, and the project it was made of."""

    project: Project
    python: Path
    engine: Engine
    image: str

    def run(self, *command: str, volume: str = "") -> str:
        """Run a command in the image, without a network, and return what it printed."""
        mount = ("--volume", f"{volume}:/project") if volume else ()
        return self.engine("run", "--rm", "--network", "none", *RIGHTS, *mount, self.image, *command).stdout


@pytest.fixture(scope="module")
def packaged(
    engine: Engine,
    make_image: Callable[..., None],
    environment: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Packaged]:
    python = environment("none", "2")
    project = bake_into(tmp_path_factory.mktemp("pipeline"), maturity_level="2")
    make_image(base_of(project, "deploy/pipeline.Dockerfile"))
    (project.path / "secret.env").write_text("PASSWORD=secret")
    (told,) = re.findall("^built .*$", engine.command(project, python, "pipeline-image").stdout, re.MULTILINE)
    image = told.rpartition(": ")[2]
    yield Packaged(project, python, engine, image)
    engine("rmi", "--force", image, check=False)


@pytest.fixture
def volume(packaged: Packaged) -> Iterator[str]:
    name = packaged.engine("volume", "create").stdout.strip()
    yield name
    packaged.engine("volume", "rm", "--force", name)


def manifest(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("manifest.json"))


def test_it_makes_the_model_that_is_made_outside(packaged: Packaged, volume: str, tmp_path: Path) -> None:
    assert "packaged models/model.zip" in packaged.run(volume=volume)
    container = packaged.engine("create", "--volume", f"{volume}:/project", packaged.image).stdout.strip()
    packaged.engine("cp", f"{container}:/project/models/model.zip", str(tmp_path / "inside.zip"))
    packaged.engine("rm", container)
    packaged.project.step(packaged.python, *STEPS)
    inside, outside = manifest(tmp_path / "inside.zip"), manifest(packaged.project.path / "models/model.zip")
    assert inside["model"]["sha256"] == outside["model"]["sha256"]
    assert inside["code"] == outside["code"]
    assert "up to date" in packaged.run(volume=volume)


def test_it_has_what_was_committed_and_no_more(packaged: Packaged) -> None:
    head = packaged.project.run("git", "rev-parse", "HEAD").stdout.strip()
    told = "git rev-parse HEAD; git status --porcelain --untracked-files=all; git remote; ls -d secret.env; id -u"
    assert packaged.run("sh", "-c", told).split() == [head, "10001"]

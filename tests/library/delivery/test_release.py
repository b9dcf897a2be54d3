"""A release is named by what is in it, built once, and the same wherever it goes."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from library.delivery.conftest import PACKAGE, Stage
from mlops_maturity.delivery import build, image, release
from mlops_maturity.delivery.image import Image, image_of
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.artefact import Artefact
from mlops_maturity.project.errors import ProjectError

pytestmark = [pytest.mark.guards("CD-09"), pytest.mark.usefixtures("docker")]

OWN, PUSHED = "a" * 64, "b" * 64
SHARED = "registry.example/Team/service"


def append(path: str | Path) -> Callable[[Path], None]:
    def change(model: Path) -> None:  # noqa: ARG001 - others change the model
        with Path(path).open("a") as file:
            file.write("# Changed.\n")

    return change


def add(path: str | Path) -> Callable[[Path], None]:
    def change(model: Path) -> None:  # noqa: ARG001 - others change the model
        Path(path).parent.mkdir(exist_ok=True, parents=True)
        Path(path).write_text("new")

    return change


def rename(model: Path) -> None:  # noqa: ARG001 - others change the model
    (PACKAGE / "features.py").rename(PACKAGE / "columns.py")


def refer(model: Path) -> None:
    """The same model, version and all, with other rows to compare live data with."""
    packaged = artefacts.read(model, made_by="the test")
    artefacts.write(Artefact(packaged.model, packaged.manifest, b"{}"), model)


CHANGES = {
    "a line of code": append(PACKAGE / "features.py"),
    "a module": add(PACKAGE / "checks" / "new.py"),
    "a table beside the code": add(PACKAGE / "table.csv"),
    "the name of a module": rename,
    "a package": append("deploy/requirements.lock"),
    "the recipe": append("deploy/Dockerfile"),
    "what the recipe sees": append(".dockerignore"),
    "the model": refer,
}


@pytest.mark.parametrize("what", CHANGES)
def test_key_of_a_release_after_a_change_of_its_content_is_another(what: str, model: Path) -> None:
    before = image_of(model)
    CHANGES[what](model)
    after = image_of(model)
    assert before.key != after.key, f"another release has the same name: {what} does not count"
    assert (before.code == after.code) == (what == "the model")


@pytest.mark.parametrize("path", ["notes.txt", "data/raw/x.csv", "models/other.zip", "params.yaml"])
def test_key_of_a_release_after_another_change_is_the_same(path: str, model: Path) -> None:
    before = image_of(model)
    add(path)(model)
    assert image_of(model) == before


def test_key_of_a_release_in_another_clone_is_the_same(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = image_of(model)
    clone = shutil.copytree(Path.cwd(), Path.cwd() / "clone", ignore=shutil.ignore_patterns("bin", "clone"))
    monkeypatch.chdir(clone)
    for path in (PACKAGE / "__pycache__" / "features.pyc", "src/x.egg-info/PKG-INFO"):
        add(path)(model)
    (PACKAGE / "features.py").chmod(0o600)
    assert image_of(model) == before


def test_known_of_an_image_that_is_not_built_is_none(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for repository in ("", SHARED):
        monkeypatch.setenv("IMAGE_REPOSITORY", repository)
        assert release.known(image_of(model)) is None
    with pytest.raises(ProjectError, match="is not built; run `make image` first"):
        build.next_release("production", model)


def test_next_release_without_a_registry_is_an_image_of_this_machine(model: Path, docker: Path) -> None:
    image.run(model)
    found = build.next_release("production", model)
    assert (found.image, found.digest) == (image_of(model).name, f"sha256:{OWN}")
    assert (found.key, found.model, found.commit) == (image_of(model).key, "0123456789ab", "abcdef")
    assert "pu" not in {line[:2] for line in docker.read_text().splitlines()}


def test_next_release_with_a_registry_has_the_digest_there(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tag is what somebody pushed last; a digest is one image for ever. That of this machine is nobody else's."""
    monkeypatch.setenv("IMAGE_REPOSITORY", SHARED)
    image.run(model)
    found = build.next_release("production", model)
    assert found.image == f"registry.example/team/service@sha256:{PUSHED}", "a release goes by a name that can change"
    assert found.digest == f"sha256:{PUSHED}"


def test_build_of_a_release_that_is_built_builds_nothing(
    model: Path, docker: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMAGE_REPOSITORY", SHARED)
    monkeypatch.setattr(build, "describe", lambda *_: None)
    for _ in range(2):
        build.run(model)
    # Another machine has nothing but the registry.
    Path("here").write_text("")
    build.run(model)
    builds = [line for line in docker.read_text().splitlines() if line.startswith("build ")]
    pushes = [line for line in docker.read_text().splitlines() if line.startswith("push ")]
    assert len(builds) == len(pushes) == 1, "what is built is built again"
    assert capsys.readouterr().out.count("is built already: nothing is built again") == 2


def test_known_while_the_registry_refuses_fails(model: Path, docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_REPOSITORY", SHARED)
    image.run(model)
    command = docker.with_suffix("")
    command.write_text(command.read_text().replace("printf '%s", "exit 1; printf '%s"))
    with pytest.raises(ProjectError, match=r"push --quiet registry.example/team/service:.* failed"):
        release.known(image_of(model))


def test_known_of_an_image_without_a_digest_fails(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage("docker", "echo null")
    monkeypatch.setenv("IMAGE_REPOSITORY", SHARED)
    with pytest.raises(ProjectError, match=r"docker does not know the digest of registry.example/team/service:"):
        release.known(Image("docker", "service", "code", "model", "hash"))

"""A release is built once, for everybody: the registry of images knows it by what is in it."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from conftest import Project, bake_into, contents, run
from engines import Engine, base_of, serving
from registries import registry
from served import STEPS

RAW = "data/raw/penguins.csv"
MANIFESTS = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
sys.exit(wrong and str(wrong))
"""
INSTALLED = "from importlib.metadata import distributions; print(*(f'{d.name}=={d.version}' for d in distributions()))"


@dataclass(frozen=True)
class Shop:
    """A project with a packaged model, whose releases go to a registry of images."""

    project: Project
    python: Path
    engine: Engine
    address: str

    def release(self, project: Project | None = None, check: bool = True, **more: str) -> str:
        """Make the release of a project, or of this one, with its model, and return what is said."""
        settings = {"IMAGE_REPOSITORY": f"{self.address}/penguin-species"} | more
        arguments = ("release", "--model", "models/model.zip")
        done = self.engine.command(project or self.project, self.python, *arguments, check=check, **settings)
        return done.stdout + done.stderr

    def clone(self, folder: Path, *options: str) -> Project:
        """Another clone of the project, with the same model."""
        run(["git", *options, "clone", "--quiet", str(self.project.path), str(folder)], Path.cwd())
        (folder / "models").mkdir()
        shutil.copyfile(self.project.path / "models/model.zip", folder / "models/model.zip")
        return Project(folder)

    def forget(self) -> None:
        """Take all images of releases from this machine."""
        images = self.engine("images", "--quiet", "--filter", "reference=*penguin-species*").stdout.split()
        self.engine("rmi", "--force", *set(images))


def told(project: Project) -> Any:
    return json.loads(project.text("dist/release.json"))


@pytest.fixture(scope="module")
def shop(
    engine: Engine,
    make_image: Callable[..., None],
    environment: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shop]:
    """A shop that has made its first release."""
    folder = tmp_path_factory.mktemp("release")
    python = environment("none", "2")
    project = bake_into(folder, maturity_level="2")
    make_image(base_of(project))
    project.step(python, *STEPS)
    with registry(folder / "registry") as address:
        shop = Shop(project, python, engine, address)
        shop.release()
        yield shop
        shop.forget()


@pytest.mark.guards("CD-09")
def test_a_release_is_named_by_the_digest_that_the_registry_knows(shop: Shop) -> None:
    release = told(shop.project)
    assert release["image"] == f"{shop.address}/penguin-species@{release['digest']}"
    assert release["commit"] == shop.project.run("git", "rev-parse", "HEAD").stdout.strip()
    connection = HTTPConnection(shop.address)
    for name in (release["key"], release["digest"]):
        connection.request("HEAD", f"/v2/penguin-species/manifests/{name}", headers={"Accept": MANIFESTS})
        response = connection.getresponse()
        response.read()
        assert response.headers["Docker-Content-Digest"] == release["digest"]
    connection.close()


def test_a_second_time_nothing_is_built(shop: Shop) -> None:
    before = contents(shop.project.path / "dist")
    said = shop.release()
    assert f"{told(shop.project)['key']} is built already: nothing is built again" in said
    assert "STEP" not in said
    assert contents(shop.project.path / "dist") == before


def test_another_clone_finds_what_the_first_has_built(shop: Shop, tmp_path: Path) -> None:
    """Whatever files are called outside of the image, whoever may read them, and however lines end for git there."""
    shop.forget()
    before = os.umask(0o077)
    try:
        clone = shop.clone(tmp_path / "another place" / "penguin-species", "-c", "core.autocrlf=true")
    finally:
        os.umask(before)
    package = f"src/{clone.package}"
    for path in ("notes.txt", f"{package}/__pycache__/x.pyc", "src/x.egg-info/PKG-INFO"):
        (clone.path / path).parent.mkdir(exist_ok=True)
        (clone.path / path).write_text("of this clone only")
    os.utime(clone.path / package / "features.py", (0, 0))
    assert "nothing is built again" in shop.release(clone)
    assert contents(clone.path / "dist") == contents(shop.project.path / "dist")


def test_another_source_is_another_release(shop: Shop, tmp_path: Path) -> None:
    clone = shop.clone(tmp_path / "penguin-species")
    with (clone.path / f"src/{clone.package}/features.py").open("a") as file:
        file.write("# Changed.\n")
    refused = shop.release(clone, check=False)
    assert f"release: not committed: src/{clone.package}/features.py; commit what" in refused
    assert not (clone.path / "dist").exists()
    clone.run("git", "commit", "--quiet", "--all", "--message", "Change")
    shop.release(clone)
    old, new = told(shop.project), told(clone)
    assert old["model"] == new["model"]
    assert all(old[name] != new[name] for name in ("key", "digest", "code", "commit"))


def test_another_model_is_another_release_of_the_same_code(shop: Shop, tmp_path: Path) -> None:
    clone = shop.clone(tmp_path / "penguin-species")
    shutil.copyfile(shop.project.path / RAW, clone.path / RAW)
    params = clone.path / "params.yaml"
    params.write_text(params.read_text().replace("kind: gradient_boosting", "kind: linear"))
    clone.step(shop.python, *STEPS)
    shop.release(clone)
    old, new = told(shop.project), told(clone)
    assert old["code"] == new["code"]
    assert all(old[name] != new[name] for name in ("key", "digest", "model"))


def test_without_a_registry_the_image_stays_on_this_machine(shop: Shop) -> None:
    with_registry = told(shop.project)
    shop.release(IMAGE_REPOSITORY="")
    release = told(shop.project)
    assert release["image"] == f"penguin-species:{release['key']}"
    assert release["key"] == with_registry["key"]
    assert release["digest"] == f"sha256:{shop.engine.inspect(release['image'], '{{.Id}}')}"
    shop.release()
    assert told(shop.project) == with_registry


def test_checksums_are_right(shop: Shop) -> None:
    dist = shop.project.path / "dist"
    listed = run(["sha256sum", "--check", "SHA256SUMS"], dist).stdout.splitlines()
    assert {line.removesuffix(": OK") for line in listed} | {"SHA256SUMS"} == {path.name for path in dist.iterdir()}


def test_the_bill_of_materials_is_valid_and_names_what_is_in_the_image(shop: Shop) -> None:
    text, release = shop.project.text("dist/sbom.cdx.json"), told(shop.project)
    run([str(shop.python), "-c", VALIDATE], Path.cwd(), typed=text)
    bill = json.loads(text)
    by_kind: dict[str, set[tuple[str, str]]] = {}
    for component in bill["components"]:
        by_kind.setdefault(component["type"], set()).add((component["name"], component["version"]))
    inside = shop.engine("run", "--rm", release["image"], "python", "-c", INSTALLED).stdout.split()
    normal = {(name.lower().replace("_", "-"), version) for name, version in (each.split("==") for each in inside)}
    assert by_kind["library"] == normal
    assert by_kind["machine-learning-model"] == {("penguin-species", release["model"]["version"])}
    assert by_kind["container"] == {tuple(base_of(shop.project).split(":"))}
    assert bill["metadata"]["component"]["hashes"][0]["content"] == release["digest"].removeprefix("sha256:")


def test_the_wheel_is_the_package(shop: Shop, tmp_path: Path) -> None:
    (wheel,) = (shop.project.path / "dist").glob("*.whl")
    install = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(tmp_path / "installed"))
    run([str(shop.python), *install, str(wheel)], tmp_path)
    package = shop.project.package
    model = shop.project.path / "models/model.zip"
    script = f"""
from importlib.metadata import version
from pathlib import Path
import {package}
from mlops_maturity.model.predictor import Predictor
print(version("penguin-species"), {package}.__file__, Predictor.load(Path({str(model)!r})).version)
"""
    environment = shop.engine.environment | {"PYTHONPATH": str(tmp_path / "installed")}
    version, file, model_version = run(
        [str(shop.python), "-c", script], tmp_path, environment=environment
    ).stdout.split()
    assert version.startswith("0.1.0+code")
    assert version in wheel.name
    assert Path(file).is_relative_to(tmp_path / "installed")
    assert model_version == told(shop.project)["model"]["version"]


def test_an_image_is_readable_for_its_user_whoever_built_it(shop: Shop, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        clone = shop.clone(tmp_path / "penguin-species")
        (clone.path / "models/model.zip").chmod(0o600)
        with (clone.path / f"src/{clone.package}/features.py").open("a") as file:
            file.write("# Of one who keeps files to themselves.\n")
        clone.run("git", "commit", "--quiet", "--all", "--message", "Change")
    finally:
        os.umask(before)
    shop.release(clone)
    with serving(shop.engine, told(clone)["image"], tmp_path / "log") as running:
        print(f"cold start to ready: {running.seconds_to_start:.1f} s")

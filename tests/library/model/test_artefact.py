"""The packaged model is one file, whole, the same for the same model, and holds nothing that runs when it is read."""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from library.shop import Shop, open_shop
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.artefact import FIELDS, TRAINED_FIELDS, Artefact
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.lock import LOCK

pytestmark = pytest.mark.guards("0-HAND")


@pytest.fixture(scope="module")
def shop() -> Shop:
    """A trained and packaged model."""
    return open_shop()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where it is written."""
    return tmp_path / "models" / "model.zip"


def test_written_model_is_read_as_it_was(shop: Shop, path: Path) -> None:
    for artefact in (shop.packaged, replace(shop.packaged, reference=None)):
        artefacts.write(artefact, path)
        assert artefacts.read(path, made_by="make package") == artefact


def test_same_model_gives_the_same_bytes(shop: Shop, path: Path, tmp_path: Path) -> None:
    artefacts.write(shop.packaged, path)
    backwards = dict(reversed(list(shop.packaged.manifest.items())))
    artefacts.write(replace(shop.packaged, manifest=backwards), tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_manifest_without_a_field_is_refused(field: str, shop: Shop, path: Path) -> None:
    manifest = {name: value for name, value in shop.packaged.manifest.items() if name != field}
    artefacts.write(replace(shop.packaged, manifest=manifest), path)
    with pytest.raises(ProjectError, match=f"the manifest lacks {field}; run `make package` again"):
        artefacts.read(path, made_by="make package")


def test_trained_model_needs_the_fields_of_training_alone(shop: Shop, path: Path) -> None:
    artefacts.write(shop.trained, path)
    assert artefacts.read(path, "make train", TRAINED_FIELDS) == shop.trained
    with pytest.raises(ProjectError, match="the manifest lacks code, data, metrics, version"):
        artefacts.read(path, made_by="make package")


def test_model_of_another_manifest_is_refused(shop: Shop, path: Path) -> None:
    artefacts.write(replace(shop.packaged, model=shop.packaged.model + b"!"), path)
    with pytest.raises(ProjectError, match="the model is not the one of its manifest"):
        artefacts.read(path, made_by="make package")


def no_archive(path: Path) -> None:
    path.write_bytes(b"no archive")


def no_model(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", "{}")


def no_json(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", "{")


def cut_off(path: Path) -> None:
    artefacts.write(open_shop().packaged, path)
    path.write_bytes(path.read_bytes()[:-100])


def changed_inside(path: Path) -> None:
    artefacts.write(open_shop().packaged, path)
    content = bytearray(path.read_bytes())
    content[200:300] = bytes(100)
    path.write_bytes(content)


def with_manifest(content: bytes) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("manifest.json", content)
            archive.writestr("model", b"any")
            archive.writestr(LOCK.name, b"")

    return damage


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b"{}")
        archive.writestr("model", bytes(100_000_000))
        archive.writestr(LOCK.name, b"")


DAMAGES = {
    "no archive": no_archive,
    "no model": no_model,
    "no JSON": no_json,
    "cut off": cut_off,
    "changed inside": changed_inside,
    "nothing": lambda path: path.write_bytes(b""),
    "a folder": Path.mkdir,
    "a bomb": bomb,
    "a long manifest": with_manifest(b" " * 30_000_000),
    "a nested manifest": with_manifest(b"[" * 100_000),
    "no mapping": with_manifest(b"[]"),
    "another mapping": with_manifest(b'{"model": []}'),
    "no text": with_manifest(b"\xff"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_damaged_file_is_refused(damage: Callable[[Path], None], path: Path) -> None:
    path.parent.mkdir()
    damage(path)
    with pytest.raises(ProjectError, match=r"is damaged .* run `make package` again"):
        artefacts.read(path, made_by="make package")


def test_missing_file_is_named_with_the_command_that_makes_it(path: Path) -> None:
    with pytest.raises(ProjectError, match=r"model.zip is missing; run `make package` first"):
        artefacts.read(path, made_by="make package")


@pytest.mark.guards("SEC-06")
def test_nothing_in_it_is_a_pickle(shop: Shop, path: Path) -> None:
    artefacts.write(shop.packaged, path)
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == ["manifest.json", "model", "reference.json", "requirements.lock"]
    # Every pickle since protocol 2 begins so.
    assert not shop.packaged.model.startswith(b"\x80")


def test_digest_is_of_the_model_alone(shop: Shop) -> None:
    assert Artefact(shop.packaged.model, {}).digest == shop.packaged.digest == shop.packaged.manifest["model"]["sha256"]


def test_file_that_would_become_far_larger_is_refused_for_that(path: Path) -> None:
    path.parent.mkdir()
    bomb(path)
    with pytest.raises(ProjectError, match="model would have 100,000,000 bytes"):
        artefacts.read(path, made_by="make package")

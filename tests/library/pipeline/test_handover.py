"""What ran new packages hands over files of a training, and no code: it is taken as data."""

import hashlib
from pathlib import Path

import pytest

from library.sandbox import Repository
from mlops_maturity.pipeline import handover, publishing
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.repository import git
from mlops_maturity.project.storage import LOCK

pytestmark = pytest.mark.guards("SEC-05")


@pytest.fixture
def here(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A clone whose pipeline ran, as the current folder."""
    monkeypatch.chdir(repository.path)
    return repository


@pytest.mark.usefixtures("here")
def test_files_of_a_training_go_to_a_branch_and_the_tree_is_as_before() -> None:
    model = b"another model"
    md5 = hashlib.md5(model, usedforsecurity=False).hexdigest()
    kept = handover.OBJECTS / md5[:2] / md5[2:]
    kept.parent.mkdir(parents=True)
    kept.write_bytes(model)
    lock, packages = LOCK.read_text(), Path("requirements.lock").read_text()
    Path("requirements.lock").write_text(f"{packages}# newer\n")
    LOCK.write_text(lock.replace(lock.split("path: models/model.zip\n")[1].split("md5: ")[1][:32], md5))
    Path("Makefile").write_text("evil:\n")
    handover.run()
    kept.unlink()
    git("checkout", "--quiet", ".")
    publishing.propose("dependencies", "Update dependencies", handover.FOLDER)
    assert set(git("diff", "--name-only", "main", "dependencies").split()) == {"requirements.lock", "dvc.lock"}
    assert md5 in git("show", "dependencies:dvc.lock")
    assert kept.read_bytes() == model
    assert Path("requirements.lock").read_text() == packages, "the next command would install what nobody has read"
    assert git("ls-remote", "origin", "refs/heads/dependencies").split()[0] == git("rev-parse", "dependencies")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "name",
    [
        "files/Makefile",
        "files/.github/workflows/train.yml",
        "files/src/penguin_species/model.py",
        "files/../Makefile",
        "objects/00/" + "0" * 30,
        "evil",
    ],
)
def test_anything_else_that_is_handed_over_is_refused_and_nothing_is_taken(name: str) -> None:
    for path in ("files/requirements.lock", name):
        file = handover.FOLDER / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("evil")
    with pytest.raises(ProjectError, match="of what was handed over is not what a training changes"):
        handover.take(handover.FOLDER)
    assert git("status", "--porcelain") == ""


@pytest.mark.usefixtures("here")
def test_link_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a secret")
    (handover.FOLDER / "files").mkdir(parents=True)
    (handover.FOLDER / "files" / "requirements.lock").symlink_to(tmp_path / "secret")
    with pytest.raises(ProjectError, match="is not what a training changes"):
        handover.take(handover.FOLDER)


@pytest.mark.usefixtures("here")
def test_nothing_that_is_handed_over_is_named() -> None:
    with pytest.raises(ProjectError, match="nothing was handed over in reports/handover"):
        publishing.propose("dependencies", "Update dependencies", handover.FOLDER)

"""The wheel that a project gets: the same bytes wherever it is built, and one hash of code for each step."""

import shutil
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from conftest import TEMPLATE, Bake

from hooks import wheel


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A copy of the template in another folder, with what a wheel is made of."""
    copy = tmp_path / "another place"
    without = shutil.ignore_patterns(".venv", ".git", "node_modules", "__pycache__", "tests", "benchmarks", "*_cache")
    shutil.copytree(TEMPLATE, copy, ignore=without)
    return copy


@pytest.mark.guards("OWN-05")
def test_wheel_built_in_another_folder_has_the_same_bytes(elsewhere: Path) -> None:
    assert wheel.build(elsewhere) == wheel.build()


@pytest.mark.guards("OWN-05")
def test_wheel_of_other_code_has_another_version(elsewhere: Path) -> None:
    (elsewhere / "src" / "mlops_maturity" / "delivery" / "status.py").write_text('"""Nothing."""\n')
    assert wheel.build(elsewhere).name != wheel.build().name


def test_wheel_has_what_an_installer_asks_for() -> None:
    with zipfile.ZipFile(BytesIO(wheel.build().content)) as archive:
        names = archive.namelist()
        assert all(info.date_time == (1980, 1, 1, 0, 0, 0) for info in archive.infolist())
    for ending in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "py.typed", "rows.toml"):
        assert any(name.endswith(ending) for name in names), f"{ending} is missing"


@pytest.mark.guards("OWN-05")
def test_lock_of_a_project_names_the_wheel_by_its_hash_and_nothing_by_its_name(baked: Bake) -> None:
    project = baked(maturity_level="1")
    built = wheel.build()
    assert project.text("vendor/requirements.lock") == f"vendor/{built.name} --hash=sha256:{built.sha256}\n"
    assert "mlops-maturity==" not in project.text("requirements.lock") + project.text("deploy/requirements.lock")


@pytest.mark.guards("OWN-06")
@pytest.mark.parametrize(("changed", "reruns"), [("delivery/status.py", False), ("training/train.py", True)])
def test_step_has_another_hash_only_where_code_that_it_runs_changed(
    changed: str, reruns: bool, elsewhere: Path, baked: Bake, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = elsewhere / "src" / "mlops_maturity" / changed
    file.write_text(file.read_text() + "\n# Changed.\n")
    monkeypatch.setattr(wheel, "TEMPLATE", elsewhere)
    project = elsewhere / "a project"
    project.mkdir()
    wheel.write(project, with_steps=True)
    now = yaml.safe_load((project / "vendor" / "steps.yaml").read_text())
    before = yaml.safe_load(baked(maturity_level="1").text("vendor/steps.yaml"))
    assert set(now) == set(before)
    assert (now["train"] != before["train"]) is reruns
    assert now["split"] == before["split"]

"""The library's wheel: the same to the byte wherever it is made, another version for another content, valid for pip."""

import base64
import hashlib
import io
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from email.parser import BytesParser
from pathlib import Path

import pytest
import yaml
from conftest import TEMPLATE, Bake
from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

from hooks import wheel

OWN_PARTS = ("hooks", "src", "LICENSE", "pyproject.toml")
PRINT = "from hooks import wheel; made = wheel.build(); print(made.name, made.sha256)"
PACKAGE = Path("src") / wheel.PACKAGE

Copy = Callable[[str], Path]


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A copy of the template, as far as the wheel is made of it, that a test may change."""

    def made(name: str) -> Path:
        for part in OWN_PARTS:
            source, place = TEMPLATE / part, tmp_path / name / part
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, place) if source.is_dir() else shutil.copyfile(source, place)
        return tmp_path / name

    return made


def made_in_a_process_of_its_own(template: Path) -> tuple[str, str]:
    done = subprocess.run([sys.executable, "-c", PRINT], cwd=template, capture_output=True, text=True, check=True)
    name, digest = done.stdout.split()
    return name, digest


def content(made: wheel.Wheel) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def about(made: wheel.Wheel, name: str) -> bytes:
    (found,) = (text for path, text in content(made).items() if path.endswith(f".dist-info/{name}"))
    return found


def steps(template: Path, tmp_path: Path) -> dict[str, str]:
    """The hashes of the steps of a template's library."""
    project = tmp_path / f"of-{template.name}"
    project.mkdir()
    code = f"from pathlib import Path; from hooks import wheel; wheel.write(Path({str(project)!r}), with_steps=True)"
    subprocess.run([sys.executable, "-c", code], cwd=template, check=True)
    found: dict[str, str] = yaml.safe_load((project / wheel.STEPS).read_text(encoding="utf-8"))
    return found


def changed_steps(file: str, copy: Copy, tmp_path: Path) -> set[str]:
    """The steps whose hash changes with a line more in a file of the library."""
    before = steps(copy("before"), tmp_path)
    after_folder = copy("after")
    with (after_folder / PACKAGE / file).open("a", encoding="utf-8") as stream:
        stream.write("\nCHANGED = True\n")
    after = steps(after_folder, tmp_path)
    assert before.keys() == after.keys()
    return {step for step in before if before[step] != after[step]}


# The bytes


@pytest.mark.guards("OWN-05")
def test_wheel_of_another_folder_and_process_has_the_same_bytes(copy: Copy) -> None:
    folder = copy("a folder with another name")
    for path in folder.rglob("*"):
        path.chmod(0o700)
    (folder / PACKAGE / "__pycache__").mkdir(exist_ok=True)
    (folder / PACKAGE / "__pycache__" / "left.pyc").write_bytes(b"left over")
    (folder / "src" / "mlops_maturity.egg-info").mkdir(exist_ok=True)
    (folder / "src" / "mlops_maturity.egg-info" / "PKG-INFO").write_text("of another build")
    assert made_in_a_process_of_its_own(folder) == made_in_a_process_of_its_own(TEMPLATE)


@pytest.mark.parametrize(
    ("file", "more"),
    [
        (PACKAGE / "delivery" / "deploy.py", "# Another line.\n"),
        (PACKAGE / "maturity" / "rows.toml", "# Another line.\n"),
        (Path("LICENSE"), "Another line.\n"),
    ],
)
def test_wheel_of_other_content_has_another_version(file: Path, more: str, copy: Copy) -> None:
    folder = copy("changed")
    with (folder / file).open("a", encoding="utf-8") as stream:
        stream.write(more)
    assert made_in_a_process_of_its_own(folder)[0] != made_in_a_process_of_its_own(TEMPLATE)[0]


def test_wheel_with_another_requirement_has_another_version(copy: Copy) -> None:
    folder = copy("changed")
    settings = folder / "pyproject.toml"
    settings.write_text(settings.read_text().replace('"msgspec",', '"msgspec>=0.18",'))
    assert made_in_a_process_of_its_own(folder)[0] != made_in_a_process_of_its_own(TEMPLATE)[0]


# What is in it


def test_wheel_has_all_source_and_data_of_the_library() -> None:
    names = {name for name in content(wheel.build()) if ".dist-info/" not in name}
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "src"],
        cwd=TEMPLATE,
        capture_output=True,
        text=True,
        check=True,
    )
    here = {name.removeprefix("src/") for name in tracked.stdout.split() if (TEMPLATE / name).exists()}
    assert names == here
    assert "mlops_maturity/py.typed" in names


def test_record_of_the_wheel_has_the_hash_of_each_file() -> None:
    files = content(wheel.build())
    rows = [line.split(",") for line in about(wheel.build(), "RECORD").decode().splitlines()]
    assert sorted(row[0] for row in rows) == sorted(files)
    for name, digest, size in rows[:-1]:
        hashed = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).rstrip(b"=").decode()
        assert (digest, int(size)) == (f"sha256={hashed}", len(files[name]))
    assert rows[-1] == [name for name in files if name.endswith("/RECORD")] + ["", ""]


def test_metadata_of_the_wheel_are_valid_and_agree_with_its_name() -> None:
    made = wheel.build()
    found = Metadata.from_email(about(made, "METADATA"))
    name, version, _, tags = parse_wheel_filename(made.name)
    assert (found.name, str(found.version), {str(tag) for tag in tags}) == (name, str(version), {"py3-none-any"})
    assert str(version) == made.version  # it is in its normal form: pip and uv write it so
    assert str(found.requires_python) == ">=3.11"


def test_extras_that_name_others_require_what_those_require() -> None:
    lines = BytesParser().parsebytes(about(wheel.build(), "METADATA")).get_all("Requires-Dist", [])
    requirements = [Requirement(line) for line in lines]
    assert "mlops-maturity" not in {each.name for each in requirements}  # an index would be asked for it

    def of(extra: str) -> set[str]:
        return {each.name for each in requirements if each.marker and each.marker.evaluate({"extra": extra})}

    assert {"sqlalchemy", "scikit-learn", "dvc"} <= of("pipeline") < of("delivery")
    assert {"pandas", "scikit-learn"}.isdisjoint(of("live"))


def test_requirement_with_a_marker_keeps_it_beside_its_extra() -> None:
    project = {"name": "x", "description": "", "license": "MIT", "requires-python": ">=3.11", "dependencies": []}
    extras = {"all": ["x[few]"], "few": ["tomli; python_version < '3.11' or os_name == 'nt'"]}
    text = wheel._metadata(project | {"optional-dependencies": extras}, "1.0").decode()
    (requirement, *_) = (Requirement(line.partition(": ")[2]) for line in text.splitlines() if "tomli" in line)
    assert requirement.marker is not None
    assert not requirement.marker.evaluate({"extra": "other", "python_version": "3.10", "os_name": "nt"})
    assert not requirement.marker.evaluate({"extra": "all", "python_version": "3.12", "os_name": "posix"})
    assert requirement.marker.evaluate({"extra": "all", "python_version": "3.12", "os_name": "nt"})


# In a project


def test_project_names_its_wheel_with_its_hash(baked: Bake) -> None:
    project = baked(maturity_level="1")
    (file,) = (project.path / "vendor").glob("*.whl")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert project.text("vendor/requirements.lock") == f"vendor/{file.name} --hash=sha256:{digest}\n"
    assert f'mlops-maturity = {{ path = "vendor/{file.name}" }}\n' in project.text("pyproject.toml")
    for lock in ("requirements.lock", "deploy/requirements.lock"):
        assert "mlops-maturity" not in project.text(lock)


def test_level_without_a_pipeline_has_no_hashes_of_steps(baked: Bake) -> None:
    assert not (baked().path / "vendor" / "steps.yaml").exists()
    assert (baked(maturity_level="1").path / "vendor" / "steps.yaml").exists()


# The hashes of the steps


@pytest.mark.guards("OWN-06")
@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("delivery/deploy.py", set()),
        ("serving/live.py", set()),
        ("template/upgrading.py", set()),
        ("commands.py", set()),
        ("training/train.py", {"train"}),
        ("pipeline/package.py", {"package"}),
        ("data/splitting.py", {"split"}),
    ],
)
def test_change_of_a_module_changes_the_hashes_of_the_steps_that_import_it(
    file: str, expected: set[str], copy: Copy, tmp_path: Path
) -> None:
    changed = changed_steps(file, copy, tmp_path)
    # The first step proposes a schema by training models, so it imports much of what other steps do.
    assert changed - {"ingest"} == expected
    assert "ingest" not in changed or expected


def test_change_of_what_all_steps_import_changes_each_hash(copy: Copy, tmp_path: Path) -> None:
    assert changed_steps("project/paths.py", copy, tmp_path) == set(steps(copy("once more"), tmp_path))


def test_import_for_annotations_is_none_of_a_step(copy: Copy, tmp_path: Path) -> None:
    folder = copy("with annotations")
    with (folder / PACKAGE / "data" / "splitting.py").open("a", encoding="utf-8") as stream:
        stream.write(
            "\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from mlops_maturity.serving import live\n"
        )
    before = steps(folder, tmp_path)
    with (folder / PACKAGE / "serving" / "live.py").open("a", encoding="utf-8") as stream:
        stream.write("\nCHANGED = True\n")
    assert steps(folder.rename(tmp_path / "changed"), tmp_path) == before


def test_steps_of_the_library_are_those_with_a_hash(baked: Bake) -> None:
    from mlops_maturity.pipeline.steps import STEPS

    assert set(yaml.safe_load(baked(maturity_level="1").text("vendor/steps.yaml"))) == set(STEPS)

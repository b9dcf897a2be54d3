"""What goes with a release: the wheel, the bill of materials, the checksums; and the pipeline as an image."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from library.delivery.conftest import LIBRARY, PACKAGE, Stage
from mlops_maturity.delivery import build, candidate, pipeline, wheel
from mlops_maturity.delivery.image import image_of
from mlops_maturity.project import job
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import sha256_of

pytestmark = [pytest.mark.guards("CI-07"), pytest.mark.usefixtures("docker")]

DIST = Path("dist")
DIGEST = f"sha256:{'b' * 64}"


@pytest.fixture
def without_a_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel, which takes half a second to build, is a text."""

    def build_nothing(folder: Path) -> Path:
        path = folder / "penguin_species-0.1.0-py3-none-any.whl"
        path.write_text("a wheel")
        return path

    monkeypatch.setattr(wheel, "build", build_nothing)


def dist() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in DIST.iterdir()}


def test_build_of_a_release_writes_every_file_with_its_checksum(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(job.OUTPUTS, "output")
    monkeypatch.setenv("IMAGE_REPOSITORY", "registry.example/service")
    build.run(model)
    lines = (DIST / "SHA256SUMS").read_text().splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    (built,) = (name for name in listed if name.endswith("-py3-none-any.whl"))
    assert set(listed) == {built, "release.json", "sbom.cdx.json"} == set(dist()) - {"SHA256SUMS"}
    assert listed == {name: sha256_of(DIST / name) for name in listed}
    image = image_of(model)
    assert json.loads((DIST / "release.json").read_text()) == {
        "key": image.key,
        "code": image.code,
        "commit": "abcdef",
        "image": f"registry.example/service@{DIGEST}",
        "digest": DIGEST,
        "model": {"registry": None, "sha256": sha256_of(model), "version": "0123456789ab"},
        "files": {name: digest for name, digest in listed.items() if name != "release.json"},
    }
    expected = [f"release={image.key}", "image=registry.example/service", f"digest={DIGEST}"]
    assert Path("output").read_text().lower().splitlines() == expected


def test_build_of_the_same_release_gives_the_same_files(model: Path) -> None:
    build.run(model)
    before = dist()
    (PACKAGE / "__pycache__").mkdir()
    (PACKAGE / "__pycache__" / "x.pyc").write_text("x")
    (PACKAGE / "features.py").touch()
    (PACKAGE / "features.py").chmod(0o600)
    (DIST / "left over").write_text("of another release")
    build.run(model)
    assert dist() == before
    (built,) = DIST.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        assert {file.date_time for file in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_build_of_uncommitted_code_is_refused(model: Path, docker: Path) -> None:
    for path in (PACKAGE / "features.py", PACKAGE / "new.py", Path("deploy/Dockerfile")):
        with path.open("a") as file:
            file.write("# Changed.\n")
    with pytest.raises(ProjectError) as refusal:
        build.run(model)
    assert str(refusal.value).startswith(f"not committed: deploy/Dockerfile, {PACKAGE}/features.py, {PACKAGE}/new.py; ")
    assert docker.read_text() == ""


def test_build_without_a_model_releases_nothing(
    docker: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(candidate, "candidate", lambda: None)
    monkeypatch.setenv(job.OUTPUTS, "output")
    build.run()
    assert capsys.readouterr().out.startswith("NOT RELEASED: no model is trained yet: `make run`")
    assert Path("output").read_text().lower().splitlines() == ["release=", "image=", "digest="]
    assert docker.read_text() == ""


def test_wheel_has_the_package_and_a_version_of_its_own(tmp_path: Path) -> None:
    first = wheel.build(tmp_path)
    with zipfile.ZipFile(first) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == {path.relative_to("src").as_posix() for path in PACKAGE.rglob("*.py")}
    with (PACKAGE / "features.py").open("a") as file:
        file.write("# Changed.\n")
    assert wheel.build(tmp_path).name != first.name


def test_wheel_that_cannot_be_built_fails_with_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Path("pyproject.toml").open("a") as file:
        file.write("[project\n")
    with pytest.raises(ProjectError, match="setuptools could not build the wheel"):
        wheel.build(tmp_path)
    assert "TOMLDecodeError" in capsys.readouterr().out


@pytest.mark.usefixtures("without_a_wheel")
def test_bill_of_materials_names_what_is_in_the_image(model: Path) -> None:
    build.run(model)
    text = (DIST / "sbom.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found = {(each["type"], each["name"], each["version"]) for each in json.loads(text)["components"]}
    inside = {("library", *package.split("==")) for package in Path("installed").read_text().splitlines()}
    assert {each for each in found if each[0] == "library"} == inside
    assert ("machine-learning-model", image_of(model).repository, "0123456789ab") in found
    (base,) = (name for kind, name, _ in found if kind == "container")
    assert base == "python"


@pytest.mark.usefixtures("without_a_wheel")
def test_bill_of_materials_names_the_library_by_the_hash_of_its_wheel(model: Path) -> None:
    build.run(model)
    components = json.loads((DIST / "sbom.cdx.json").read_text())["components"]
    (library,) = (each for each in components if each["name"] == "mlops-maturity")
    assert library["version"] == LIBRARY
    assert library["hashes"] == [{"alg": "SHA-256", "content": "c" * 64}]
    assert "purl" not in library  # no index has it


def test_bill_of_materials_with_another_library_than_that_of_vendor_is_refused(model: Path) -> None:
    installed = Path("installed")
    installed.write_text(installed.read_text().replace(LIBRARY, "99.0"))
    with pytest.raises(ProjectError, match=r"mlops-maturity==99\.0, which neither deploy/\S+ nor its model names"):
        build.run(model)


def test_bill_of_materials_with_an_unlocked_package_is_refused(model: Path) -> None:
    with Path("installed").open("a") as file:
        file.write("\nLeft.Pad==1.0")
    with pytest.raises(ProjectError, match=r"left-pad==1\.0, which neither deploy/\S+ nor its model names"):
        build.run(model)


# The pipeline


def test_pipeline_image_is_built_from_a_clone(docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = docker.with_suffix("")
    listing = '[ "$1" = push ] || find "$8" -path "*/.git" -prune -o -printf "%P\\n" > seen\n'
    command.write_text(command.read_text() + listing)
    monkeypatch.setenv("IMAGE_REPOSITORY", "registry.example/Service")
    Path(PACKAGE / "secret.env").write_text("PASSWORD=secret")
    pipeline.run()
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout
    name = f"registry.example/service-pipeline:{head[:12]}"
    assert [line.split()[0] for line in docker.read_text().splitlines()] == ["build", "push"]
    assert f"--tag {name} --build-arg REVISION={head.strip()} " in docker.read_text()
    seen = set(Path("seen").read_text().splitlines())
    assert {f"project/{PACKAGE}/features.py", "project/deploy/pipeline.Dockerfile"} < seen
    assert not {path for path in seen if "secret" in path or "models" in path}


def test_pipeline_image_in_a_folder_of_another_repository_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("src")
    with pytest.raises(ProjectError, match="a repository of its own"):
        pipeline.run()


def test_pipeline_image_whose_build_fails_reports_it(docker: Path) -> None:
    docker.with_suffix("").write_text(f"#!{shutil.which('sh')}\nexit 1\n")
    with pytest.raises(ProjectError, match="could not build"):
        pipeline.run()


# What fails


def test_bill_of_materials_of_an_image_that_does_not_start_fails(
    model: Path, docker: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = docker.with_suffix("")
    command.write_text(command.read_text().replace('"run --rm") cat installed ;;', '"run --rm") echo why; exit 1 ;;'))
    with pytest.raises(ProjectError, match=r"penguin-species:.* does not start; the lines above say why"):
        build.run(model)
    assert "why\n" in capsys.readouterr().out


def test_bill_of_materials_without_its_tool_fails(
    model: Path, tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    python = stage("python", 'case "$*" in *cyclonedx_py*) echo broken >&2; exit 1 ;; esac')
    monkeypatch.setattr(sys, "executable", str(python.with_suffix("")))
    with pytest.raises(ProjectError, match="cyclonedx-bom could not make the bill of materials"):
        build.run(model)
    assert "broken\n" in capsys.readouterr().out
    assert not (tmp_path / "dist" / "release.json").exists()


def test_pipeline_image_that_cannot_be_pushed_fails(docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_REPOSITORY", "registry.example/service")
    command = docker.with_suffix("")
    command.write_text(command.read_text().replace('"push --quiet") ', '"push --quiet") exit 1; '))
    with pytest.raises(ProjectError, match=r"docker could not push registry\.example/service-pipeline:"):
        pipeline.run()

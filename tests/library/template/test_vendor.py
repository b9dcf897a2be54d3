"""The source of the library takes the place of its wheel: every file that depends on which of both it is agrees."""

import hashlib
import io
import tomllib
import zipfile
from pathlib import Path

import pytest

from library.template.conftest import git
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.template import vendor

VERSION = "1.0.0+c0ffee42"
METADATA = """\
Metadata-Version: 2.4
Name: mlops-maturity
Version: 1.0.0
Requires-Dist: numpy
Requires-Dist: colorama; sys_platform == "win32"
Provides-Extra: live
Requires-Dist: sqlalchemy; extra == "live"
Provides-Extra: train
Requires-Dist: pandas; extra == "train"
Requires-Dist: tomli; (python_version < "3.11") and extra == "train"
"""
ENTRY_POINTS = "[console_scripts]\nmlops-maturity = a:main\n\n[pytest11]\nx = y\n"
CONTENT = {
    "mlops_maturity/__init__.py": '"""The library."""\n',
    "mlops_maturity/data/rows.toml": "a = 1\n",
    f"mlops_maturity-{VERSION}.dist-info/METADATA": METADATA,
    f"mlops_maturity-{VERSION}.dist-info/RECORD": "",
    f"mlops_maturity-{VERSION}.dist-info/entry_points.txt": ENTRY_POINTS,
}
WHEEL = f"vendor/mlops_maturity-{VERSION}-py3-none-any.whl"
PYPROJECT = f"""\
[project]
name = "sample" # ours
dependencies = [
  "mlops-maturity[live]=={VERSION}",
  # below this line, what your own features need
  "orjson",
]

[project.optional-dependencies]
train = ["mlops-maturity[train]"]
dev = ["ruff"]

# The library is pinned to the version of this wheel.
[tool.uv.sources]
mlops-maturity = {{ path = "{WHEEL}" }}

[tool.mypy]
strict = true
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a wheel, all committed, which is the current folder."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in CONTENT.items():
            archive.writestr(name, text)
    (tmp_path / "vendor").mkdir()
    (tmp_path / WHEEL).write_bytes(stream.getvalue())
    digest = hashlib.sha256(stream.getvalue()).hexdigest()
    (tmp_path / "vendor" / "requirements.lock").write_text(f"{WHEEL} --hash=sha256:{digest}\n")
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=A", "-c", "user.email=a@example.invalid", "commit", "--quiet", "-m", "Change")


def test_vendor_replaces_the_wheel_by_the_source(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vendor.run()
    assert (project / "src/mlops_maturity/__init__.py").read_text() == '"""The library."""\n'
    assert (project / "src/mlops_maturity/data/rows.toml").exists()
    assert (project / "src/mlops_maturity/VERSION").read_text() == f"{VERSION}\n"
    assert not (project / WHEEL).exists()
    assert (project / "vendor/requirements.lock").read_text().startswith("# ")
    assert f"src/mlops_maturity is the source of mlops-maturity {VERSION}" in capsys.readouterr().out
    assert vendor.is_vendored(project)


def test_vendor_leaves_the_requirements_of_the_library_in_its_place(project: Path) -> None:
    vendor.run()
    text = (project / "pyproject.toml").read_text()
    settings = tomllib.loads(text)
    own = settings["project"]
    assert own["dependencies"] == ['colorama; sys_platform == "win32"', "numpy", "sqlalchemy", "orjson"]
    assert own["optional-dependencies"] == {"train": ["pandas", 'tomli; python_version < "3.11"'], "dev": ["ruff"]}
    assert own["scripts"] == {"mlops-maturity": "a:main"}
    assert own["entry-points"] == {"pytest11": {"x": "y"}}
    assert "uv" not in settings["tool"]
    assert settings["tool"]["mypy"]["strict"] is True
    # What people wrote stays.
    assert 'name = "sample" # ours\n' in text
    assert "  # below this line, what your own features need\n" in text
    assert "pinned" not in text


def test_vendor_keeps_other_sources_of_packages(project: Path) -> None:
    more = PYPROJECT.replace("[tool.uv.sources]\n", '[tool.uv.sources]\nours = { path = "../ours" }\n')
    (project / "pyproject.toml").write_text(more)
    commit(project)
    vendor.run()
    sources = tomllib.loads((project / "pyproject.toml").read_text())["tool"]["uv"]["sources"]
    assert sources == {"ours": {"path": "../ours"}}


def test_vendor_a_second_time_is_refused(project: Path) -> None:
    vendor.run()
    commit(project)
    with pytest.raises(ProjectError, match=r"vendor/requirements\.lock names no wheel of mlops-maturity; its source"):
        vendor.run()


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (WHEEL, b"The library", b"The lobrary", "is not the wheel that vendor/requirements.lock names"),
        (
            "pyproject.toml",
            b'"mlops-maturity[train]"',
            b"'mlops-maturity[train]'",
            "pyproject.toml requires mlops-maturity in another way than the template does",
        ),
        (
            "pyproject.toml",
            b"strict = true",
            b'plugins = ["x"]',
            "pyproject.toml has settings of its own where vendored",
        ),
    ],
)
def test_vendor_of_what_is_not_as_the_template_made_it_is_refused_and_changes_nothing(
    file: str, old: bytes, new: bytes, says: str, project: Path
) -> None:
    content = (project / file).read_bytes()
    assert old in content
    (project / file).write_bytes(content.replace(old, new))
    commit(project)
    with pytest.raises(ProjectError, match=says):
        vendor.run()
    assert git(project, "status", "--porcelain") == ""


def test_vendor_with_changes_that_are_not_committed_is_refused(project: Path) -> None:
    (project / "pyproject.toml").write_text(f"{PYPROJECT}# Changed.\n")
    with pytest.raises(ProjectError, match=r"not committed: pyproject\.toml"):
        vendor.run()

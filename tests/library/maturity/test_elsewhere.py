"""A repository that this template did not make: files to look at, and what tests that passed show."""

from pathlib import Path

import pytest

from library.maturity.conftest import Case, report
from mlops_maturity.maturity import report as command
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.repository import git

pytestmark = pytest.mark.guards("T-12")


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A repository of somebody else."""
    folder = tmp_path / "foreign"
    (folder / "tests").mkdir(parents=True)
    (folder / "train.py").write_text("from sklearn.model_selection import train_test_split\n")
    (folder / "tests/test_features.py").write_text("def test_one():\n    assert True\n")
    for number in range(6):
        (folder / f"predict{number}.py").touch()
    (folder / "not_in_git.dvc").touch()
    (folder / "broken link.py").symlink_to("nowhere")
    (tmp_path / "outside.py").write_text("from sklearn.model_selection import train_test_split\n")
    (folder / "link to outside.py").symlink_to("../outside.py")
    (folder / "Größe.ipynb").write_text("{}")
    git("init", "--quiet", folder=folder)
    git("add", "*.py", "tests", "*.ipynb", folder=folder)
    return folder


def parts(printed: str) -> dict[str, str]:
    """What is known of each requirement."""
    found: dict[str, list[str]] = {}
    for line in printed.splitlines():
        if line.startswith("  ") and line[2] != " ":
            name = line.split()[0]
            found[name] = []
        elif line.startswith(" " * 12):
            found[name].append(line.strip())
    return {name: " ".join(words) for name, words in found.items()}


def test_files_to_look_at_are_named_and_nothing_is_said_to_hold(
    foreign: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command.run(foreign)
    printed = capsys.readouterr().out
    assert printed.startswith("foreign: ")
    assert "by tests: 0 fails, 0 not exercised, 0 holds; " in printed
    assert "ML Test Score 0.0: Data 0.0, Model 0.0, Infra 0.0, Monitor 0.0" in printed
    assert "nothing is known to hold: --report=" in printed
    known = parts(printed)
    assert known["0-SPLIT"].endswith("to look at: train.py")
    assert known["0-PROC"].endswith("to look at: Größe.ipynb, predict0.py, predict1.py, predict2.py and 4 more")
    assert known["CI-01"].endswith("to look at: tests/test_features.py")
    # What is not in git was not found.
    assert known["0-DATA"].endswith("nothing found")
    assert "0-NOT" not in known


def test_repository_in_the_current_folder_is_looked_at_if_it_is_named(
    foreign: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(foreign)
    command.run(Path())
    assert capsys.readouterr().out.startswith("foreign: ")


def test_tests_that_passed_count(foreign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.xml"
    case = Case(("CI-01",), {"Data 7": 1.0}, module="tests.test_features")
    file.write_text(report([case]))
    command.run(foreign, file)
    printed = capsys.readouterr().out
    assert "holds: tests/test_features.py: 1 passed" in parts(printed)["CI-01"]
    assert "Data 1.0" in printed
    assert "nothing is known to hold" not in printed
    case.outcome = "failure"
    file.write_text(report([case]))
    command.run(foreign, file)
    printed = capsys.readouterr().out
    assert "fails: tests/test_features.py: test_it failed: for a reason" in parts(printed)["CI-01"]
    assert "Data 0.0" in printed


def test_folder_that_is_no_repository_with_files_is_refused(foreign: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    git("init", "--quiet", folder=empty)
    for path, says in (
        (tmp_path / "nowhere", "is not a folder"),
        (tmp_path, "is not a git repository"),
        (empty, "git tracks no file there"),
    ):
        with pytest.raises(ProjectError, match=says):
            command.run(path)
    with pytest.raises(ProjectError, match=r"nothing\.xml is missing"):
        command.run(foreign, tmp_path / "nothing.xml")

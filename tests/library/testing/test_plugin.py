"""The plugin brings a project's settings, data and marks to its tests, and refuses to run without them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_maturity.testing import notebook

TEST = """
from pathlib import Path
import pytest

@pytest.mark.requirement("CI-08")
@pytest.mark.ml_test_score("Data 1", 1.0)
def test_settings_and_rows_are_at_hand(params, schema, rows, table):
    assert Path("params.yaml").exists(), "the tests do not run in the root folder"
    assert params.data.target in rows
    assert set(rows) == set(schema.columns)
    assert len(rows) == (344 if table.is_real else 300)

def test_real_rows(real_rows):
    assert len(real_rows) == 344

def test_remark(remark):
    remark("judged otherwise")
    remark("")

def test_data_module():
    from penguin_species.data import load
    assert load
"""


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of a project from another folder, with the library of this environment."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rs",
        f"--rootdir={project}",
        f"--config-file={project}/pyproject.toml",
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return subprocess.run(
        [*command, *arguments, str(project / "tests")],
        cwd=project.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def small(project: Path) -> Path:
    """The sample project with one small file of tests."""
    for path in (project / "tests").glob("test_*.py"):
        path.unlink()
    (project / "tests" / "test_small.py").write_text(TEST)
    return project


def test_report_says_what_each_test_is_for(small: Path) -> None:
    done = run(small, f"--junitxml={small}/tests.xml")
    assert "4 passed" in done.stdout, done.stdout + done.stderr
    assert "REMARK tests/test_small.py::test_remark: judged otherwise\n" in done.stdout
    report = (small / "tests.xml").read_text()
    assert '<property name="remark" value="judged otherwise" />' in report
    assert '<property name="requirement" value="CI-08" />' in report
    assert '<property name="ml_test_score" value="Data 1: 1.0" />' in report


@pytest.mark.speed("all")
def test_without_data_rows_are_synthesised_and_that_is_said(small: Path) -> None:
    (small / "data" / "raw" / "penguins.csv").unlink()
    for folder in (".dvc/cache", "storage"):
        (small / folder).rename(small / f"{folder}-away")
    done = run(small)
    assert "3 passed, 1 skipped" in done.stdout, done.stdout + done.stderr
    assert "cannot be pulled: tests run on rows synthesised from the schema" in done.stdout
    assert "not exercised: the real data are not at hand" in done.stdout


def test_settings_that_are_not_complete_are_refused(small: Path) -> None:
    text = (small / "params.yaml").read_text()
    (small / "params.yaml").write_text(text.replace("task: classification", "task: null"))
    done = run(small)
    assert done.returncode == 1
    assert "params.yaml still has nulls; run `make data` and commit what it fills in" in done.stdout + done.stderr


def test_notebook_that_fails_is_named_with_its_cell(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    cells = '{"cell_type": "markdown", "source": ["words"]}, {"cell_type": "code", "source": ["%s"]}'
    path.write_text(f'{{"cells": [{cells % "import matplotlib.pyplot as plt; plt.figure()"}]}}')
    assert notebook.run(path, tmp_path) == 1
    path.write_text(f'{{"cells": [{cells % "1 / 0"}]}}')
    with pytest.raises(AssertionError, match=r"a.ipynb: cell 1: ZeroDivisionError"):
        notebook.run(path, tmp_path)

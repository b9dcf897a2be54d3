"""What may import what: the contracts of pyproject.toml."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What training and delivery are made of, by the names that they are imported by.
HEAVY = ("matplotlib", "pandas", "pandera", "pyarrow", "ruamel", "scipy", "sklearn", "skl2onnx", "skops")
SERVING = (
    "mlops_maturity.__main__",
    "mlops_maturity.serving.live",
    "mlops_maturity.serving.server",
)


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the library of a folder against the contracts of its pyproject.toml."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the library that a test may change."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_imports_of_the_library_keep_all_contracts() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("project/files.py", "from mlops_maturity.data import schema", "Each layer imports only those below it"),
        ("serving/log.py", "from mlops_maturity.training import gates", "Each layer imports only those below it"),
        ("newcomer.py", "", "Each layer imports only those below it"),
        ("data/schema.py", "def late():\n    from mlops_maturity.data import conversion", "No circles, in any folder"),
        ("data/features.py", "import pandas", "The service needs neither pandas nor scikit-learn"),
        (
            "model/artefact.py",
            "from mlops_maturity.data import conversion",
            "The service needs neither pandas nor scikit-learn",
        ),
    ],
)
def test_imports_that_break_a_contract_are_reported(copy: Path, module: str, line: str, broken: str) -> None:
    with (copy / "src/mlops_maturity" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    result = lint_imports(copy)
    assert result.returncode == 1
    assert f"{broken} BROKEN" in result.stdout


@pytest.mark.parametrize("module", SERVING)
def test_import_of_the_service_in_a_new_process_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}} & set({HEAVY})))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []

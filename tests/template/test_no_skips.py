"""CI goes red when a test did not run."""

import os
import subprocess
import sys
from pathlib import Path

import no_skips
import pytest

SUITES = {
    "passes": ("def test_it():\n    pass\n", 0),
    "skips": ("import pytest\ndef test_it():\n    pytest.skip('no tool')\ndef test_other():\n    pass\n", 1),
    "skips the whole file": ("import pytest\npytest.skip('no tool', allow_module_level=True)\n", 1),
}


def closing(folder: Path, source: str, *arguments: str, ci: str) -> tuple[int, str]:
    """What a session of this one file comes to."""
    (folder / "test_some.py").write_text(source)
    (folder / "test_passing.py").write_text("def test_it():\n    pass\n")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(no_skips.__file__).parent),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "CI": ci,
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "xdist", "-p", "no_skips", "-p", "no:cacheprovider", *arguments, "."],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("suite", SUITES)
def test_skipped_test_fails_ci(suite: str, tmp_path: Path) -> None:
    source, code = SUITES[suite]
    found, text = closing(tmp_path, source, "--numprocesses=1", ci="true")
    assert found == code, text
    assert ("1 skipped, and CI skips nothing" in text) == bool(code)


def test_skipped_test_is_no_failure_elsewhere(tmp_path: Path) -> None:
    assert closing(tmp_path, SUITES["skips"][0], ci="")[0] == 0

"""The package as a wheel: the same files give the same bytes, wherever and whenever it is built."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mlops_maturity.delivery.image import PACKAGE, files_of, key_of
from mlops_maturity.project.errors import ProjectError

MADE_OF = (Path("LICENSE"), Path("pyproject.toml"), PACKAGE)
# The first day that a zip file can name, in seconds: a wheel tells what it is of by its version, and not by a date.
NO_TIME = "315532800"
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"


def build(folder: Path) -> Path:
    """Build the wheel with the setuptools of this environment; nothing is fetched.

    Its version is the one of pyproject.toml with a name for the files that it is made of.

    Args:
        folder: where to put it.

    Raises:
        ProjectError: setuptools refuses.
    """
    files = files_of(MADE_OF)
    with tempfile.TemporaryDirectory() as temporary:
        # A tree of its own: what another build left, and the rights that files have here, do not get in.
        source = Path(temporary)
        for file in files:
            copy = source / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
            copy.chmod(0o644)
        (source / "setup.cfg").write_text(f"[egg_info]\ntag_build = +code{key_of(files)}\n", encoding="utf-8")
        command = [sys.executable, "-c", BUILD, str(source / "dist")]
        settings = os.environ | {"SOURCE_DATE_EPOCH": NO_TIME}
        done = subprocess.run(command, cwd=source, env=settings, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stdout + done.stderr, end="")
            raise ProjectError("setuptools could not build the wheel; the lines above say why")
        (built,) = (source / "dist").iterdir()
        return Path(shutil.copy(built, folder))

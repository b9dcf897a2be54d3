"""A `python3` whose new environments begin as a copy of one that has everything.

The pipelines that are really run make an environment in each of their dozens of jobs. That this works from nothing,
other tests see; here `make setup` finds what it asks for, as on a machine that keeps it for the next job.
"""

import os
import shutil
import stat
import sys
from pathlib import Path

PYTHON = """#!/bin/sh
# Stands for the Python of a machine: `python3 -m venv` takes over an environment, all else it hands on.
whole="{whole}"
case "$*" in
"-m venv .venv" | "-m venv --without-pip .venv")
  mkdir -p .venv
  cp -al "$whole/." .venv
  grep -rlIF "$whole" .venv/bin .venv/pyvenv.cfg | xargs sed -i "s#$whole#$PWD/.venv#g" ;;
"-m venv --without-pip "*)
  mkdir -p "$4/bin"
  for name in python python3; do ln -s "$0" "$4/bin/$name"; done ;;
*) exec "{python}" "$@" ;;
esac
"""


def make(environment: Path, folder: Path) -> None:
    """Write the command into a folder, for the environment of a project.

    Files are linked, not copied: nothing changes them in place. Bytecode that is just being written is left out.
    """
    whole = folder / "environment"
    left_out = shutil.ignore_patterns("*.pyc.*", "ready")
    shutil.copytree(environment, whole, symlinks=True, copy_function=os.link, ignore=left_out)
    for script in (whole / "bin").iterdir():
        if not script.is_symlink() and str(environment).encode() in script.read_bytes():
            text = script.read_text().replace(str(environment), str(whole))
            script.unlink()
            script.write_text(text)
            script.chmod(stat.S_IRWXU)
    command = folder / "python3"
    command.write_text(PYTHON.format(whole=whole, python=Path(sys.base_prefix) / "bin" / "python3"))
    command.chmod(stat.S_IRWXU)

"""What the environments of all tests are made from: libraries, downloaded once and compiled once.

The jobs that are really run make dozens of environments. Each would compile again what it imports, which takes longer
than to install it; uv puts what its cache holds into an environment, bytecode included.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

CACHE = Path.home() / ".cache" / "mlops-maturity-template"


def keep() -> None:
    """Have libraries kept in a cache of the tests' own, unless the environment names another."""
    for name in ("PIP", "UV"):
        os.environ.setdefault(f"{name}_CACHE_DIR", str(CACHE / name.lower()))


def compile_once(lock: Path, fill: Callable[[], object]) -> None:
    """Compile what the cache holds, before anything is taken out of it.

    Args:
        lock: what says which libraries there are.
        fill: has them downloaded.
    """
    if os.environ["UV_CACHE_DIR"] != str(CACHE / "uv"):
        return  # somebody else's
    done = CACHE / f"compiled-{hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / "compiling.lock"):
        if done.exists():
            return
        fill()
        archives = [str(path) for path in (CACHE / "uv").glob("archive-v*")]
        # Not scripts: uv refuses a wheel that has a folder among them. Nor the libraries' own tests, which nobody
        # imports. What is of an older Python cannot be compiled, and is not imported either.
        but = r"\.data/|/tests/"
        subprocess.run([sys.executable, "-m", "compileall", "-qq", "-j", "2", "-x", but, *archives], check=False)
        done.touch()

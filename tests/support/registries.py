"""A registry of images: the one that public registries run, on this machine, with its content in a folder."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from conftest import clean_environment
from served import wait_until

COMMAND = "docker-registry"


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Run a registry while the block lasts.

    Args:
        folder: for its content and its log; it may exist.

    Yields:
        Its address, 127.0.0.1:PORT, which the names of its images begin with.
    """
    if not shutil.which(COMMAND):
        pytest.skip(f"no registry of images is at hand: apt-get install --no-install-recommends {COMMAND}")
    folder.mkdir(parents=True, exist_ok=True)
    settings, log = folder / "config.yaml", folder / "registry.log"
    content = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(folder / "content")}},
        # The system chooses a port that is free, and the log tells it.
        "http": {"addr": "127.0.0.1:0"},
    }
    settings.write_text(yaml.safe_dump(content), encoding="utf-8")
    with log.open("wb") as told:
        process = subprocess.Popen([COMMAND, "serve", str(settings)], env=clean_environment(), stderr=told, stdout=told)
    try:
        wait_until(lambda: process.poll() is not None or bool(_address(log)), seconds=10)
        assert process.poll() is None, log.read_text()
        yield _address(log)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _address(log: Path) -> str:
    found = re.search(r"listening on (127\.0\.0\.1:\d+)", log.read_text())
    return found[1] if found else ""

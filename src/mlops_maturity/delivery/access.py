"""Access to a host or a cluster from secrets of a CI system. On a person's machine, that person's own is used."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WRAPPER = """\
#!/bin/sh
exec "{ssh}" -F none -i "{folder}/key" -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes \\
  -o StrictHostKeyChecking=yes -o GlobalKnownHostsFile=none -o UserKnownHostsFile="{folder}/known_hosts" "$@"
"""


@contextmanager
def to_host() -> Iterator[dict[str, str]]:
    """The environment in which `ssh` uses DEPLOY_KEY and trusts DEPLOY_KNOWN_HOSTS, if there is such a key."""
    environment = dict(os.environ)
    key, hosts = environment.pop("DEPLOY_KEY", ""), environment.pop("DEPLOY_KNOWN_HOSTS", "")
    if not key:
        yield environment
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "key", key, 0o600)
        _write(folder / "known_hosts", hosts, 0o600)
        # Docker calls `ssh` by its name, and has no setting for a key.
        _write(folder / "ssh", WRAPPER.format(ssh=shutil.which("ssh") or "ssh", folder=folder), 0o700)
        yield environment | {"PATH": f"{folder}{os.pathsep}{environment['PATH']}"}


@contextmanager
def to_cluster() -> Iterator[dict[str, str]]:
    """The environment in which `kubectl` reads the configuration DEPLOY_KUBECONFIG, if there is one."""
    environment = dict(os.environ)
    content = environment.pop("DEPLOY_KUBECONFIG", "")
    if not content:
        yield environment
        return
    with tempfile.TemporaryDirectory() as name:
        _write(Path(name) / "config", content, 0o600)
        yield environment | {"KUBECONFIG": f"{name}/config"}


def _write(path: Path, content: str, mode: int) -> None:
    path.touch(mode)
    path.write_text(content.rstrip("\n") + "\n", encoding="utf-8")

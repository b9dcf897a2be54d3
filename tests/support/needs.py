"""What `make test-all` and `make test-deep` need of a machine beside Python, git and make, and how to get it.

`python tests/support/needs.py` says what is missing, and ends with 1 if something is.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
# What is looked for, a command on the path or a file, and the Debian package that brings it.
PACKAGES = {
    "/usr/lib/podman/aardvark-dns": "aardvark-dns",
    "/usr/lib/podman/netavark": "netavark",
    "buildah": "buildah",
    "debootstrap": "debootstrap",
    "docker-registry": "docker-registry",
    "groovy": "groovy",
    "haproxy": "haproxy",
    "iptables": "iptables",
    "java": "default-jre-headless",
    "npm": "npm",
    "podman": "podman",
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "psql": "postgresql",
    "rsync": "rsync",
    "runc": "runc",
    "shellcheck": "shellcheck",
    "ssh-keygen": "openssh-client",
}
# Folders whose lock npm installs from, and a command that it brings.
OF_NPM = {"gitlab": "gitlab-ci-local", "jenkins": "npm-groovy-lint"}


def missing() -> Iterator[str]:
    """What is missing, a line for each way to get it."""
    packages = sorted({package for tool, package in PACKAGES.items() if not shutil.which(tool)})
    if packages:
        yield f"system tools: apt-get install --no-install-recommends {' '.join(packages)}"
    for folder, command in OF_NPM.items():
        if not (HERE / folder / "node_modules" / ".bin" / command).exists():
            yield f"{command}: npm ci --prefix tests/support/{folder}"
    if os.geteuid():
        yield "the rights to build images: run this as root, or in a container of your own"


def main() -> int:
    """Say it, before anything is run."""
    found = list(missing())
    if found:
        lines = "\n".join(f"  {line}" for line in found)
        print(f"nothing was run, for this is missing:\n{lines}\n`.ci/run` installs all of it.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

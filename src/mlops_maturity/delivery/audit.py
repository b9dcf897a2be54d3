"""The audit of the dependencies: whether anything that the locks name is known to be vulnerable.

What could not be asked is said to be NOT AUDITED, and never passes for a good answer: pip-audit itself calls a package
that its service does not know free of known vulnerabilities.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_maturity.delivery.arrival import tell
from mlops_maturity.project import library
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError

LOCKS = (Path("requirements.lock"), Path("deploy/requirements.lock"))
NO_ANSWER = re.compile(r"vulnerability feed|redirecting properly|requests\.exceptions|ServiceError")


@dataclass(frozen=True, order=True)
class Finding:
    """A known vulnerability in a package.

    Attributes:
        package: its name and version.
        names: the vulnerability's own name, and others for it.
        fixed: the versions that do not have it.
    """

    package: str
    names: tuple[str, ...]
    fixed: tuple[str, ...]

    @property
    def told(self) -> str:
        """In words."""
        name, *others = self.names
        fixed = f"fixed in {', '.join(self.fixed)}" if self.fixed else "not fixed in any version yet"
        also = f" ({', '.join(others)})" if others else ""
        return f"{self.package}: {name}{also}, {fixed}"


def run() -> None:
    """Audit what the locks name.

    Raises:
        ProjectError: a lock cannot be read, or has a vulnerability that params.yaml does not except.
    """
    excepted = settings.load().audit.ignore
    found: set[Finding] = set()
    for lock in LOCKS:
        found.update(_audited(lock))
    if own := library.wheel():
        print(f"{library.LOCK}: {library.NAME} {own.version} is on no index; the locks have what it requires")
    open_ones = []
    for finding in sorted(found):
        if reason := next((excepted[name] for name in finding.names if name in excepted), None):
            tell(f"excepted: {finding.told}: {reason}")
        else:
            tell(f"VULNERABLE: {finding.told}")
            open_ones.append(finding.told)
    if open_ones:
        raise ProjectError(
            f"{'; '.join(open_ones)}; `make upgrade` takes newer versions, and audit.ignore in params.yaml is for what "
            "does not concern this project"
        )


def _audited(lock: Path) -> Iterator[Finding]:
    """The vulnerabilities in a lock; says how much of it could be audited."""
    report = _report(lock)
    if isinstance(report, str):
        tell(f"NOT AUDITED: {lock}: {report}")
        return
    packages: list[Mapping[str, Any]] = report["dependencies"]
    unknown = sorted(package["name"] for package in packages if "skip_reason" in package)
    if unknown:
        named = ", ".join(unknown[:5]) + (", ..." if len(unknown) > 5 else "")
        tell(f"NOT AUDITED: {lock}: the service knows nothing of {len(unknown)} of {len(packages)} packages: {named}")
    print(f"{lock}: {len(packages) - len(unknown)} packages audited")
    for package in packages:
        for known in package.get("vulns", ()):
            names = (known["id"], *known["aliases"])
            yield Finding(f"{package['name']} {package['version']}", names, tuple(known["fix_versions"]))


def _report(lock: Path) -> dict[str, Any] | str:
    """What pip-audit reports on a lock, or why its service did not answer."""
    options = ("--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off")
    command = [sys.executable, "-m", "pip_audit", *options, "--requirement", str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except json.JSONDecodeError:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1].removeprefix("ERROR:pip_audit._cli:")
        if NO_ANSWER.search(done.stderr):
            return reason
        raise ProjectError(f"{lock} could not be audited: {reason}") from None
    return report

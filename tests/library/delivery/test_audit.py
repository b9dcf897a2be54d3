"""A known vulnerability stops a release; what could not be audited is reported, and is no pass."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from library.delivery.conftest import Stage
from mlops_maturity.delivery import audit
from mlops_maturity.project import job
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Audit

pytestmark = pytest.mark.guards("CI-07")

KNOWN = {"name": "numpy", "version": "2.4.6", "vulns": []}
VULNERABLE = {
    "name": "jinja2",
    "version": "2.11.2",
    "vulns": [{"id": "PYSEC-2021-66", "fix_versions": ["2.11.3"], "aliases": ["CVE-2020-28493"]}],
}
UNKNOWN = {"name": "scipy", "skip_reason": "Dependency not found"}


@pytest.fixture(autouse=True)
def excepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """The exceptions of params.yaml."""
    exceptions: dict[str, str] = {}
    monkeypatch.setattr(settings, "load", lambda: type("Params", (), {"audit": Audit(ignore=exceptions)}))
    monkeypatch.setenv(job.SUMMARIES[0], str(tmp_path / "summary.md"))
    return exceptions


@pytest.fixture
def reports(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Let pip-audit report on packages, whatever the lock."""

    def report(*packages: Any, script: str = "") -> Path:
        (tmp_path / "report.json").write_text(json.dumps({"dependencies": packages, "fixes": []}))
        notes = stage("python", script or f"cat {tmp_path}/report.json; exit 1")
        monkeypatch.setattr(sys, "executable", str(notes.with_suffix("")))
        return notes

    return report


def test_audit_of_a_project_reads_both_locks_with_their_hashes(
    reports: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    notes = reports(KNOWN)
    audit.run()
    calls = notes.read_text().splitlines()
    assert [call.rpartition(" ")[2] for call in calls] == ["requirements.lock", "deploy/requirements.lock"]
    assert all("-m pip_audit --disable-pip --require-hashes" in call for call in calls)
    assert "requirements.lock: 1 packages audited" in capsys.readouterr().out


def test_audit_with_a_known_vulnerability_names_it_and_its_fix(reports: Callable[..., Path], tmp_path: Path) -> None:
    reports(KNOWN, VULNERABLE)
    with pytest.raises(ProjectError, match=r"^jinja2 2\.11\.2: PYSEC-2021-66 \(CVE-2020-28493\), fixed in 2\.11\.3; "):
        audit.run()
    assert (tmp_path / "summary.md").read_text().startswith("VULNERABLE: jinja2 2.11.2: PYSEC-2021-66")


@pytest.mark.parametrize("name", ["PYSEC-2021-66", "CVE-2020-28493"])
def test_audit_with_a_reviewed_exception_reports_its_reason(
    name: str, reports: Callable[..., Path], excepted: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    reports(VULNERABLE)
    excepted[name] = "no template here is a user's"
    audit.run()
    assert "excepted: jinja2 2.11.2: PYSEC-2021-66 (CVE-2020-28493), fixed in 2.11.3: no template here is a user's" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize("reason", ["", " ", None])
def test_exception_without_a_reason_is_refused(reason: str | None) -> None:
    with pytest.raises(ValueError, match=r"say why PYSEC-1 does not concern|valid string"):
        Audit.model_validate({"ignore": {"PYSEC-1": reason}})


def test_audit_of_an_unknown_package_reports_it_as_not_audited(reports: Callable[..., Path], tmp_path: Path) -> None:
    reports(KNOWN, UNKNOWN)
    audit.run()
    expected = "NOT AUDITED: requirements.lock: the service knows nothing of 1 of 2 packages: scipy"
    assert (tmp_path / "summary.md").read_text().splitlines()[0] == expected


@pytest.mark.parametrize(
    "said",
    [
        "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed",
        "requests.exceptions.ConnectionError: Max retries exceeded",
    ],
)
def test_audit_without_the_service_reports_not_audited(said: str, reports: Callable[..., Path], tmp_path: Path) -> None:
    reports(script=f'echo "{said}" >&2; exit 1')
    audit.run()
    first, second = (tmp_path / "summary.md").read_text().splitlines()
    assert first.startswith("NOT AUDITED: requirements.lock: ")
    assert second.startswith("NOT AUDITED: deploy/requirements.lock: ")


def test_audit_of_an_unreadable_lock_fails(reports: Callable[..., Path]) -> None:
    reports(script='echo "ERROR:pip_audit._cli:requirement numpy does not contain a hash" >&2; exit 1')
    with pytest.raises(ProjectError, match=r"requirements\.lock could not be audited: requirement numpy"):
        audit.run()

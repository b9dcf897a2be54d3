"""Secrets of a CI system give access while a delivery lasts, and leave nothing behind."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from library.delivery.conftest import Stage
from mlops_maturity.delivery.access import to_cluster, to_host

pytestmark = pytest.mark.guards("1-CD", "SEC-04")


def test_to_host_with_a_key_ssh_uses_it_and_it_is_deleted_afterwards(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = stage("ssh", "")
    monkeypatch.setenv("DEPLOY_KEY", "a key")
    monkeypatch.setenv("DEPLOY_KNOWN_HOSTS", "host ssh-ed25519 AAAA")
    with to_host() as environment:
        assert "DEPLOY_KEY" not in environment
        folder = Path(environment["PATH"].partition(":")[0])
        assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600
        assert (folder / "known_hosts").read_text() == "host ssh-ed25519 AAAA\n"
        subprocess.run(["ssh", "user@host", "true"], env=environment, check=True)
    called = notes.read_text()
    # Nothing of the user's own counts: no configuration, no agent, no host that the user knows.
    for option in ("-F none", "IdentityAgent=none", "StrictHostKeyChecking=yes", "GlobalKnownHostsFile=none"):
        assert option in called
    assert f"-i {folder}/key" in called
    assert called.endswith("user@host true\n")
    assert not folder.exists()


def test_to_cluster_with_a_configuration_kubectl_reads_it_and_it_is_deleted_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DEPLOY_KUBECONFIG", "apiVersion: v1")
    with to_cluster() as environment:
        file = Path(environment["KUBECONFIG"])
        assert file.read_text() == "apiVersion: v1\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not file.exists()


def test_access_without_secrets_is_the_persons_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEPLOY_KEY", "DEPLOY_KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/a")
    with to_host() as host, to_cluster() as cluster:
        assert host["PATH"] == cluster["PATH"] == "/a"


def test_key_of_a_job_that_is_stopped_is_deleted(tmp_path: Path) -> None:
    script = """
import sys, time
from mlops_maturity.__main__ import end_cleanly
from mlops_maturity.delivery.access import to_host
end_cleanly()
with to_host() as environment:
    print(environment["PATH"].partition(":")[0], flush=True)
    time.sleep(60)
"""
    job = os.environ | {"DEPLOY_KEY": "a key", "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", script], env=job, stdout=subprocess.PIPE, text=True) as stopped:
        assert stopped.stdout
        folder = Path(stopped.stdout.readline().strip())
        assert (folder / "key").exists()
        stopped.send_signal(signal.SIGTERM)
        assert stopped.wait(30) == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []

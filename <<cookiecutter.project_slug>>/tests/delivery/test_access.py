"""Secrets of a CI system give access while a delivery lasts, and leave nothing behind."""

import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from << cookiecutter.__package_name >>.delivery.access import to_cluster, to_host

pytestmark = pytest.mark.requirement("1-CD")


def test_key_is_used_by_ssh_and_gone_afterwards(
    stage: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
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
    said = notes.read_text()
    assert f"-i {folder}/key" in said
    assert said.endswith("user@host true\n")
    assert not folder.exists()


def test_configuration_is_read_by_kubectl_and_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_KUBECONFIG", "apiVersion: v1")
    with to_cluster() as environment:
        file = Path(environment["KUBECONFIG"])
        assert file.read_text() == "apiVersion: v1\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not file.exists()


def test_without_secrets_a_persons_own_access_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEPLOY_KEY", "DEPLOY_KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/a")
    with to_host() as host, to_cluster() as cluster:
        assert host["PATH"] == cluster["PATH"] == "/a"

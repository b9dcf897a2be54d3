"""The container engine is logged in to the registry of images, and no command has a password in it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from << cookiecutter.__package_name >>.delivery import login
from << cookiecutter.__package_name >>.errors import ProjectError

pytestmark = pytest.mark.requirement("CD-09")

Stage = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def docker(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """How the engine was called; what it was typed is in the file `typed`."""
    for name in ("GITHUB_ACTOR", "IMAGE_REPOSITORY", "REGISTRY_TOKEN", "REGISTRY_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("typed").touch()
    return stage("docker", "cat > typed")


def test_password_is_typed_and_in_no_command(
    docker: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMAGE_REPOSITORY", "ghcr.io/owner/name")
    monkeypatch.setenv("GITHUB_ACTOR", "somebody")
    monkeypatch.setenv("REGISTRY_TOKEN", "a secret")
    login.run()
    assert docker.read_text() == "login --username somebody --password-stdin ghcr.io\n"
    assert Path("typed").read_text() == "a secret"
    assert capsys.readouterr().out == "logged in to ghcr.io as somebody\n"
    monkeypatch.setenv("REGISTRY_USER", "robot")
    login.run()
    assert "--username robot " in docker.read_text()


@pytest.mark.parametrize(
    "cloud",
    [
        ("1234.dkr.ecr.eu-west-1.amazonaws.com", "aws", "AWS"),
        ("europe-docker.pkg.dev", "gcloud", "oauth2accesstoken"),
    ],
)
def test_a_cloud_gives_a_password_for_a_while(
    docker: Path, stage: Stage, cloud: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    host, command, user = cloud
    monkeypatch.setenv("IMAGE_REPOSITORY", f"{host}/project/name")
    stage(command, "echo for a while")
    login.run()
    assert docker.read_text() == f"login --username {user} --password-stdin {host}\n"
    assert Path("typed").read_text() == "for a while"
    stage(command, "echo no credentials >&2; exit 1")
    with pytest.raises(ProjectError, match="gave no password: no credentials"):
        login.run()


@pytest.mark.parametrize("repository", ["", "registry.example:5000/name"])
def test_what_is_missing_is_told(
    docker: Path, repository: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMAGE_REPOSITORY", repository)
    login.run()
    told = "to registry.example:5000: set REGISTRY_USER and" if repository else ": set IMAGE_REPOSITORY"
    assert capsys.readouterr().out.startswith(f"NOT LOGGED IN{' ' if repository else ''}{told}")
    assert docker.read_text() == ""


def test_a_refusal_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage("docker", "echo unauthorized >&2; exit 1")
    monkeypatch.setenv("IMAGE_REPOSITORY", "ghcr.io/owner/name")
    monkeypatch.setenv("REGISTRY_USER", "somebody")
    monkeypatch.setenv("REGISTRY_TOKEN", "wrong")
    with pytest.raises(ProjectError, match=r"ghcr\.io does not let somebody in: unauthorized"):
        login.run()


@pytest.mark.parametrize(
    ("repository", "host"),
    [
        ("owner/name", "docker.io"),
        ("name", "docker.io"),
        ("localhost/name", "localhost"),
        ("localhost:5000/name", "localhost:5000"),
        ("ghcr.io/owner/name", "ghcr.io"),
    ],
)
def test_the_host_is_what_names_a_machine(repository: str, host: str) -> None:
    assert login.host_of(repository) == host

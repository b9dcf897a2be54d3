"""The container engine is logged in to the registry of images, and no command has a password in it."""

import base64
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from library.delivery.conftest import Stage
from mlops_maturity.delivery import login
from mlops_maturity.project.errors import ProjectError

pytestmark = pytest.mark.guards("CD-09")


@pytest.fixture(autouse=True)
def docker(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """How the engine was called; what it was typed is in the file `typed`."""
    for name in ("GITHUB_ACTOR", "IMAGE_REPOSITORY", "REGISTRY_TOKEN", "REGISTRY_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("typed").touch()
    return stage("docker", "cat > typed")


def test_login_with_a_password_types_it_and_puts_it_into_no_command(
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


def test_logout_forgets_the_registry_that_the_job_logged_in_to(
    docker: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMAGE_REPOSITORY", "ghcr.io/owner/name")
    login.leave()
    assert docker.read_text() == "logout ghcr.io\n"
    assert capsys.readouterr().out == "logged out of ghcr.io\n"


def test_logout_of_nobody_is_no_error(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    login.leave()
    monkeypatch.setenv("IMAGE_REPOSITORY", "ghcr.io/owner/name")
    stage("docker", "exit 1")
    login.leave()
    monkeypatch.setenv("PATH", "/nowhere")
    login.leave()
    assert capsys.readouterr().out == ""


class RefusalError(Exception):
    """What the libraries of both clouds raise here."""


def amazon(password: str) -> dict[str, ModuleType]:
    """Amazon's library, as far as a password needs it; it gives none if there is none."""
    session, failures = ModuleType("botocore.session"), ModuleType("botocore.exceptions")

    class Client:
        def __init__(self, service: str, region_name: str) -> None:
            assert (service, region_name) == ("ecr", "eu-west-1")

        def get_authorization_token(self) -> dict[str, list[dict[str, str]]]:
            if not password:
                raise RefusalError("Unable to locate credentials")
            token = base64.b64encode(f"AWS:{password}".encode()).decode()
            return {"authorizationData": [{"authorizationToken": token}]}

    vars(session)["get_session"] = lambda: SimpleNamespace(create_client=Client)
    vars(failures).update(BotoCoreError=RefusalError, ClientError=RefusalError)
    return {"botocore.session": session, "botocore.exceptions": failures}


def google(password: str) -> dict[str, ModuleType]:
    """Google's library, as far as a token needs it; it gives none if there is none."""
    auth, requests = ModuleType("google.auth"), ModuleType("google.auth.transport.requests")

    class Credentials:
        token = ""

        def refresh(self, request: object) -> None:
            assert request == "a request"
            self.token = password

    def default(scopes: list[str]) -> tuple[Credentials, str]:
        assert scopes == ["https://www.googleapis.com/auth/cloud-platform"]
        if not password:
            raise RefusalError("Your default credentials were not found")
        return Credentials(), "project"

    vars(auth).update(default=default, exceptions=SimpleNamespace(GoogleAuthError=RefusalError))
    vars(requests)["Request"] = lambda: "a request"
    return {"google.auth": auth, "google.auth.transport.requests": requests}


CLOUDS = {
    "1234.dkr.ecr.eu-west-1.amazonaws.com": ("AWS", amazon, "aws", "Unable to locate credentials"),
    "europe-docker.pkg.dev": ("oauth2accesstoken", google, "gcloud", "Your default credentials were not found"),
}


@pytest.mark.parametrize("host", CLOUDS)
def test_login_to_a_cloud_uses_the_password_that_its_library_gives(
    docker: Path, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, library, _, refusal = CLOUDS[host]
    monkeypatch.setenv("IMAGE_REPOSITORY", f"{host}/project/name")
    for name, module in library("for a while").items():
        monkeypatch.setitem(sys.modules, name, module)
    login.run()
    assert docker.read_text() == f"login --username {user} --password-stdin {host}\n"
    assert Path("typed").read_text() == "for a while"
    for name, module in library("").items():
        monkeypatch.setitem(sys.modules, name, module)
    with pytest.raises(ProjectError, match=f"gives no password for {host}: {refusal}"):
        login.run()


@pytest.mark.parametrize("host", CLOUDS)
def test_login_to_a_cloud_without_its_library_asks_its_command(
    docker: Path, stage: Stage, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, library, command, _ = CLOUDS[host]
    monkeypatch.setenv("IMAGE_REPOSITORY", f"{host}/project/name")
    for name in library(""):
        monkeypatch.setitem(sys.modules, name, None)
    stage(command, "echo for a while")
    login.run()
    assert docker.read_text() == f"login --username {user} --password-stdin {host}\n"
    assert Path("typed").read_text() == "for a while"
    stage(command, "echo no credentials >&2; exit 1")
    with pytest.raises(ProjectError, match="gave no password: no credentials"):
        login.run()


@pytest.mark.parametrize("host", CLOUDS)
def test_login_to_a_cloud_without_library_and_command_says_what_to_install(
    host: str, docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, library, command, _ = CLOUDS[host]
    monkeypatch.setenv("IMAGE_REPOSITORY", f"{host}/project/name")
    monkeypatch.setenv("PATH", str(docker.parent))
    for name in library(""):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ProjectError, match=f"{command} is not installed; it would give the password for a while"):
        login.run()


@pytest.mark.parametrize("repository", ["", "registry.example:5000/name"])
def test_login_without_settings_reports_what_is_missing(
    docker: Path, repository: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMAGE_REPOSITORY", repository)
    login.run()
    told = "to registry.example:5000: set REGISTRY_USER and" if repository else ": set IMAGE_REPOSITORY"
    assert capsys.readouterr().out.startswith(f"NOT LOGGED IN{' ' if repository else ''}{told}")
    assert docker.read_text() == ""


def test_login_that_is_refused_fails_with_the_reason(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_host_of_a_repository_is_what_names_a_machine(repository: str, host: str) -> None:
    assert login.host_of(repository) == host

"""Logging the container engine in to the registry of images, before it pulls from there or pushes to it."""

import base64
import os
import subprocess
from collections.abc import Callable
from importlib import import_module

from mlops_maturity.delivery.image import engine, installed_engine
from mlops_maturity.project.errors import ProjectError

ALL_OF_GOOGLE = "https://www.googleapis.com/auth/cloud-platform"


def _amazon(host: str) -> str:
    """A password for twelve hours, by the library that DVC reaches S3 with, or by Amazon's command line."""
    try:
        session, failures = import_module("botocore.session"), import_module("botocore.exceptions")
    except ImportError:
        return _asked("aws", "ecr", "get-login-password")
    # <account>.dkr.ecr.<region>.amazonaws.com
    region = host.split(".")[-3]
    try:
        answer = session.get_session().create_client("ecr", region_name=region).get_authorization_token()
    except (failures.BotoCoreError, failures.ClientError) as error:
        raise ProjectError(f"Amazon gives no password for {host}: {error}") from None
    return base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode().partition(":")[2]


def _google(host: str) -> str:
    """A token for an hour, by the library that DVC reaches Google with, or by Google's command line."""
    try:
        auth, requests = import_module("google.auth"), import_module("google.auth.transport.requests")
    except ImportError:
        return _asked("gcloud", "auth", "print-access-token")
    try:
        credentials, _ = auth.default(scopes=[ALL_OF_GOOGLE])
        credentials.refresh(requests.Request())
    except auth.exceptions.GoogleAuthError as error:
        raise ProjectError(f"Google gives no password for {host}: {error}") from None
    return str(credentials.token)


# Clouds that hand out a password for a while to whoever is logged in to them: how a host ends, the user, how to ask.
SHORT_LIVED: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    (".amazonaws.com", "AWS", _amazon),
    (".pkg.dev", "oauth2accesstoken", _google),
)


def run() -> None:
    """Log in to the registry that IMAGE_REPOSITORY is in, or say what is missing: a registry may ask for nobody.

    Raises:
        ProjectError: the registry refuses, or a cloud gives no password.
    """
    repository = os.environ.get("IMAGE_REPOSITORY", "")
    if not repository:
        print("NOT LOGGED IN: set IMAGE_REPOSITORY to where images are kept")
        return
    host = host_of(repository)
    user, password = credentials(host)
    if not user or not password:
        print(f"NOT LOGGED IN to {host}: set REGISTRY_USER and REGISTRY_TOKEN, if it asks for them")
        return
    command = [engine(), "login", "--username", user, "--password-stdin", host]
    done = subprocess.run(command, input=password, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProjectError(f"{host} does not let {user} in: {_reason(done)}")
    print(f"logged in to {host} as {user}")


def leave() -> None:
    """Log out of that registry: a machine that stays is not to keep the password of a job."""
    repository, found = os.environ.get("IMAGE_REPOSITORY", ""), installed_engine()
    if not repository or not found:
        return
    host = host_of(repository)
    # Nobody may be logged in there: a job logs out whatever came before.
    if subprocess.run([found, "logout", host], capture_output=True, check=False).returncode == 0:
        print(f"logged out of {host}")


def host_of(repository: str) -> str:
    """The registry that a repository is in: what is before the first slash, if that names a machine."""
    first, slash, _ = repository.partition("/")
    return first if slash and (set(".:") & set(first) or first == "localhost") else "docker.io"


def credentials(host: str) -> tuple[str, str]:
    """The user and the password for a registry; either may be nothing.

    Raises:
        ProjectError: a cloud gives no password.
    """
    user = os.environ.get("REGISTRY_USER") or os.environ.get("GITHUB_ACTOR", "")
    if token := os.environ.get("REGISTRY_TOKEN"):
        return user, token
    for ending, name, ask in SHORT_LIVED:
        if host.endswith(ending):
            return name, ask(host)
    return user, ""


def _asked(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ProjectError(f"{command[0]} is not installed; it would give the password for a while") from None
    if done.returncode:
        raise ProjectError(f"`{' '.join(command)}` gave no password: {_reason(done)}")
    return done.stdout.strip()


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    return ((done.stderr or done.stdout).strip().splitlines() or ["no reason given"])[-1]

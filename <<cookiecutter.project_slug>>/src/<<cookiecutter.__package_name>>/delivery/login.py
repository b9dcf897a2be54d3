"""Logging the container engine in to the registry of images, before it pulls from there or pushes to it."""

import os
import subprocess

from ..errors import ProjectError
from .image import engine

# Clouds that hand out a password for a while to whoever is logged in to them: how a host ends, the user, the command.
SHORT_LIVED = (
    (".amazonaws.com", "AWS", ("aws", "ecr", "get-login-password")),
    (".pkg.dev", "oauth2accesstoken", ("gcloud", "auth", "print-access-token")),
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
    for ending, name, command in SHORT_LIVED:
        if host.endswith(ending):
            return name, _asked(command)
    return user, ""


def _asked(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ProjectError(f"{command[0]} is not installed; it would give the password for a while") from None
    if done.returncode:
        raise ProjectError(f"`{' '.join(command)}` gave no password: {_reason(done)}")
    return done.stdout.strip()


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    return ((done.stderr or done.stdout).strip().splitlines() or ["no reason given"])[-1]

"""Deployment to a machine with Docker: this one, or one that is reached by SSH.

A proxy stays while versions of the service come and go behind it, in two colours. The new one starts in the free
colour, gets no requests until the proxy is told so, and then all of them. The old one ends when it has answered what it
began.
"""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess

from mlops_maturity.delivery.access import to_host
from mlops_maturity.delivery.image import engine, project_name
from mlops_maturity.delivery.place import Address
from mlops_maturity.delivery.release import Release
from mlops_maturity.delivery.tunnel import free_port, tunnel
from mlops_maturity.project.errors import ProjectError

WHAT_TO_SET = "DEPLOY_HOST to user@host, a machine with Docker, or to `local` for this one"
HERE = "local"
COLOURS = ("blue", "green")
PROXY, SERVICE = "deploy/compose.yaml", "deploy/service.yaml"
# The proxy is told what to do by a port that only it reaches.
SAY = 'exec 3<>/dev/tcp/127.0.0.1/9999 && echo "$0" >&3 && cat <&3'
SETTINGS = "deploy/service.env"
SECONDS_TO_START = 60


@contextmanager
def place_of(environment: str, port: int) -> Iterator["Machine | None"]:
    """The machine that DEPLOY_HOST names; None if it names none.

    Args:
        environment: what it serves; several environments may share a machine.
        port: where it answers, unless PORT says otherwise.
    """
    host = os.environ.get("DEPLOY_HOST")
    if not host:
        yield None
        return
    with to_host() as access, tempfile.TemporaryDirectory() as folder:
        if settings := os.environ.get("SERVICE_SETTINGS"):
            file = Path(folder) / "service.env"
            file.touch(0o600)
            file.write_text(settings, encoding="utf-8")
            access["SERVICE_ENV"] = str(file)
        access["PORT"] = os.environ.get("PORT") or str(port)
        yield Machine(host, f"{project_name()}-{environment}", access)


class Machine:
    """A machine that serves an environment."""

    def __init__(self, host: str, stack: str, access: dict[str, str]) -> None:
        """Say which.

        Args:
            host: user@host, or `local`.
            stack: what its containers, network and volume are named after.
            access: the environment of the commands that reach it.
        """
        self.name = host
        self._stack = stack
        self._engine = engine()
        self._there = access | {"STACK": stack}
        if host != HERE:
            if self._engine != "docker":
                raise ProjectError("only docker can deploy to another machine; install it")
            self._there["DOCKER_HOST"] = f"ssh://{host}"
        self._old: str | None = None
        self._new: str | None = None

    def try_out(self, release: Release, arguments: Sequence[str]) -> CompletedProcess[str]:
        """Run a command of the package in a container of its own, with the prediction log at hand."""
        self._bring(release)
        self._open_proxy()
        rights = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")  # noqa: S108
        beside = ["--network", self._stack, "--volume", f"{self._stack}-predictions:/var/lib/predictions"]
        settings = Path(self._there.get("SERVICE_ENV", SETTINGS))
        beside += ["--env-file", str(settings)] if settings.exists() else []
        command = [
            self._engine,
            "run",
            "--rm",
            *rights,
            *beside,
            release.image,
            "python",
            "-m",
            "mlops_maturity",
            *arguments,
        ]
        return subprocess.run(command, env=self._there, capture_output=True, text=True, check=False)

    def start(self, release: Release) -> None:
        """Start a release in the colour that is free."""
        self._bring(release)
        self._open_proxy()
        weights = self._weights()
        self._old = next((colour for colour in COLOURS if weights[colour] and self._runs(colour)), None)
        self._new = next(colour for colour in COLOURS if colour != self._old)
        self._weigh(self._new, 0)
        self._end(self._new)
        if self._compose(SERVICE, self._new, "up", "--detach", image=release.image).returncode:
            raise ProjectError(f"{release.image} did not start at {self.name}; the lines above say why")

    def switch(self) -> None:
        """Let the new colour have all requests; the old one answers those that it has."""
        if self._new:
            self._await_ready(self._new)
            self._weigh(self._new, 100)
        if self._old:
            self._weigh(self._old, 0)

    def settle(self) -> None:
        """End the old colour."""
        if self._old:
            self._end(self._old)

    def back(self) -> None:
        """Let the old colour have all requests, and end the new one."""
        if self._old:
            self._weigh(self._old, 100)
        if self._new:
            self._weigh(self._new, 0)
            logs = self._compose(SERVICE, self._new, "logs", "--tail", "20")
            print(logs.stdout, end="")
            self._end(self._new)

    def stop(self) -> None:
        """End both colours and the proxy; the volume with the prediction log stays."""
        for colour in COLOURS:
            self._end(colour)
        if self._compose(PROXY, None, "down").returncode:
            raise ProjectError(f"the proxy at {self.name} did not end; the lines above say why")

    @contextmanager
    def reach(self, started: bool = False) -> Iterator[Address]:
        """The proxy on this machine, or the end of a tunnel to it."""
        headers = {"x-colour": self._new} if started and self._new else {}
        if self.name == HERE:
            yield Address(f"http://127.0.0.1:{self._there['PORT']}", headers)
            return
        here, there = free_port(), self._there["PORT"]
        forward = ["-N", "-o", "ExitOnForwardFailure=yes", "-L", f"127.0.0.1:{here}:127.0.0.1:{there}"]
        with tunnel(["ssh", *forward, self.name], here, self._there, f"there is no way by SSH to {self.name}"):
            yield Address(f"http://127.0.0.1:{here}", headers)

    def _bring(self, release: Release) -> None:
        """Bring an image there: from the registry of images if it comes from one, else from this machine."""
        known = subprocess.run(
            [self._engine, "image", "inspect", release.image], env=self._there, capture_output=True, check=False
        )
        if known.returncode == 0:
            return
        if "@" in release.image:
            pull = [self._engine, "pull", "--quiet", release.image]
            if subprocess.run(pull, env=self._there, check=False).returncode:
                raise ProjectError(f"{release.image} could not be pulled to {self.name}; the lines above say why")
            return
        with subprocess.Popen([self._engine, "save", release.image], stdout=subprocess.PIPE) as saving:
            loaded = subprocess.run(["docker", "load", "--quiet"], stdin=saving.stdout, env=self._there, check=False)
        if saving.returncode or loaded.returncode:
            raise ProjectError(f"{release.image} could not be brought to {self.name}; the lines above say why")

    def _open_proxy(self) -> None:
        # The volume outlives every container; it belongs to the first service that mounts it, and not to the proxy.
        volume = [self._engine, "volume", "create", f"{self._stack}-predictions"]
        subprocess.run(volume, env=self._there, capture_output=True, check=False)
        if self._compose(PROXY, None, "up", "--detach").returncode:
            raise ProjectError(f"the proxy did not start at {self.name}; the lines above say why")
        until = time.monotonic() + SECONDS_TO_START
        while "blue" not in self._say("show servers state colours"):
            if time.monotonic() > until:
                raise ProjectError(f"the proxy does not answer at {self.name}; `{self._engine} logs` says why")
            time.sleep(0.2)

    def _weights(self) -> dict[str, int]:
        """What share of the requests each colour gets."""
        state = self._say("show servers state colours").splitlines()
        names = next(line for line in state if line.startswith("#")).removeprefix("#").split()
        rows = [dict(zip(names, line.split(), strict=False)) for line in state if re.match(r"\d+ colours", line)]
        return {row["srv_name"]: int(row["srv_uweight"]) for row in rows}

    def _weigh(self, colour: str, weight: int) -> None:
        self._say(f"set server colours/{colour} weight {weight}")

    def _await_ready(self, colour: str) -> None:
        """Wait until the proxy, too, has found a colour ready."""
        until = time.monotonic() + SECONDS_TO_START
        while not re.search(rf"^colours,{colour},.*,UP,", self._say("show stat"), re.MULTILINE):
            if time.monotonic() > until:
                raise ProjectError(f"the proxy at {self.name} does not find the new release ready")
            time.sleep(0.2)

    def _say(self, command: str) -> str:
        return self._compose(PROXY, None, "exec", "-T", "proxy", "bash", "-c", SAY, command).stdout

    def _runs(self, colour: str) -> bool:
        return bool(self._compose(SERVICE, colour, "ps", "--quiet").stdout.strip())

    def _end(self, colour: str) -> None:
        self._compose(SERVICE, colour, "down")

    def _compose(self, file: str, colour: str | None, *arguments: str, image: str = "none") -> CompletedProcess[str]:
        stack = f"{self._stack}-{colour}" if colour else self._stack
        command = [self._engine, "compose", "--project-name", stack, "--file", file, *arguments]
        there = self._there | {"COLOUR": colour or "", "IMAGE": image}
        done = subprocess.run(command, env=there, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stdout + done.stderr, end="")
        return done

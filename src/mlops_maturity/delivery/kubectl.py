"""kubectl, told which cluster and which namespace it works in."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from subprocess import PIPE, CompletedProcess
from typing import Any

from mlops_maturity.project.errors import ProjectError

Manifest = dict[str, Any]


class Kubectl:
    """The commands of kubectl for one namespace of one cluster."""

    def __init__(self, context: str, namespace: str, environment: Mapping[str, str]) -> None:
        """Say where.

        Args:
            context: the cluster, and who asks it, as kubectl's configuration knows them.
            namespace: in that cluster.
            environment: of the commands.
        """
        self.environment = environment
        self._where = ("--context", context, "--namespace", namespace)

    def command(self, *arguments: str) -> list[str]:
        """The command that takes these arguments, in this cluster and namespace."""
        return ["kubectl", *self._where, *arguments]

    def ask(self, *arguments: str, given: Sequence[Manifest] = ()) -> str:
        """What a command prints.

        Args:
            arguments: of the command.
            given: manifests that it reads from its standard input.

        Raises:
            ProjectError: it fails; with what it says.
        """
        return str(self._run(arguments, given, stdout=PIPE).stdout)

    def read(self, *arguments: str) -> Any:
        """What a command answers as JSON; None if there is no such thing.

        Raises:
            ProjectError: it fails; with what it says.
        """
        answer = self.ask(*arguments, "--ignore-not-found", "--output", "json")
        return json.loads(answer) if answer else None

    def show(self, *arguments: str, given: Sequence[Manifest] = ()) -> None:
        """Let people read what a command prints, while it does.

        Args:
            arguments: of the command.
            given: manifests that it reads from its standard input.

        Raises:
            ProjectError: it fails; with what it says.
        """
        sys.stdout.flush()
        self._run(arguments, given)

    def _run(
        self, arguments: Sequence[str], given: Sequence[Manifest], stdout: int | None = None
    ) -> CompletedProcess[str]:
        command = self.command(*arguments)
        # JSON, because it says of each value whether it is a text: 123456789e12 is a number in YAML, and may be a name.
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(given)}) if given else ""
        try:
            done = subprocess.run(
                command, env=self.environment, input=text, stdout=stdout, stderr=PIPE, text=True, check=False
            )
        except FileNotFoundError:
            raise ProjectError("kubectl is not installed") from None
        if done.returncode:
            why = " ".join(done.stderr.split()).removeprefix("error: ") or f"it ends with {done.returncode}"
            raise ProjectError(f"`{' '.join(command)}` failed: {why}")
        print(done.stderr, end="", file=sys.stderr)
        return done

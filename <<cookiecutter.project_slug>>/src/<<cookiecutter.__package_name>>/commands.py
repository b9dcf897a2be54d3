"""The commands beside the steps: what each is for, where its `run` is, and what it may be told."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from . import paths

Argument = tuple[tuple[str, ...], dict[str, Any]]


@dataclass(frozen=True)
class Command:
    """A command of the command line.

    Attributes:
        purpose: what it is for, as the command line says it.
        module: where its `run` is; imported when it is run, so that a command loads only what it needs.
        arguments: what `run` takes, as argparse's `add_argument` does.
    """

    purpose: str
    module: str
    arguments: tuple[Argument, ...] = ()

    def run(self, **options: Any) -> None:
        """Run the command in the current folder."""
        function: Callable[..., None] = import_module(self.module, __package__).run
        function(**options)


def argument(*names: str, **settings: Any) -> Argument:
    """One argument: its names or flags, and what argparse is to know of it."""
    return names, settings


COMMANDS = {
    "predict": Command(
        "predict every row of a file",
        ".serving.batch",
        (
            argument("source", type=Path, help="a CSV or Parquet file"),
            argument(
                "destination", type=Path, nargs="?", default=paths.PREDICTIONS, help=f"default: {paths.PREDICTIONS}"
            ),
        ),
    ),
    "serve": Command(
        "answer over HTTP with the packaged model",
        ".serving.server",
        (
            argument("--model", type=Path, default=paths.ARTEFACT, help=f"default: {paths.ARTEFACT}"),
            argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine only"),
            argument("--port", type=int, default=8000, help="default: 8000; 0 takes any that is free"),
        ),
    ),
}

"""The command line: `mlops-maturity <command>`, or the names of some steps in order."""

import sys
from collections.abc import Sequence
from typing import Any

from mlops_maturity.pipeline.running import StepError, run_steps
from mlops_maturity.pipeline.steps import STEPS
from mlops_maturity.project import answers
from mlops_maturity.project.errors import ProjectError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command or some steps and return the exit code. What a person can fix is printed in one line."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given and all(name in STEPS for name in given):
        # A pipeline starts a process for each step, which is not to wait for what the other commands need.
        return _in_one_line(given[0], lambda: run_steps(given))
    options = _options(given)
    name = options.pop("command")
    if name in STEPS:
        return _in_one_line(name, lambda: run_steps([name, *options["then"]]))
    command = options.pop("of")
    return _in_one_line(name, lambda: command.run(**options))


def _in_one_line(name: str, run: Any) -> int:
    try:
        run()
    except StepError as error:
        print(error, file=sys.stderr)
        return 1
    except ProjectError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0


def _level() -> int:
    """The level of the project at hand; outside of a project, the highest, so that --help names every command."""
    try:
        return answers.load().level
    except ProjectError:
        return 2


def _options(arguments: Sequence[str]) -> dict[str, Any]:
    """The command and what it is told."""
    import argparse

    from mlops_maturity.commands import commands

    parser = argparse.ArgumentParser(prog="mlops-maturity", description="From data to a served model.")
    parsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, step in STEPS.items():
        added = parsers.add_parser(name, help=step.purpose, description=step.purpose)
        added.add_argument("then", nargs="*", choices=[*STEPS, []], metavar="step", help="further steps, in this order")
    for name, command in commands(_level()).items():
        added = parsers.add_parser(name, help=command.purpose, description=command.purpose)
        added.set_defaults(of=command)
        for flags, settings in command.arguments:
            added.add_argument(*flags, **settings)
    return vars(parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())

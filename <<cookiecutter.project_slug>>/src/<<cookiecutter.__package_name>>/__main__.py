"""The command line: `python -m <package> <command>`, or the names of some steps in order."""

import sys
from collections.abc import Sequence
from typing import Any

from .errors import ProjectError
<% if cookiecutter.maturity_level != "0" %>
from .runs import recorded
<% endif %>
from .steps import STEPS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command or some steps and return the exit code. What a person can put right is told in one line."""
    options = _options(sys.argv[1:] if arguments is None else arguments)
    name = options.pop("command")
    try:
        if name not in STEPS:
            from .commands import COMMANDS

            COMMANDS[name].run(**options)
            return 0
        for step in [name, *options["then"]]:
            name = step
<% if cookiecutter.maturity_level == "0" %>
            STEPS[step].run()
<% else %>
            with recorded(step):
                STEPS[step].run()
<% endif %>
    except ProjectError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0


def _options(arguments: Sequence[str]) -> dict[str, Any]:
    """The command and what it is told."""
    if arguments and all(name in STEPS for name in arguments):
        # A pipeline starts a process for each step, which is not to wait for what the other commands need.
        return {"command": arguments[0], "then": arguments[1:]}
    import argparse

    from .commands import COMMANDS

    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description="From data to a served model.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, step in STEPS.items():
        added = commands.add_parser(name, help=step.purpose, description=step.purpose)
        added.add_argument("then", nargs="*", choices=[*STEPS, []], metavar="step", help="further steps, in this order")
    for name, command in COMMANDS.items():
        added = commands.add_parser(name, help=command.purpose, description=command.purpose)
        for flags, settings in command.arguments:
            added.add_argument(*flags, **settings)
    return vars(parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())

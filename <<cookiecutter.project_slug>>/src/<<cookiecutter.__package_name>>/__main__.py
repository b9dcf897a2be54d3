"""The command line: `python -m <package> <command>`, or the names of some steps in order."""

import argparse
import sys

from .commands import COMMANDS
from .errors import ProjectError
<% if cookiecutter.maturity_level != "0" %>
from .runs import recorded
<% endif %>
from .steps import STEPS


def main(arguments: list[str] | None = None) -> int:
    """Run a command or some steps and return the exit code. What a person can put right is told in one line."""
    options = vars(_parser().parse_args(arguments))
    name = options.pop("command")
    try:
        if name in COMMANDS:
            COMMANDS[name].run(**options)
        for step in [] if name in COMMANDS else [name, *options["then"]]:
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description="From data to a served model.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, step in STEPS.items():
        added = commands.add_parser(name, help=step.purpose, description=step.purpose)
        added.add_argument("then", nargs="*", choices=[*STEPS, []], metavar="step", help="further steps, in this order")
    for name, command in COMMANDS.items():
        added = commands.add_parser(name, help=command.purpose, description=command.purpose)
        for flags, settings in command.arguments:
            added.add_argument(*flags, **settings)
    return parser


if __name__ == "__main__":
    sys.exit(main())

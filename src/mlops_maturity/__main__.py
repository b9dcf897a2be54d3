"""The command line: `mlops-maturity <command>`, or the names of some steps in order."""

import os
import select
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from mlops_maturity.pipeline.running import StepError, run_steps
from mlops_maturity.pipeline.steps import STEPS
from mlops_maturity.project import answers
from mlops_maturity.project.errors import ProjectError, meant


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command or some steps and return the exit code. What a person can fix is printed in one line."""
    if arguments is None:
        end_cleanly()
    try:
        try:
            return _run(sys.argv[1:] if arguments is None else list(arguments))
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough, as in `mlops-maturity --help | head`. Any other pipe is an error.
        if not _nobody_reads():
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _nobody_reads() -> bool:
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in output.poll(0))


def _run(given: list[str]) -> int:
    if given and all(name in STEPS for name in given):
        # A pipeline starts a process for each step, which is not to wait for what the other commands need.
        return _in_one_line(given[0], lambda: run_steps(given))
    options = _options(given)
    name = options.pop("command")
    if name in STEPS:
        return _in_one_line(name, lambda: run_steps([name, *options["then"]]))
    command = options.pop("of")

    def run() -> None:
        if command.run(**options) and command.then:
            print(f"next: {command.then}")

    return _in_one_line(name, run)


def end_cleanly() -> None:
    """End on SIGTERM as on Ctrl-C: what is there for a while, keys above all, goes before the process does."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def _in_one_line(name: str, run: Any) -> int:
    try:
        run()
    except (StepError, ProjectError) as error:
        sys.stdout.flush()  # in a log of CI, too, the reason comes after what was printed before it
        print(error if isinstance(error, StepError) else f"{name}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        raise
    except OSError as error:
        # Of the machine, and not of the code: a full disk, a folder where a file should be, rights that are missing.
        sys.stdout.flush()
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0


def _options(arguments: Sequence[str]) -> dict[str, Any]:
    """The command and its options."""
    import argparse

    from mlops_maturity.commands import commands

    level = answers.level_at_hand()

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            self.exit(2, f"{self.prog}: {message}\n")

    parser = Parser(
        prog="mlops-maturity",
        usage="mlops-maturity <command> [options]",
        description="From data to a served model. `mlops-maturity <command> --help` describes one command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_overview(level),
    )
    parsers = parser.add_subparsers(
        dest="command", prog="mlops-maturity", required=True, metavar="<command>", help=argparse.SUPPRESS
    )
    for name, step in STEPS.items():
        added = parsers.add_parser(name, description=step.purpose)
        added.add_argument("then", nargs="*", choices=[*STEPS, []], metavar="step", help="further steps, in this order")
    for name, command in commands(level).items():
        added = parsers.add_parser(name, description=command.purpose)
        added.set_defaults(of=command)
        for flags, settings in command.arguments:
            added.add_argument(*flags, **settings)
    if arguments and not arguments[0].startswith("-") and arguments[0] not in parsers.choices:
        parser.error(_unknown(arguments[0], level))
    return vars(parser.parse_args(arguments))


def _unknown(name: str, level: int) -> str:
    """What to say of a command that there is not: the level that has it, or the one that was meant."""
    from mlops_maturity.commands import commands
    from mlops_maturity.targets import of_another_level

    known = [*STEPS, *commands(level)]
    return of_another_level(name, level) or f"there is no command {name!r}; {meant(name, known)}"


def _overview(level: int) -> str:
    """The commands by what they are for, and some examples."""
    from mlops_maturity.commands import EXAMPLES, GROUPS, commands

    purposes = {name: step.purpose for name, step in STEPS.items()}
    purposes |= {name: command.purpose for name, command in commands(level).items()}
    lines = []
    for title, names in GROUPS.items():
        if known := [name for name in names if name in purposes]:
            lines += [f"{title}:", *(f"    {name:<15} {purposes[name]}" for name in known), ""]
    examples = [f"    {command:<48} {purpose}" for least, command, purpose in EXAMPLES if least <= level]
    return "\n".join([*lines, "Examples:", *examples])


if __name__ == "__main__":
    sys.exit(main())

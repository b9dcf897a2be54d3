"""Resolve what the template, its library and the generated projects depend on into their locks: one resolution.

Each lock is a part of the whole one, so the library is tested with the versions that projects have, two projects that
differ in level or cloud have the same ones, and so do a project and its serving image. The library itself is in no
lock: its wheel travels with the project.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

from jinja2 import Environment

from hooks import locks, wheel
from hooks.answers import CHOICES

TEMPLATE = Path(__file__).resolve().parent.parent
LIBRARY: dict[str, Any] = tomllib.loads((TEMPLATE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OWN_LOCK = TEMPLATE / "requirements.lock"
PROJECT = TEMPLATE / "<<cookiecutter.project_slug>>"
LEVELS = CHOICES["maturity_level"]
CLOUDS = CHOICES["cloud"]
Answer = tuple[str, str]
ANSWERS: list[Answer] = list(product(LEVELS, CLOUDS))
DELIMITERS: dict[str, Any] = {
    "variable_start_string": "<<",
    "variable_end_string": ">>",
    "block_start_string": "<%",
    "block_end_string": "%>",
    "trim_blocks": True,
    "lstrip_blocks": True,
}
COMPILE = ["uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-annotate", "--no-header"]
COMPILE += ["--python-version", "3.11"]
HASHES = re.compile(r" \\\n(    --hash=\S+( \\)?\n?)+")
ENTRY = re.compile(r"^[^\s#][^\n]*\n(?:    --hash=\S+[^\n]*\n)+", re.M)


def requirements(level: str, cloud: str) -> dict[str, list[str]]:
    """What a project asks for in its pyproject.toml: `serve` for its service, `all` for everything."""
    answers = {"maturity_level": level, "cloud": cloud, "project_slug": "project", "project_name": "Project"}
    source = (PROJECT / "pyproject.toml").read_text()
    text = Environment(**DELIMITERS).from_string(source).render(cookiecutter=answers, library=wheel.library())  # noqa: S701
    project = tomllib.loads(text)["project"]
    optional = project["optional-dependencies"]
    serve = project["dependencies"]
    everything = [*serve, *optional["train"], *optional["dev"]]
    return {name: third_party(wanted) for name, wanted in (("serve", serve), ("all", everything))}


def third_party(wanted: Iterable[str]) -> list[str]:
    """Requirements, with what the library and its extras require in the place of the library."""
    found: set[str] = set()
    for requirement in wanted:
        parts = wheel.REQUIREMENT.fullmatch(requirement)
        if parts and parts["name"] == LIBRARY["name"]:
            found.update(wheel.requirements(LIBRARY))
            if parts["extras"]:
                found.update(wheel.requirements(LIBRARY, *parts["extras"].split(",")))
        else:
            found.add(requirement)
    return sorted(found)


def compile_lock(wanted: list[str], *, within: str = "", like: str = "") -> dict[str, str]:
    """Resolve and return the lock's entries by package.

    Args:
        wanted: requirements.
        within: a lock whose versions are to be kept.
        like: locks whose versions are to be kept where they can.
    """
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "constraints.txt").write_text(HASHES.sub("\n", within))
        lock = Path(folder) / "lock.txt"
        lock.write_text(like)
        done = subprocess.run(
            [*COMPILE, "--constraint", "constraints.txt", "--output-file", str(lock), "-"],
            input="\n".join(wanted),
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(done.stderr)
        return {entry.split(" ")[0]: entry for entry in ENTRY.findall(lock.read_text())}


def known() -> str:
    """The versions of the locks at hand."""
    entries = {entry for lock in (OWN_LOCK, PROJECT / locks.LOCK) for entry in ENTRY.findall(lock.read_text())}
    return "".join(sorted(entries))


def main() -> None:
    """Write the locks of the template."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions of all packages")
    like = "" if parser.parse_args().upgrade else known()
    own = third_party(f"{LIBRARY['name']}[{extra}]" for extra in ("dev", "tables", "foreign"))
    wanted = {answer: requirements(*answer) for answer in ANSWERS}
    whole = "".join(
        compile_lock(sorted({*own, *(name for asked in wanted.values() for name in asked["all"])}), like=like).values()
    )
    OWN_LOCK.write_text("".join(compile_lock(own, within=whole).values()))
    parts = {answer: compile_lock(asked["all"], within=whole) for answer, asked in wanted.items()}
    entries = {name: entry for part in parts.values() for name, entry in part.items()}
    lines = []
    for name, entry in sorted(entries.items(), key=lambda item: item[0].split("==")):
        answers = [answer for answer in ANSWERS if name in parts[answer]]
        everyone = len(answers) == len(ANSWERS)
        lines.append(entry if everyone else locks.entry(entry, [locks.who(*answer) for answer in answers]))
    (PROJECT / locks.LOCK).write_text("".join(lines))
    serving = compile_lock(wanted[LEVELS[-1], CLOUDS[0]]["serve"], within=whole)
    (PROJECT / "deploy" / "requirements.lock").write_text("".join(serving.values()))
    print(f"locked {len(lines)} packages, {len(serving)} of them for the service")


if __name__ == "__main__":
    main()

"""Resolve what generated projects depend on into their locks: one resolution for every answer.

The lock of each answer is a part of the whole one, so two projects that differ in level or cloud hold the same
versions, and so do a project and its serving image.
"""

import json
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

from hooks.answers import CHOICES

TEMPLATE = Path(__file__).resolve().parent.parent
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
ENTRY = re.compile(r"^[^\s#][^\n]*\n(?:    --hash=\S+[^\n]*\n)+", re.M)


def requirements(level: str, cloud: str) -> dict[str, list[str]]:
    """What a project asks for in its pyproject.toml: `serve` for its service, `all` for everything."""
    answers = {"maturity_level": level, "cloud": cloud, "project_slug": "project", "project_name": "Project"}
    source = (PROJECT / "pyproject.toml").read_text()
    project = tomllib.loads(Environment(**DELIMITERS).from_string(source).render(cookiecutter=answers))["project"]  # noqa: S701
    optional = project["optional-dependencies"]
    serve = project["dependencies"]
    return {"serve": serve, "all": [*serve, *optional["train"], *optional["dev"]]}


def compile_lock(wanted: list[str], *, within: str = "") -> dict[str, str]:
    """Resolve and return the lock's entries by package.

    Args:
        wanted: requirements.
        within: a lock whose versions are to be kept.
    """
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "constraints.txt").write_text(re.sub(r" \\\n(    --hash=\S+( \\)?\n?)+", "\n", within))
        done = subprocess.run(
            [*COMPILE, "--constraint", "constraints.txt", "-"],
            input="\n".join(wanted),
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        sys.exit(done.stderr)
    return {entry.split(" ")[0]: entry for entry in ENTRY.findall(done.stdout)}


def condition(answers: Iterable[Answer]) -> str:
    """What the template asks before it writes an entry that only these answers have."""
    clouds = {level: [cloud for known, cloud in answers if known == level] for level in LEVELS}
    whole = [level for level in LEVELS if len(clouds[level]) == len(CLOUDS)]
    terms = [f"cookiecutter.maturity_level in {json.dumps(whole)}"] if whole else []
    shared = [cloud for cloud in CLOUDS if all(cloud in clouds[level] for level in LEVELS if level not in whole)]
    terms += [f'cookiecutter.cloud == "{cloud}"' for cloud in shared if len(whole) < len(LEVELS)]
    terms += [
        f'(cookiecutter.maturity_level == "{level}" and cookiecutter.cloud == "{cloud}")'
        for level in LEVELS
        if level not in whole
        for cloud in clouds[level]
        if cloud not in shared
    ]
    return " or ".join(terms)


def main() -> None:
    """Write the locks of the template."""
    wanted = {answer: requirements(*answer) for answer in ANSWERS}
    whole = "".join(compile_lock(sorted({name for asked in wanted.values() for name in asked["all"]})).values())
    parts = {answer: compile_lock(asked["all"], within=whole) for answer, asked in wanted.items()}
    entries = {name: entry for part in parts.values() for name, entry in part.items()}
    lines = []
    for name, entry in sorted(entries.items()):
        answers = [answer for answer in ANSWERS if name in parts[answer]]
        everyone = len(answers) == len(ANSWERS)
        lines.append(entry if everyone else f"<% if {condition(answers)} %>\n{entry}<% endif %>\n")
    (PROJECT / "requirements.lock").write_text("".join(lines))
    serving = compile_lock(wanted[LEVELS[-1], CLOUDS[0]]["serve"], within=whole)
    (PROJECT / "deploy" / "requirements.lock").write_text("".join(serving[name] for name in sorted(serving)))
    print(f"locked {len(lines)} packages, {len(serving)} of them for the service")


if __name__ == "__main__":
    main()

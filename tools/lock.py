"""Resolve what generated projects depend on into their requirements.lock: one resolution for every answer.

The lock of each answer is a part of the whole one, so two projects that differ in their cloud hold the same versions.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from jinja2 import Environment

TEMPLATE = Path(__file__).resolve().parent.parent
PROJECT = TEMPLATE / "<<cookiecutter.project_slug>>"
CLOUDS = ("none", "aws", "gcp")
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


def requirements(cloud: str) -> list[str]:
    """What the project of a cloud asks for in its pyproject.toml."""
    answers = {"cloud": cloud, "project_slug": "project", "project_name": "Project"}
    source = (PROJECT / "pyproject.toml").read_text()
    project = tomllib.loads(Environment(**DELIMITERS).from_string(source).render(cookiecutter=answers))["project"]  # noqa: S701
    return [*project["dependencies"], *project["optional-dependencies"]["dev"]]


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


def main() -> None:
    """Write the lock of the template."""
    everything = sorted({name for cloud in CLOUDS for name in requirements(cloud)})
    whole = compile_lock(everything)
    parts = {cloud: compile_lock(requirements(cloud), within="".join(whole.values())) for cloud in CLOUDS}
    lines = []
    for name in sorted({name for part in parts.values() for name in part}):
        clouds = [cloud for cloud in CLOUDS if name in parts[cloud]]
        entry = next(part[name] for part in parts.values() if name in part)
        if len(clouds) < len(CLOUDS):
            condition = " or ".join(f'cookiecutter.cloud == "{cloud}"' for cloud in clouds)
            entry = f"<% if {condition} %>\n{entry}<% endif %>\n"
        lines.append(entry)
    (PROJECT / "requirements.lock").write_text("".join(lines))
    print(f"locked {len(lines)} packages: " + ", ".join(f"{cloud} {len(part)}" for cloud, part in parts.items()))


if __name__ == "__main__":
    main()

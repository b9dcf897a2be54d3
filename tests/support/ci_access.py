"""The way of a job into a cloud and its registry of images, as what was emitted goes it."""

import os
import subprocess
from pathlib import Path

import yaml
from conftest import Project, clean_environment, run
from terraforming import Plan


def of_gitlab(project: Project, folder: Path, **variables: str) -> dict[str, str]:
    """The environment that a job of GitLab has in the cloud, by the script that it begins with.

    Args:
        project: whose files of CI are meant.
        folder: for what the script writes.
        variables: that GitLab sets.
    """
    # The files outlive the script here.
    script = "\n".join(["trap() { :; }", *way_in(project), "env --null"])
    before = clean_environment(TMPDIR=str(folder), **variables)
    done = subprocess.run(["bash", "-euc", script], env=before, capture_output=True, text=True, check=True)
    after = dict(line.split("=", 1) for line in done.stdout.rstrip("\0").split("\0"))
    return {name: value for name, value in after.items() if name.startswith(("AWS_", "GOOGLE_"))}


def way_in(project: Project) -> list[str]:
    """What a job of GitLab begins with to get into the cloud, and what is done when such a job with an engine ends."""
    # `!reference` marks what a job takes from another; only the list itself is read here.
    jobs = yaml.safe_load(project.text(".gitlab/prepare.yml").replace("!reference ", ""))
    ends = [line for line in jobs[".engine"]["before_script"] if str(line).startswith("trap ")]
    return [*jobs[".cloud"]["before_script"], *ends]


def outputs_of(plan: Plan, environment: str) -> dict[str, str]:
    """The outputs of a plan, as the variables of an environment have them."""
    return {name: value[environment] if isinstance(value, dict) else value for name, value in plan.outputs.items()}


def stand_in(folder: Path) -> Path:
    """Put a `docker` into a folder that writes down how it was called, and what it was typed."""
    folder.mkdir()
    (folder / "docker").write_text(f'#!/bin/sh\necho "$*" > {folder}/called\ncat > {folder}/typed\n')
    (folder / "docker").chmod(0o755)
    return folder


def log_in(project: Project, python: Path, docker: Path, *, first: str = "", **settings: str) -> str:
    """Log in to the registry as `make login` of a project does; what it prints.

    Args:
        project: of level 2.
        python: of an environment with the cloud's libraries.
        docker: a folder that has the command.
        first: a statement of Python to begin with.
        settings: the environment of the job.
    """
    command = f"{first}\nfrom mlops_maturity.delivery import login\nlogin.run()"
    path = f"{docker}{os.pathsep}{os.environ['PATH']}"
    environment = clean_environment(PYTHONPATH=str(project.path / "src"), **settings) | {"PATH": path}
    return run([str(python), "-c", command], project.path, environment=environment).stdout

"""The pipeline as an image: the code of a commit and all the packages it needs, to run wherever containers do."""

import os
import subprocess
import tempfile
from pathlib import Path

from mlops_maturity.delivery.arrival import tell
from mlops_maturity.delivery.image import BUILD, engine, project_name
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.repository import git

DOCKERFILE = Path("deploy/pipeline.Dockerfile")


def run() -> None:
    """Build the image of the pipeline of this commit, and push it to the registry of images if there is one.

    Raises:
        ProjectError: this is no repository of its own, there is no engine, or it fails.
    """
    if git("rev-parse", "--show-prefix"):
        raise ProjectError("the pipeline is packaged from a repository of its own, and this is a folder of another one")
    commit = git("rev-parse", "HEAD")
    shared = os.environ.get("IMAGE_REPOSITORY")
    name = f"{(shared or project_name()).lower()}-pipeline:{commit[:12]}"
    command = engine()
    with tempfile.TemporaryDirectory() as context:
        # A clone has what was committed and nothing else: no data of this machine, no settings, no secret.
        project = Path(context) / "project"
        git("clone", "--quiet", "--no-local", "--single-branch", ".", str(project))
        git("remote", "remove", "origin", folder=project)
        build = [
            *BUILD[command],
            "--file",
            str(project / DOCKERFILE),
            "--tag",
            name,
            "--build-arg",
            f"REVISION={commit}",
        ]
        if subprocess.run([*build, context], check=False).returncode:
            raise ProjectError(f"{command} could not build {name}; the lines above say why")
    if shared and subprocess.run([command, "push", "--quiet", name], check=False).returncode:
        raise ProjectError(f"{command} could not push {name}; the lines above say why")
    tell(f"the pipeline of commit {commit[:12]}: {name}")

"""What is inside of a release: its model, and commands that are run where the service will run."""

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_maturity.delivery.image import MODELS, engine
from mlops_maturity.delivery.release import Release
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import replacing
from mlops_maturity.project.params import Section

if TYPE_CHECKING:
    from mlops_maturity.delivery.deploy import Trial

MODEL = "/service/model.zip"


def model_of(release: Release) -> Path:
    """The model of a release, taken out of its image: no registry and no storage is asked for it.

    Raises:
        ProjectError: the image cannot be had, or has another model than the release says.
    """
    path = MODELS / f"{release.model}.zip"
    if not path.exists():
        runner = engine()
        # An image that is not here yet is pulled.
        created = _do(runner, "create", release.image)
        try:
            with replacing(path) as temporary:
                _do(runner, "cp", f"{created}:{MODEL}", str(temporary))
        finally:
            _do(runner, "rm", created)
    found = artefacts.read(path, made_by="make release").manifest["version"]
    if found != release.model:
        path.unlink()
        raise ProjectError(f"{release.image} has model {found} inside and not {release.model}; build it again")
    return path


def try_out(trial: "Trial", command: str, settings: Section, *more: str) -> None:
    """Run a command of the package inside of a release, where it will serve, and pass on what it says.

    Raises:
        ProjectError: it fails; the text is what it says.
    """
    arguments = [command, "--model", MODEL, "--settings", settings.model_dump_json(), *more]
    done = trial.place.try_out(trial.release, arguments)
    # A cluster gives both in one stream.
    said = [line for line in (done.stdout + done.stderr).splitlines() if line]
    mark = f"{command}: "
    print("\n".join(line for line in said if not line.startswith(mark)))
    if done.returncode:
        why = [line.removeprefix(mark) for line in said if line.startswith(mark)]
        raise ProjectError(f"{command} in {trial.environment}: {why[-1] if why else 'it ended without a word'}")


def _do(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProjectError(f"`{' '.join(command)}` failed: {' '.join(done.stderr.split())}")
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""

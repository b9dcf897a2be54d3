"""Production: what is in staging, after enough good runs there, by a person's word; a new model alone by itself."""

from pathlib import Path

from mlops_maturity.delivery import records, trust
from mlops_maturity.delivery.release import Release
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import PARAMS

AUTOMATIC = "model"


def next_release(environment: str, model: Path | None = None) -> Release:  # noqa: ARG001 - it is what staging has
    """The release that serves in staging: nothing else goes to production.

    Raises:
        ProjectError: there is none, or which one it is is not known.
    """
    known = records.history("staging")
    records.require_finished("staging", known)
    served = records.serving(known)
    if not served:
        raise ProjectError("nothing is in staging yet; `make deploy ENV=staging` comes first")
    return served[-1]


def require(environment: str, release: Release, confirm: str) -> str:
    """Let a release into production after enough good runs in staging, if somebody says so.

    Args:
        environment: production.
        release: what staging has.
        confirm: its key, typed by a person; or `model`, which says that it is a new model with the code in production.

    Returns:
        Why a model that would go by itself waits for a person; nothing if it does not.

    Raises:
        ProjectError: it does not follow from reviewed commits, there were too few good runs, or another one is meant.
    """
    trust.require(environment, release)
    wanted = settings.load().delivery.staging_runs
    good = records.good_runs(records.history("staging"), release)
    print(f"{release.key} with model {release.model}: {good} of {wanted} good runs in staging")
    if good < wanted:
        raise ProjectError(
            f"{release.key} has {good} of {wanted} good runs in staging; `make verify ENV=staging ENOUGH=1` adds them"
        )
    if confirm == AUTOMATIC:
        return _waits(environment, release)
    if confirm != release.key:
        raise ProjectError(f"type the release that is meant: make deploy ENV={environment} CONFIRM={release.key}")
    return ""


def _waits(environment: str, release: Release) -> str:
    """A retrained model was judged by its gates; code is judged by people."""
    before = records.serving(records.history(environment))
    if settings.load().delivery.models == "by hand":
        return f"models go to {environment} by hand (delivery.models in {PARAMS})"
    if not before:
        return f"nothing serves in {environment} yet"
    return "" if before[-1].code == release.code else f"the code of {release.key} is not the one in {environment}"

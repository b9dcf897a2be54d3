"""Which model the next release has: the commit's own if it is a new one, else the one in production."""

from pathlib import Path

from mlops_maturity.delivery import trust
from mlops_maturity.delivery.image import image_of
from mlops_maturity.delivery.release import Release
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import ARTEFACT, PRODUCTION
from mlops_maturity.project.repository import answer
from mlops_maturity.project.storage import LOCK, dvc, holds, md5_of
from mlops_maturity.registry import versions as registry


def next_release(environment: str, model: Path | None = None) -> Release:
    """The release of the code at hand with its model.

    Args:
        environment: where it is to go.
        model: the packaged model, if it is not to be the candidate.

    Raises:
        ProjectError: there is no model yet, or the release is not built.
    """
    found = model or candidate()
    if found is None:
        raise ProjectError(NO_MODEL)
    image = image_of(found)
    release = trust.find(image, environment)
    if release is None:
        raise ProjectError(
            f"{image.name} is not here: `make release` builds it, and brings it to IMAGE_REPOSITORY, where that is set"
        )
    return release


NO_MODEL = "no model is trained yet: `make run`, `make push`, and commit what it leaves; or start the workflow `train`"


def candidate() -> Path | None:
    """The packaged model of the next release, brought here; None if no model was ever trained.

    A model that this commit trained is what the commit is about, as long as it is newer than the one in production and
    was never taken back from there. Any other commit is about code: the model in production stays, which continuous
    training may have put there since.

    Raises:
        ProjectError: its content cannot be had.
    """
    if not LOCK.exists():
        return PRODUCTION if registry.fetch(if_any=True) else None
    md5 = md5_of(LOCK.read_text(encoding="utf-8"), ARTEFACT)
    current, past = registry.in_production(), registry.history()
    same = next((version for version in registry.versions() if version.model_md5 == md5), None)
    if current and same and (same in past or same < current):
        registry.fetch()
        return PRODUCTION
    if not holds(ARTEFACT, md5):
        if ARTEFACT.exists() and answer("status", "--porcelain", str(LOCK)):
            raise ProjectError(f"{LOCK} is not committed; `make push`, commit, and try again")
        dvc("pull", "--quiet", str(ARTEFACT))
        registry.require_same(ARTEFACT, md5)
    return ARTEFACT

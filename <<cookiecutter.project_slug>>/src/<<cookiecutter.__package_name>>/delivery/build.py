"""Building a release once: whoever builds the same code with the same model finds it built."""

from pathlib import Path

from .. import ci
from . import candidate, image
from .arrival import tell
from .release import known, next_release


def run(model: Path | None = None) -> None:
    """Build the release of the code at hand, unless it is built, and push it to the registry of images if there is one.

    Args:
        model: the packaged model, if it is not to be the candidate.

    Raises:
        ProjectError: there is no engine, or it fails.
    """
    chosen = model or candidate.candidate()
    if chosen is None:
        tell(f"NOT RELEASED: {candidate.NO_MODEL}")
        ci.output(release="")
        return
    wanted = image.image_of(chosen)
    if known(wanted) is None:
        image.run(chosen)
    found = next_release("", chosen)
    tell(f"release {found.key}: model {found.model}, code {found.code}, {found.image}")
    ci.output(release=found.key)

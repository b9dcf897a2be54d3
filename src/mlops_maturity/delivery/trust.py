"""Which releases may be believed: those that follow from commits that people reviewed, and that CI built.

A record says what a release is; nothing of it is taken as said. The key is computed again from its commit and from the
model of the registry, and the digest is looked up under that key: in what CI has signed, or, in a project that signs
nothing, in the registry of images.
"""

import os
from collections.abc import Iterator
from dataclasses import replace

from mlops_maturity.delivery import records
from mlops_maturity.delivery.image import CODE, Image, engine, files_of, key_of, project_name
from mlops_maturity.delivery.release import Release, is_there, known, share
from mlops_maturity.project import signing
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.repository import answer
from mlops_maturity.registry import versions as registry

# The tag of an image that nobody has signed ends so: it never takes the place of one that is.
UNSIGNED = "-unsigned"


def find(image: Image, environment: str) -> Release | None:
    """The release that has an image, if it is built and may be believed.

    Args:
        image: that is wanted.
        environment: where the release is to go.
    """
    if not signing.is_required():
        return known(image)
    if environment in records.UNREVIEWED:
        return known(replace(image, mark=UNSIGNED))
    records.fetch()
    return next((release for release in _noted(image) if is_there(release)), None)


def built(image: Image) -> Release:
    """Share the image that this machine has just built, and sign for it where there is a key.

    Raises:
        ProjectError: the registry of images refuses it.
    """
    if not signing.is_required():
        return share(image)
    if not signing.can_sign():
        return share(replace(image, mark=UNSIGNED))
    release = share(image)
    records.note(records.BUILDS, "build", release, "good")
    return release


def require(environment: str, release: Release) -> None:
    """Refuse a release that does not follow from reviewed commits, or that is not what CI built of them.

    Raises:
        ProjectError: the text says what is wrong with it.
    """
    repository = os.environ.get("IMAGE_REPOSITORY", "").lower()
    if repository and release.image != f"{repository}@{release.digest}":
        raise ProjectError(f"{release.key} is not to be believed: its image {release.image} is not of {repository}")
    if environment in records.UNREVIEWED:
        return
    if why := signing.revoked(release.key) or _not_of_reviewed_commits(release) or _not_as_built(release):
        raise ProjectError(f"{release.key} is not to be believed: {why}")


def _not_of_reviewed_commits(release: Release) -> str:
    commit = answer("rev-parse", "--verify", "--quiet", f"{release.commit}^{{commit}}")
    if not commit or commit != release.commit:
        return f"there is no commit {release.commit or 'named'}; `git fetch --unshallow` brings what is missing"
    merged = answer("merge-base", commit, "HEAD") == commit
    if not merged and commit not in {version.commit for version in registry.versions()}:
        return f"its commit {commit[:12]} is neither merged nor that of a registered model"
    return ""


def _not_as_built(release: Release) -> str:
    with registry.checkout(release.commit) as folder:
        code = key_of(files_of([folder / path for path in CODE]), folder)
    images = (Image(engine(), project_name(), code, release.model, digest) for digest in sorted(set(_models(release))))
    image = next((image for image in images if image.key == release.key), None)
    if image is None or code != release.code:
        return f"commit {release.commit[:12]} with model {release.model} gives another release"
    if not os.environ.get("IMAGE_REPOSITORY") and image.inspect("{{.Id}}") is None:
        # It is on the machine that serves. What CI has signed is known here all the same.
        found = next(_noted(image), None) if signing.is_required() else release
    else:
        found = find(image, "")
    if found is None:
        return "nobody who is believed has built it, or its image is gone"
    if (found.digest, found.commit) != (release.digest, release.commit):
        return f"what was built is {found.digest} of commit {found.commit[:12]}, not {release.digest}"
    return ""


def _models(release: Release) -> Iterator[str]:
    """SHA-256 of the packaged model, as the commit of the release and the registry know it."""
    commits = [release.commit, *(each.commit for each in registry.versions() if each.model == release.model)]
    yield from (digest for commit in commits if (digest := registry.artefact_at(commit)))


def _noted(image: Image) -> Iterator[Release]:
    """What CI has signed that it built for an image, the newest first."""
    for record in reversed(records.history(records.BUILDS)):
        if (record.release.key, record.release.code, record.release.model) == (image.key, image.code, image.version):
            yield record.release

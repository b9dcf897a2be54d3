"""Building a release once: whoever builds the same code with the same model finds it built.

`dist/` gets what goes with it: the package as a wheel, the bill of materials of the image, what names it all, and the
checksums. The same release gives the same files again, on any machine.
"""

import shutil
from dataclasses import asdict
from pathlib import Path

from mlops_maturity.delivery import candidate, image, trust, wheel
from mlops_maturity.delivery.arrival import tell
from mlops_maturity.delivery.release import Release
from mlops_maturity.delivery.sbom import bill
from mlops_maturity.project import job, signing
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import sha256_of, write_json, write_text
from mlops_maturity.project.paths import PRODUCTION
from mlops_maturity.project.repository import git
from mlops_maturity.registry import versions as registry

DIST = Path("dist")
SBOM, TOLD, SUMS = (DIST / name for name in ("sbom.cdx.json", "release.json", "SHA256SUMS"))


def run(model: Path | None = None) -> None:
    """Build the release of the code at hand, unless it is built, and push it to the registry of images if there is one.

    Args:
        model: the packaged model, if it is not to be the candidate.

    Raises:
        ProjectError: the code is not committed, there is no engine, or it fails.
    """
    chosen = model or candidate.candidate()
    if chosen is None:
        tell(f"NOT RELEASED: {candidate.NO_MODEL}")
        job.output(release="", image="", digest="")
        return
    require_committed()
    wanted = image.image_of(chosen)
    found = trust.find(wanted, "" if signing.can_sign() else "test")
    if found is None:
        image.run(chosen)
        found = trust.built(wanted)
    else:
        print(f"{found.key} is built already: nothing is built again")
    describe(found, wanted)
    tell(f"release {found.key}: model {found.model}, code {found.code}, {found.image}")
    if found.image == wanted.name:
        tell("NOT SHARED: set IMAGE_REPOSITORY to where images are kept; this machine alone has the release")
    job.output(release=found.key, image=found.image.partition("@")[0], digest=found.digest)


def next_release(environment: str, model: Path | None = None) -> Release:
    """The release that has a model, by default the one in production, and the code at hand.

    Args:
        environment: where it is to go.
        model: the packaged model, if it is not the one in production.

    Raises:
        ProjectError: it is not built, or the registry of images refuses it.
    """
    wanted = image.image_of(model or PRODUCTION)
    found = trust.find(wanted, environment)
    if found is None and wanted.inspect("{{.Id}}"):
        found = trust.built(wanted)
    if found is None:
        raise ProjectError(f"{wanted.name} is not built; run `make image` first")
    return found


def require_committed() -> None:
    """Refuse code that is in no commit: a release says which commit it is of.

    Raises:
        ProjectError: it names the files.
    """
    tracked = set(git("ls-files", "-z").split("\0"))
    strange = {file.as_posix() for file in image.files_of(image.CODE)} - tracked
    changed = git("diff", "--relative", "--name-only", "-z", "HEAD", "--", *map(str, image.CODE)).split("\0")
    if found := sorted(strange.union(changed) - {""}):
        raise ProjectError(f"not committed: {', '.join(found)}; commit what the release is to have, or take it away")


def describe(release: Release, built: image.Image) -> None:
    """Write what goes with a release into dist/.

    Args:
        release: that is built.
        built: its image.
    """
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    write_json(SBOM, bill(release, built))
    files = {file.name: sha256_of(file) for file in (wheel.build(DIST), SBOM)}
    version = registry.of_model(release.model)
    names = {"registry": version.name if version else None, "sha256": built.model, "version": release.model}
    write_json(TOLD, asdict(release) | {"model": names, "files": files})
    files[TOLD.name] = sha256_of(TOLD)
    write_text(SUMS, "".join(f"{digest}  {name}\n" for name, digest in sorted(files.items())))

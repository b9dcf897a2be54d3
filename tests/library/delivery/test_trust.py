"""What serves follows from reviewed commits: nothing that somebody without CI's key pushes comes to production."""

import dataclasses
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from library.delivery.conftest import Stage
from library.delivery.places import Place, release
from library.signers import forge, git, protect
from mlops_maturity.delivery import deploy, image, records, rollback, trust, verify
from mlops_maturity.delivery.image import Image, files_of, key_of
from mlops_maturity.delivery.release import Release
from mlops_maturity.project import params as settings
from mlops_maturity.project import signing
from mlops_maturity.project.errors import ProjectError

# git signs with ssh-keygen, which not every machine has.
pytestmark = [pytest.mark.guards("CD-08", "CD-09", "CD-10"), pytest.mark.speed("all")]

FUTURE = "2099-01-01T00:00:00+00:00"


@pytest.fixture(autouse=True)
def _names_are_printed_anew() -> None:
    signing.pass_over.cache_clear()


@pytest.fixture
def protected(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The place of every environment of a project that believes only what CI has signed; this process is CI."""
    protect(monkeypatch)
    changed = settings.load().changed(**{"delivery.staging_runs": 1, "delivery.models": "automatic"})
    monkeypatch.setattr(settings, "load", lambda: changed)
    return place


def told(environment: str, of: Release, kind: str = "deploy") -> str:
    """A record as it is noted."""
    content = {"by": "CI", "environment": environment, "kind": kind, "release": dataclasses.asdict(of)}
    return json.dumps(content | {"result": "good", "why": ""}, sort_keys=True)


def foreign(key: str) -> Release:
    """The bytes of somebody else under the name of a genuine release."""
    return dataclasses.replace(release(key), image="evil.example/service@sha256:evil", digest="sha256:evil")


def staged(place: Place, key: str) -> None:
    place.next = release(key)
    deploy.run("staging")


# Records


def test_forged_record_of_staging_is_named_and_passed_over(
    protected: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    staged(protected, "good")
    made = forge("refs/deployments/staging", told("staging", foreign("good")))
    deploy.run("production", confirm="good")
    assert protected.serves == release("good")
    said = f"passed over: {made[:12]} of refs/deployments/staging: not signed by a key of deploy/signers\n"
    assert capsys.readouterr().out.count(said) == 1


@pytest.mark.parametrize("confirm", ["evil", "model"])
def test_forged_records_alone_bring_nothing_to_production(protected: Place, confirm: str) -> None:
    for _ in range(5):
        forge("refs/deployments/staging", told("staging", release("evil")))
    with pytest.raises(ProjectError, match="nothing is in staging yet; `make deploy ENV=staging` comes first"):
        deploy.run("production", confirm=confirm)
    assert protected.done == []


def test_record_signed_with_another_key_is_passed_over(protected: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    believed = signing.SIGNERS.read_text()
    protect(monkeypatch)
    signing.SIGNERS.write_text(believed)
    records.note("staging", "deploy", release("evil"), "good")
    assert records.history("staging") == []
    assert protected.done == []


def test_genuine_record_of_another_environment_is_passed_over(
    protected: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    protected.next = release("tried")
    deploy.run("test")
    git("update-ref", "refs/deployments/staging", "refs/deployments/test")
    git("push", "--quiet", "origin", "refs/deployments/staging")
    assert records.history("staging") == []
    assert ": a record of test\n" in capsys.readouterr().out


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("message", "at", "said"),
    [
        ("{}", "", "not a record of a deployment"),
        ("no JSON", "", "not a record of a deployment"),
        ("[1]", "", "not a record of a deployment"),
        ('{"kind": "deploy", "release": {"key": 1}, "result": "good"}', "", "not a record of a deployment"),
        (told("staging", release("later")), FUTURE, f"it says that it was made at {FUTURE}, which is not yet"),
    ],
)
def test_record_that_is_none_or_of_the_future_is_one_line_and_a_way_on(
    message: str, at: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    forge("refs/deployments/staging", message, at)
    records.note("staging", "deploy", release("good"), "good")
    assert [record.release.key for record in records.history("staging")] == ["good"]
    assert capsys.readouterr().out.count(f": {said}\n") == 1


def test_deleted_history_is_one_line_and_a_way_on(protected: Place, tmp_path: Path) -> None:
    staged(protected, "good")
    for folder in ("here", "origin"):
        subprocess.run(["git", "-C", tmp_path / folder, "update-ref", "-d", "refs/deployments/staging"], check=True)
    with pytest.raises(ProjectError, match="nothing is in staging yet; `make deploy ENV=staging` comes first"):
        deploy.run("production", confirm="good")
    staged(protected, "good")
    deploy.run("production", confirm="good")
    assert protected.serves == release("good")


def test_deployment_without_the_key_does_nothing(protected: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    staged(protected, "good")
    protected.done.clear()
    monkeypatch.delenv(signing.KEY)
    asked = "is for CI: deploy/signers asks for a signature, and SIGNING_KEY is not set here"
    for what, options in (
        (deploy.run, {"environment": "production", "confirm": "good"}),
        (deploy.run, {"environment": "staging"}),
        (rollback.run, {"environment": "staging"}),
        (verify.run, {"environment": "staging"}),
    ):
        run: Any = what
        with pytest.raises(ProjectError, match=asked):
            run(**options)
    assert protected.done == []
    deploy.run("test")
    assert {record.release.key for record in records.history("test")} == {"good"}, "test asks for no signature"


def test_revoked_record_is_passed_over(protected: Place, capsys: pytest.CaptureFixture[str]) -> None:
    staged(protected, "good")
    staged(protected, "bad")
    commit = git("rev-parse", "refs/deployments/staging")
    signing.revoke(commit[:12], "the wrong data")
    assert records.serving(records.history("staging")) == [release("good")]
    assert f"passed over: {commit[:12]} of refs/deployments/staging: revoked in deploy/revoked: the wrong data" in (
        capsys.readouterr().out
    )


# Releases

REPOSITORY = "registry.example/team/service"
SHA = "c" * 64


@pytest.fixture
def built(tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Release:
    """A release of a commit on main, as CI built it and signed for it."""
    folder = tmp_path / "project"
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "origin"], check=True)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("IMAGE_REPOSITORY", REPOSITORY)
    git("remote", "add", "origin", str(tmp_path / "origin"))
    for name, text in {
        ".dockerignore": "*\n",
        ".dvc/config": "",
        ".template.json": json.dumps({"answers": ANSWERS}),
        "deploy/Dockerfile": "FROM scratch\n",
        "deploy/requirements.lock": "",
        "pyproject.toml": '[project]\nname = "service"\n',
        "run.json": json.dumps({"artefacts": {"models/model.zip": SHA}}),
        "src/a.py": "A = 1\n",
        "vendor/requirements.lock": "",
    }.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    protect(monkeypatch)
    git("add", "--all")
    git("commit", "--quiet", "--message", "Start")
    # A registry of images that has whatever is asked for.
    stage("docker", "exit 0")
    found = of_head("sha256:genuine")
    records.note(records.BUILDS, "build", found, "good")
    return found


ANSWERS = {
    "project_slug": "service",
    "maturity_level": "2",
    "ci_provider": "github",
    "cloud": "none",
    "deploy_target": "docker",
}


def of_head(digest: str) -> Release:
    """The release of the commit at hand, with some bytes."""
    code = key_of(files_of(image.CODE))
    key = Image("docker", "service", code, "m1", SHA).key
    return Release(key, f"{REPOSITORY}@{digest}", digest, code, "m1", git("rev-parse", "HEAD"))


def test_release_that_ci_built_of_a_merged_commit_is_believed(built: Release) -> None:
    trust.require("production", built)
    Path("src/a.py").write_text("A = 2\n")
    git("commit", "--quiet", "--all", "--message", "Later")
    trust.require("production", built)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"image": "evil.example/service@sha256:genuine"}, "its image evil.example/service@sha256:genuine is not of"),
        ({"image": f"{REPOSITORY}@sha256:evil", "digest": "sha256:evil"}, "what was built is sha256:genuine of commit"),
        ({"code": "0123456789ab"}, "gives another release"),
        ({"key": "0123456789ab"}, "gives another release"),
        ({"model": "m2"}, "nobody who is believed has built it"),
        ({"commit": ""}, "there is no commit named"),
        ({"commit": "f" * 40}, f"there is no commit {'f' * 40}"),
        ({"commit": "HEAD"}, "there is no commit HEAD"),
    ],
)
def test_record_that_says_what_was_not_built_is_refused(built: Release, changed: dict[str, str], said: str) -> None:
    with pytest.raises(ProjectError, match=said):
        trust.require("production", dataclasses.replace(built, **changed))


@pytest.mark.usefixtures("built")
def test_release_of_a_commit_that_nobody_merged_is_refused() -> None:
    git("switch", "--quiet", "--create", "evil")
    Path("src/a.py").write_text("evil()\n")
    git("commit", "--quiet", "--all", "--message", "Evil")
    evil = of_head("sha256:evil")
    records.note(records.BUILDS, "build", evil, "good")
    git("switch", "--quiet", "-")
    with pytest.raises(ProjectError, match="is neither merged nor that of a registered model"):
        trust.require("production", evil)
    # Whoever may push can push a tag, too.
    git("tag", "--annotate", "--message", "model m1", "model@v7.0.0", evil.commit)
    with pytest.raises(ProjectError, match="is neither merged nor that of a registered model"):
        trust.require("production", evil)
    signing.tag("model@v8.0.0", evil.commit, "model m1")
    trust.require("production", evil)


def test_foreign_image_under_the_key_of_a_release_is_not_what_was_built(built: Release) -> None:
    wanted = Image("docker", "service", built.code, "m1", SHA)
    forge("refs/deployments/builds", told("builds", foreign(built.key), "build"))
    assert trust.find(wanted, "staging") == built, "bytes that lie under the key count as built"
    shutil.rmtree(Path(git("rev-parse", "--git-common-dir")) / "refs" / "deployments")
    git("push", "--quiet", "--delete", "origin", "refs/deployments/builds")
    assert trust.find(wanted, "staging") is None, "an image that lies under the key counts as built"
    assert trust.find(wanted, "") is None


def test_revoked_release_is_refused(built: Release) -> None:
    signing.revoke(built.key, "it leaks")
    with pytest.raises(ProjectError, match="revoked in deploy/revoked: it leaks"):
        trust.require("production", built)


# Rollback


def test_rollback_passes_over_a_release_that_is_not_believed(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def require(environment: str, wanted: Release) -> None:
        if wanted.key == "evil":
            raise ProjectError(f"{wanted.key} is not to be believed in {environment}")

    monkeypatch.setattr(trust, "require", require)
    for key in ("good", "evil", "new"):
        staged(place, key)
    rollback.run("staging")
    assert place.serves == release("good")
    assert "passed over: evil: evil is not to be believed in staging" in capsys.readouterr().out


def test_rollback_to_what_is_not_believed_leaves_what_serves(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("evil", "new"):
        staged(place, key)

    def require(*_: object) -> None:
        raise ProjectError("not to be believed")

    monkeypatch.setattr(trust, "require", require)
    with pytest.raises(ProjectError, match="nothing that may be believed served in staging before new"):
        rollback.run("staging")
    assert place.serves == release("new")

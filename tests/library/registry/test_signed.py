"""Whoever may push may push a tag: in a project with signers only the versions that CI has signed are versions."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from library.signers import forge, git, protect
from mlops_maturity.pipeline import trigger
from mlops_maturity.project import signing
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import sha256_of
from mlops_maturity.registry import versions as registry

# git signs with ssh-keygen, which not every machine has.
pytestmark = [pytest.mark.guards("1-REG", "1-TRIG"), pytest.mark.speed("all")]


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository with an origin whose versions CI signs: v1 is in production; this process is CI."""
    signing.pass_over.cache_clear()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "CI")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ci@example.invalid")
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "origin"], check=True)
    subprocess.run(["git", "init", "--quiet", tmp_path / "here"], check=True)
    monkeypatch.chdir(tmp_path / "here")
    git("remote", "add", "origin", str(tmp_path / "origin"))
    git("commit", "--quiet", "--allow-empty", "--message", "Start")
    protect(monkeypatch)
    signing.tag("model@v1.0.0", "HEAD", "model m1")
    signing.tag("model#prod#1", "HEAD", "Assigning")


def in_production() -> str:
    found = registry.in_production()
    return found.name if found else "none"


def test_tags_of_ci_are_believed() -> None:
    assert ([version.name for version in registry.versions()], in_production()) == (["v1"], "v1")
    assert registry.versions()[0].model == "m1"


def test_forged_version_in_production_is_named_and_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    git("commit", "--quiet", "--allow-empty", "--message", "Evil")
    git("tag", "--annotate", "--message", "model evil", "model@v7.0.0")
    git("tag", "--annotate", "--message", "Assigning", "model#prod#9", "HEAD")
    git("tag", "model@v8.0.0")
    assert ([version.name for version in registry.versions()], in_production()) == (["v1"], "v1")
    with pytest.raises(ProjectError, match="there is no version 'v7'; there is v1"):
        registry.find("v7")
    said = capsys.readouterr().out
    for name in ("model@v7.0.0", "model#prod#9"):
        assert said.count(f"passed over: tag {name}: not signed by a key of deploy/signers\n") == 1
    assert "passed over: tag model@v8.0.0: it is no tag of that name, but " in said


def test_genuine_tag_under_another_name_is_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    git("update-ref", "refs/tags/model@v2.0.0", "refs/tags/model@v1.0.0")
    git("update-ref", "refs/tags/model#prod#2", "refs/tags/model@v1.0.0")
    assert ([version.name for version in registry.versions()], len(registry.history())) == (["v1"], 1)
    assert "passed over: tag model#prod#2: it is no tag of that name, but model@v1.0.0" in capsys.readouterr().out


def test_next_version_does_not_take_the_number_of_a_forged_one(monkeypatch: pytest.MonkeyPatch) -> None:
    git("tag", "--annotate", "--message", "Assigning", "model#prod#9", "HEAD")
    monkeypatch.setattr(registry, "fetch", lambda: None)
    registry.assign(registry.find("v1"))
    assert "model#prod#10" in git("ls-remote", "--tags", "origin")
    assert len(registry.history()) == 2


def test_version_with_a_key_that_was_taken_away_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    signing.SIGNERS.unlink()
    protect(monkeypatch)
    assert registry.versions() == []


def test_revoked_version_is_passed_over_and_the_one_before_serves(capsys: pytest.CaptureFixture[str]) -> None:
    git("commit", "--quiet", "--allow-empty", "--message", "Next")
    signing.tag("model@v2.0.0", "HEAD", "model m2")
    signing.tag("model#prod#2", "HEAD", "Assigning")
    assert in_production() == "v2"
    signing.revoke("model@v2.0.0", "trained on wrong data")
    assert in_production() == "v1"
    said = "passed over: tag model@v2.0.0: revoked in deploy/revoked: trained on wrong data"
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("what", ["", "two words"])
def test_revoke_of_nothing_says_how(what: str) -> None:
    with pytest.raises(ProjectError, match="name what is not to be believed: make revoke WHAT="):
        signing.revoke(what, "")


def test_version_without_the_key_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(signing.KEY)
    asked = "is for CI: deploy/signers asks for a signature"
    with pytest.raises(ProjectError, match=asked):
        registry.register()
    with pytest.raises(ProjectError, match=asked):
        registry.assign(registry.versions()[0])


def test_key_is_made_once_and_for_its_owner_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "key"
    signing.run(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    assert len(signing.SIGNERS.read_text().splitlines()) == 2, "the key before is believed until somebody takes it out"
    assert "PRIVATE" not in capsys.readouterr().out
    with pytest.raises(ProjectError, match="is there already"):
        signing.run(file)


# Claims of a training


@pytest.mark.parametrize(
    ("message", "at", "said"),
    [
        (json.dumps({"data": "md5"}), "", "not signed by a key of deploy/signers"),
        ("no JSON", "", "not signed by a key of deploy/signers"),
    ],
)
def test_forged_claim_stops_no_training(message: str, at: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    made = forge(trigger.CLAIM, message, at)
    assert trigger.last_claim() is None
    assert f"passed over: {made[:12]} of refs/training/last: {said}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("message", "at", "said"),
    [
        (json.dumps({"data": "md5"}), "2099-01-01T00:00:00+00:00", "it says that it was made at 2099-01-01"),
        ("no JSON", "", "not a claim"),
        ("{}", "", "not a claim"),
        ("[]", "", "not a claim"),
        ("[" * 100_000, "", "not a claim"),
        ('{"data": "a line\u2028another"', "", "not a claim"),
    ],
    ids=lambda given: given[:30],
)
def test_claim_that_is_none_or_of_the_future_stops_no_training_where_nothing_is_signed(
    message: str, at: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    signing.SIGNERS.unlink()
    genuine = forge(trigger.CLAIM, json.dumps({"data": "before"}))
    forge(trigger.CLAIM, message, at)
    last = trigger.last_claim()
    assert last is not None
    assert (last.data, genuine) == ("before", git("rev-parse", f"{trigger.CLAIM}^"))
    assert said in capsys.readouterr().out


# What DVC brings


@pytest.mark.parametrize(("md5", "sha256"), [("other", "same"), ("same", "other")])
def test_exchanged_model_of_the_dvc_remote_is_refused(md5: str, sha256: str) -> None:
    """MD5, which DVC compares, can be met by another file; SHA-256 cannot."""
    model = Path("models/model.zip")
    model.parent.mkdir()
    model.write_bytes(b"model")
    same = hashlib.md5(b"model", usedforsecurity=False).hexdigest()
    digest = sha256_of(model) if sha256 == "same" else "f" * 64
    Path("run.json").write_text(json.dumps({"artefacts": {"models/model.zip": digest}}))
    git("add", "run.json")
    git("commit", "--quiet", "--message", "Train")
    with pytest.raises(ProjectError, match=r"models/model\.zip in the DVC remote is not the model of HEAD"):
        registry.require_same(model, same if md5 == "same" else "0" * 32)


def test_model_of_the_commit_is_taken() -> None:
    Path("model.zip").write_bytes(b"model")
    registry.require_same(Path("model.zip"), hashlib.md5(b"model", usedforsecurity=False).hexdigest())

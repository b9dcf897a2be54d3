"""Production gets what staging has, after enough good runs there, when a person confirms it; a new model by itself."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from library.delivery.places import Place, deployed, release
from mlops_maturity.delivery import candidate, deploy, following, records, rollback, trust, verify
from mlops_maturity.delivery.candidate import next_release
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import ARTEFACT, PRODUCTION
from mlops_maturity.project.storage import LOCK
from mlops_maturity.registry import versions as registry
from mlops_maturity.registry.versions import Version

WANTED = 2


@pytest.fixture(autouse=True)
def _settings(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - it has the settings' file
    """Two good runs are wanted, and models go by themselves."""
    asked(monkeypatch, "automatic")


def asked(monkeypatch: pytest.MonkeyPatch, models: str) -> None:
    changed = settings.load().changed(**{"delivery.staging_runs": WANTED, "delivery.models": models})
    monkeypatch.setattr(settings, "load", lambda: changed)


def staged(place: Place, key: str, runs: int = WANTED, code: str = "code") -> None:
    """Let a release be in staging, with some good runs."""
    place.next = release(key, code=code)
    deploy.run("staging")
    for _ in range(runs - 1):
        verify.run("staging")
    place.done.clear()


def in_production() -> list[str]:
    return [each.key for each in records.serving(records.history("production"))]


@pytest.mark.guards("CD-09")
def test_promotion_deploys_the_image_that_staging_has(place: Place) -> None:
    staged(place, "good")
    place.next = release("built since")
    deploy.run("production", confirm="good")
    assert place.serves == records.serving(records.history("staging"))[-1] == release("good")
    assert records.serving(records.history("production"))[-1].digest == "sha256:good"


@pytest.mark.guards("CD-09")
def test_promotion_of_what_staging_does_not_have_is_refused(place: Place) -> None:
    with pytest.raises(ProjectError, match="nothing is in staging yet"):
        deploy.run("production", confirm="first")
    staged(place, "good")
    with pytest.raises(ProjectError, match="make deploy ENV=production CONFIRM=good"):
        deploy.run("production", Path("models/other.zip"), confirm="other")
    assert in_production() == []


@pytest.mark.guards("CD-08")
def test_promotion_with_one_good_run_too_few_is_refused(place: Place) -> None:
    staged(place, "new", runs=WANTED - 1)
    with pytest.raises(ProjectError, match=f"new has {WANTED - 1} of {WANTED} good runs in staging"):
        deploy.run("production", confirm="new")
    assert place.done == []
    assert in_production() == []
    verify.run("staging")
    deploy.run("production", confirm="new")
    assert in_production() == ["new"]


@pytest.mark.guards("CD-08")
def test_promotion_after_a_failed_run_counts_anew(place: Place) -> None:
    staged(place, "new")
    place.broken = {"load"}
    with pytest.raises(ProjectError, match="load of m-new is broken"):
        verify.run("staging")
    place.broken = set()
    assert place.serves == release("new"), "a run of the checks takes nothing back"
    with pytest.raises(ProjectError, match=f"new has 0 of {WANTED} good runs"):
        deploy.run("production", confirm="new")


@pytest.mark.guards("CD-08")
def test_promotion_ignores_runs_of_another_release(place: Place) -> None:
    staged(place, "old")
    staged(place, "new", runs=1)
    with pytest.raises(ProjectError, match=f"new has 1 of {WANTED} good runs"):
        deploy.run("production", confirm="new")


@pytest.mark.guards("CD-08")
@pytest.mark.parametrize("typed", ["", "yes", "old"])
def test_promotion_without_the_key_of_the_release_is_refused(place: Place, typed: str) -> None:
    staged(place, "old")
    staged(place, "new")
    with pytest.raises(ProjectError, match="make deploy ENV=production CONFIRM=new"):
        deploy.run("production", confirm=typed)
    assert place.done == []


@pytest.mark.guards("CD-08")
def test_verify_enough_runs_until_production_would_take_it(place: Place) -> None:
    staged(place, "new", runs=1)
    verify.run("staging", enough=True)
    assert records.good_runs(records.history("staging"), release("new")) == WANTED


@pytest.mark.guards("CD-08")
def test_verify_where_nothing_serves_verifies_nothing(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    verify.run("staging")
    assert capsys.readouterr().out == "NOT VERIFIED: nothing serves in staging yet\n"
    assert (place.done, records.history("staging")) == ([], [])


@pytest.mark.guards("CD-08")
def test_promotion_of_a_new_model_with_the_same_code_is_automatic(place: Place) -> None:
    staged(place, "old")
    deploy.run("production", confirm="old")
    staged(place, "retrained")
    deploy.run("production", confirm="model")
    assert in_production() == ["old", "retrained"]


@pytest.mark.guards("CD-08")
@pytest.mark.parametrize(
    "case",
    [
        ("other code", "automatic", "the code of retrained is not the one in production"),
        ("code", "by hand", "models go to production by hand (delivery.models in params.yaml)"),
        (None, "automatic", "nothing serves in production yet"),
    ],
)
def test_promotion_of_a_new_model_that_needs_a_person_waits_without_failing(
    place: Place, case: tuple[str | None, str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, models, why = case
    asked(monkeypatch, models)
    if before:
        staged(place, "old", code=before)
        deploy.run("production", confirm="old")
    staged(place, "retrained")
    served = in_production()
    deploy.run("production", confirm="model")
    said = f"WAITS FOR A PERSON: {why}; make deploy ENV=production CONFIRM=retrained"
    assert capsys.readouterr().out.splitlines()[-1] == said
    assert place.done == []
    assert in_production() == served


def version(number: int) -> Version:
    return Version(number, f"commit {number}", "2026-01-01", "Tester", f"m-v{number}")


@pytest.mark.guards("CD-10")
def test_registry_follows_production_only(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    followed: list[str] = []
    for module in (following, rollback):
        monkeypatch.setattr(module, "follow", lambda release: followed.append(release.key))
    for key in ("first", "second"):
        staged(place, key)
        deploy.run("production", confirm=key)
    deployed(place, "test", "third")
    rollback.run("production")
    assert followed == ["first", "second", "first"]


@pytest.mark.guards("CD-10")
def test_follow_assigns_the_version_that_production_serves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assigned: list[Version] = []
    monkeypatch.setattr(registry, "versions", lambda: [version(1), version(2)])
    monkeypatch.setattr(registry, "in_production", lambda: version(1))
    monkeypatch.setattr(registry, "assign", assigned.append)
    following.follow(release("v1"))
    assert assigned == []
    following.follow(release("v2"))
    assert assigned == [version(2)]
    following.follow(release("v3"))
    assert assigned == [version(2)]
    assert "m-v3 is not in the registry: `make register`" in capsys.readouterr().out


@pytest.mark.guards("CD-07")
@pytest.mark.parametrize(
    ("trained", "past", "goes"),
    [
        (None, [1], ARTEFACT),  # the commit's model is not registered yet
        (3, [1], ARTEFACT),  # it is, and on its way
        (2, [1, 2], PRODUCTION),  # it is in production
        (1, [1, 2], PRODUCTION),  # training has put a newer one there since
        (2, [1, 2, 1], PRODUCTION),  # it was taken back from there
        (2, [], ARTEFACT),  # none was ever there
    ],
)
def test_candidate_is_the_new_model_of_the_commit_or_the_one_in_production(
    trained: int | None, past: list[int], goes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [version(number) for number in (1, 2, 3)]
    monkeypatch.setattr(Version, "model_md5", property(lambda each: f"md5 of {each.number}"))
    monkeypatch.setattr(registry, "versions", lambda: known)
    monkeypatch.setattr(registry, "history", lambda: [version(number) for number in past])
    monkeypatch.setattr(registry, "fetch", lambda: None)
    monkeypatch.setattr(candidate, "md5_of", lambda *_: f"md5 of {trained}")
    monkeypatch.setattr(candidate, "dvc", lambda *_: "")
    monkeypatch.setattr(registry, "require_same", lambda *_: None)
    LOCK.touch()
    assert candidate.candidate() == goes


@pytest.mark.guards("CD-07")
@pytest.mark.parametrize(("is_registered", "goes"), [(True, PRODUCTION), (False, None)])
def test_candidate_without_a_lock_is_what_is_in_production(
    is_registered: bool, goes: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "fetch", lambda if_any: version(1) if is_registered and if_any else None)
    assert candidate.candidate() == goes


@pytest.mark.guards("CD-07")
def test_candidate_that_is_not_committed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    LOCK.write_text("stages: {package: {outs: [{path: models/model.zip, md5: other}]}}")
    ARTEFACT.parent.mkdir()
    ARTEFACT.write_bytes(b"not that of the lock")
    with pytest.raises(ProjectError, match=r"dvc\.lock is not committed; `make push`, commit, and try again"):
        candidate.candidate()
    ARTEFACT.unlink()
    pulled: list[tuple[str, ...]] = []
    monkeypatch.setattr(candidate, "dvc", lambda *arguments: pulled.append(arguments))
    with pytest.raises(ProjectError, match=r"models/model\.zip in the DVC remote is not the model of HEAD: somebody"):
        candidate.candidate()
    monkeypatch.setattr(registry, "require_same", lambda *_: None)
    pulled.clear()
    assert candidate.candidate() == ARTEFACT
    assert pulled == [("pull", "--quiet", "models/model.zip")]


@pytest.mark.guards("CD-06", "CD-09")
def test_next_release_of_a_model_is_what_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    built = release("built")
    monkeypatch.setattr(candidate, "image_of", lambda model: SimpleNamespace(name=f"image of {model}"))
    monkeypatch.setattr(trust, "find", lambda *_: built)
    assert next_release("test", ARTEFACT) == built
    monkeypatch.setattr(trust, "find", lambda *_: None)
    with pytest.raises(ProjectError, match=r"image of models/model\.zip is not here: `make release` builds it"):
        next_release("test", ARTEFACT)


@pytest.mark.guards("CD-06")
def test_next_release_without_a_model_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidate, "candidate", lambda: None)
    with pytest.raises(ProjectError, match="no model is trained yet: `make run`"):
        next_release("test")

"""The registry keeps every version, and a model that is worse than the one in production does not take its place."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from library.in_process import another_model, command, commit
from library.sandbox import Repository
from mlops_maturity.data.schema import Schema
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import ARTEFACT, COMPARISON, PRODUCTION, TRAIN, VALIDATION
from mlops_maturity.project.repository import git
from mlops_maturity.registry import versions as registry
from mlops_maturity.training.train import train_model

V1 = ["model#prod#1", "model@v1.0.0"]


@pytest.fixture
def trained_here(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A clone whose pipeline ran, as the current folder."""
    monkeypatch.chdir(repository.path)
    return repository


@pytest.fixture
def serving_here(in_production: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A clone whose model is in production as version 1, as the current folder."""
    monkeypatch.chdir(in_production.path)
    return in_production


def tags() -> list[str]:
    return git("tag").split()


# Register


@pytest.mark.guards("1-REG")
def test_register_tags_the_commit_and_pushes_the_tag(
    trained_here: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    version = registry.register()
    assert (version.name, version.commit) == ("v1", git("rev-parse", "HEAD"))
    assert version.model == Predictor.load(ARTEFACT).version
    assert tags() == ["model@v1.0.0"]
    assert "model@v1.0.0" in git("ls-remote", "--tags", "origin")
    registry.run()
    assert capsys.readouterr().out.splitlines()[-2:] == ["registered model v1", "registered already: v1"]
    assert tags() == ["model@v1.0.0"]
    assert trained_here.lock()


@pytest.mark.guards("1-REG")
def test_register_on_a_machine_that_did_not_train_pulls_the_model(serving_here: Repository) -> None:
    another_model()
    commit()
    ARTEFACT.unlink()
    for folder in ("data/processed", ".dvc/cache"):
        shutil.rmtree(serving_here.path / folder)
    assert "registered model v2" in command("register")
    assert tags() == [*V1, "model@v2.0.0"]


@pytest.mark.guards("1-REG")
@pytest.mark.usefixtures("serving_here")
def test_register_while_others_took_the_number_leaves_their_version(capsys: pytest.CaptureFixture[str]) -> None:
    git("push", "--quiet", "origin", "HEAD:refs/tags/model@v2.0.0")
    theirs = git("ls-remote", "--tags", "origin")
    another_model()
    commit()
    with pytest.raises(ProjectError, match=r"model@v2\.0\.0 was taken back: fetch from origin"):
        registry.register()
    assert git("ls-remote", "--tags", "origin") == theirs
    assert tags() == V1
    assert "registered" not in capsys.readouterr().out


@pytest.mark.guards("1-REG")
@pytest.mark.usefixtures("trained_here")
def test_register_and_promote_that_were_killed_before_the_push_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(registry, "_publish", lambda *_: None)
        registry.register()
    assert not git("ls-remote", "--tags", "origin")
    assert registry.register().name == "v1"
    assert "model@v1.0.0" in git("ls-remote", "--tags", "origin")
    with monkeypatch.context() as patch:
        patch.setattr(registry, "_publish", lambda *_: None)
        registry.promote()
    assert "model#prod#1" not in git("ls-remote", "--tags", "origin")
    assert registry.promote().name == "v1"
    assert "model#prod#1" in git("ls-remote", "--tags", "origin")


@pytest.mark.guards("1-REG")
@pytest.mark.usefixtures("trained_here")
def test_promote_publishes_the_version_whose_registration_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(registry, "_publish", lambda *_: None)
        registry.register()
    registry.promote()
    found = git("ls-remote", "--tags", "origin")
    assert "model@v1.0.0" in found
    assert "model#prod#1" in found


@pytest.mark.guards("1-REG")
@pytest.mark.usefixtures("trained_here")
def test_promote_of_a_killed_version_whose_number_others_took_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(registry, "_publish", lambda *_: None)
        registry.register()
    git("push", "--quiet", "origin", "HEAD:refs/tags/model@v1.0.0")
    for run in (registry.promote, registry.register):
        with pytest.raises(ProjectError, match="taken back: fetch from origin and try again"):
            run()
        assert tags() == []
        git("tag", "--annotate", "--message", "model m1", "model@v1.0.0")


@pytest.mark.guards("1-REG")
@pytest.mark.usefixtures("trained_here")
def test_register_without_origin_keeps_the_tag_here() -> None:
    git("remote", "remove", "origin")
    assert registry.register().name == "v1"
    assert tags() == ["model@v1.0.0"]


@pytest.mark.guards("1-REG")
@pytest.mark.usefixtures("trained_here")
def test_register_of_uncommitted_changes_is_refused() -> None:
    with Path("params.yaml").open("a") as file:
        file.write("\n# changed\n")
    assert "params.yaml is not committed" in command("register", check=False)
    assert tags() == []


@pytest.mark.guards("1-REG")
def test_register_of_a_model_that_was_not_pushed_is_refused(trained_here: Repository) -> None:
    shutil.rmtree(trained_here.path.parent / "storage" / "files")
    assert "is not in the DVC remote" in command("register", check=False)
    assert tags() == []


@pytest.mark.guards("1-REG")
@pytest.mark.usefixtures("trained_here")
def test_model_at_hand_that_is_not_that_of_the_commit_is_refused() -> None:
    with pytest.raises(ProjectError, match=rf"{ARTEFACT} is not the model of dvc\.lock"):
        registry._require_at_hand("0" * 32)


@pytest.mark.usefixtures("trained_here")
def test_register_if_any_without_a_model_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("dvc.lock").unlink()
    registry.run(if_any=True)
    assert capsys.readouterr().out == "nothing to register: there is no dvc.lock\n"
    assert tags() == []


@pytest.mark.usefixtures("trained_here")
def test_register_before_a_run_was_committed_says_what_comes_first() -> None:
    git("rm", "--quiet", "dvc.lock")
    commit()
    with pytest.raises(ProjectError, match=r"dvc.lock is not committed, .*; `make run push` and commit"):
        registry.register()


# The gates


@pytest.mark.guards("1-GATE", "1-CD")
@pytest.mark.usefixtures("serving_here")
def test_closed_gate_leaves_model_registry_and_production_as_they_were(serving_here: Repository) -> None:
    before = {path: path.read_bytes() for path in (ARTEFACT, PRODUCTION)}
    serving_here.set("gates.beats_baseline", 0.9999999)
    assert "gate failed: beats_baseline" in command("validate-model", "package", check=False)
    commit("A weak model")
    with pytest.raises(ProjectError, match=r"dvc\.lock is stale"):
        registry.register()
    assert tags() == V1
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.guards("1-GATE")
@pytest.mark.usefixtures("serving_here")
def test_model_that_is_worse_than_the_one_in_production_is_neither_registered_nor_promoted(
    schema: Schema, params: Params
) -> None:
    nothing = {"learning_rate": 1e-9, "max_iter": 1}
    weak = params.changed(**{f"model.gradient_boosting.{name}": value for name, value in nothing.items()})
    train, validation = (pd.read_parquet(path) for path in (TRAIN, VALIDATION))
    another_model(train_model(train, validation, schema, weak)[0])
    commit("A model that learned nothing")
    printed = command("register", check=False)
    assert "FAIL not_worse" in printed
    assert "v1 stays in production" in printed
    assert tags() == V1
    assert not all(gate["passed"] for gate in json.loads(COMPARISON.read_text())["gates"])
    # A version that somebody made by hand.
    git("tag", "--annotate", "--message", "model weak", "model@v2.0.0")
    with pytest.raises(ProjectError, match="v1 stays in production"):
        registry.promote()
    assert tags() == [*V1, "model@v2.0.0"]


# Promote, roll back, fetch


@pytest.mark.guards("1-REG", "1-CD")
@pytest.mark.usefixtures("serving_here")
def test_promote_and_rollback_change_the_model_in_production() -> None:
    models = {"v1": PRODUCTION.read_bytes()}
    another_model()
    commit()
    registry.register()
    assert registry.promote().name == "v2"
    models["v2"] = PRODUCTION.read_bytes()
    assert models["v1"] != models["v2"]
    assert registry.promote().name == "v2", "it is there already"
    assert registry.rollback().name == "v1"
    assert PRODUCTION.read_bytes() == models["v1"]
    assert [version.name for version in registry.history()] == ["v1", "v2", "v1"]
    with pytest.raises(ProjectError, match="nothing was in production before v1"):
        registry.rollback()
    with pytest.raises(ProjectError, match="v2 was rolled back; `make promote VERSION=v2` promotes it again"):
        registry.promote()
    assert registry.promote("2").name == "v2"
    assert PRODUCTION.read_bytes() == models["v2"]
    assert git("ls-remote", "--tags", "origin", "model#prod#4")


@pytest.mark.guards("1-REG")
@pytest.mark.usefixtures("trained_here")
def test_promote_and_rollback_without_a_version_are_refused() -> None:
    with pytest.raises(ProjectError, match="there is no version to promote; `make register` makes the first"):
        registry.promote()
    with pytest.raises(ProjectError, match="no model is in production, so there is nothing to roll back"):
        registry.rollback()
    with pytest.raises(ProjectError, match=r"there is no version 'v1'; there is none yet; `make register`"):
        registry.find("v1")


@pytest.mark.guards("1-REG")
@pytest.mark.usefixtures("trained_here")
def test_promote_of_the_first_version_asks_no_gate() -> None:
    registry.register()
    assert registry.promote("v1").name == "v1"
    assert tags() == V1
    assert PRODUCTION.read_bytes() == ARTEFACT.read_bytes()


@pytest.mark.usefixtures("serving_here")
@pytest.mark.parametrize("name", ["v1", "1", "v1.0.0"])
def test_find_by_any_of_its_names_returns_the_version(name: str) -> None:
    assert registry.find(name).number == 1
    with pytest.raises(ProjectError, match="there is no version 'v7'; there is v1"):
        registry.find("v7")


@pytest.mark.guards("1-REG")
def test_fetch_brings_the_model_in_production_from_the_remote(serving_here: Repository) -> None:
    shutil.rmtree(serving_here.path / ".dvc" / "cache")
    PRODUCTION.unlink()
    assert "models/production.zip is v1, the model in production" in command("fetch")
    assert Predictor.load(PRODUCTION).version == registry.versions()[0].model


@pytest.mark.usefixtures("trained_here")
def test_fetch_before_the_first_promotion_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert registry.fetch(if_any=True) is None
    assert capsys.readouterr().out == "no model is in production yet\n"
    with pytest.raises(ProjectError, match="no model is in production yet; `make deploy ENV=production` puts one"):
        registry.fetch()
    answers = Path(".template.json")
    answers.write_text(answers.read_text().replace('"maturity_level": "2"', '"maturity_level": "1"'))
    with pytest.raises(ProjectError, match="`make register promote` puts one there"):
        registry.fetch()


@pytest.mark.guards("1-REG")
def test_checkout_without_the_content_of_the_remote_fails_and_leaves_no_tree(serving_here: Repository) -> None:
    shutil.rmtree(serving_here.path / ".dvc" / "cache")
    shutil.rmtree(serving_here.path.parent / "storage" / "files")
    PRODUCTION.unlink()
    with pytest.raises(ProjectError, match="dvc pull: "):
        registry.fetch()
    assert not PRODUCTION.exists()
    assert len(git("worktree", "list").splitlines()) == 1

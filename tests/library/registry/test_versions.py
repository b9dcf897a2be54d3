"""The registry keeps every version, and a model that is worse than the one in production does not take its place."""

import json
import shutil
import sys

import numpy as np
import pandas as pd
import pytest
from sandbox import Repository

from mlops_maturity.data.schema import Schema
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import ARTEFACT, TRAIN, VALIDATION
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.artefact import Artefact
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.training import comparison
from mlops_maturity.training.gates import require_open
from mlops_maturity.training.train import train_model

<% if cookiecutter.maturity_level == "2" %>
# Notes that the model in production serves in the environment `test`.
SERVES = """
from mlops_maturity.registry import versions as registry
from mlops_maturity.delivery import records
from mlops_maturity.delivery.release import Release
release = Release("key", "image", "sha256:digest", "code", registry.in_production().model, "commit")
records.note("test", "deploy", release, "good")
"""

<% endif %>

def another_model(repository: Repository, model: Artefact | None = None) -> None:
    """Let another model be what a run left: any, or else the same one in a file with other bytes."""
    path = repository.path / ARTEFACT
    old = artefacts.read(path, made_by="make package")
    new = model or old
    artefacts.write(Artefact(new.model, {**old.manifest, **new.manifest, "version": "another"}), path)
    repository.run(sys.executable, "-m", "dvc", "commit", "--quiet", "--force", "package")


def tags(repository: Repository) -> list[str]:
    return repository.run("git", "tag").split()


@pytest.mark.requirement("1-REG")
def test_version_is_immutable_and_known_to_the_remote(in_production: Repository) -> None:
    assert tags(in_production) == ["model#prod#1", "model@v1.0.0"]
    assert "model@v1.0.0" in in_production.run("git", "ls-remote", "--tags", "origin")
    assert "registered already: v1" in in_production.project("register")


<% if cookiecutter.maturity_level == "1" %>
@pytest.mark.requirement("1-REG")
@pytest.mark.ml_test_score("Infra 7", 1.0)
def test_promote_and_roll_back(in_production: Repository) -> None:
    models = {"v1": (in_production.path / "models" / "production.zip").read_bytes()}
    another_model(in_production)
    in_production.commit()
    in_production.project("register")
    assert "v2, the model in production" in in_production.project("promote")
    models["v2"] = (in_production.path / "models" / "production.zip").read_bytes()
    assert models["v1"] != models["v2"]
    assert "v1, the model in production" in in_production.project("rollback")
    assert (in_production.path / "models" / "production.zip").read_bytes() == models["v1"]
    assert "nothing was in production before v1" in in_production.project("rollback", check=False)
    assert "v2 was taken back from production" in in_production.project("promote", check=False)
    assert "v2, the model in production" in in_production.project("promote", "2")


<% endif %>
@pytest.mark.requirement("1-REG")
def test_a_machine_that_did_not_train_brings_what_it_registers(in_production: Repository) -> None:
    another_model(in_production)
    in_production.commit()
    for path in ("models/model.zip", "data/processed", ".dvc/cache"):
        there = in_production.path / path
        shutil.rmtree(there) if there.is_dir() else there.unlink()
    assert "registered model v2" in in_production.project("register")
    assert "registered already: v2" in in_production.project("register")


@pytest.mark.requirement("1-REG")
def test_version_that_others_made_meanwhile_stays_theirs(in_production: Repository) -> None:
    in_production.run("git", "push", "--quiet", "origin", "HEAD:refs/tags/model@v2.0.0")
    theirs = in_production.run("git", "ls-remote", "--tags", "origin")
    another_model(in_production)
    in_production.commit()
    assert "model@v2.0.0 was taken back: fetch from origin" in in_production.project("register", check=False)
    assert in_production.run("git", "ls-remote", "--tags", "origin") == theirs
    assert tags(in_production) == ["model#prod#1", "model@v1.0.0"]


@pytest.mark.requirement("1-REG")
def test_model_in_production_comes_from_the_remote(in_production: Repository) -> None:
    shutil.rmtree(in_production.path / ".dvc" / "cache")
    (in_production.path / "models" / "production.zip").unlink()
    in_production.project("fetch")
    assert Predictor.load(in_production.path / "models" / "production.zip").version


@pytest.mark.requirement("1-REG")
@pytest.mark.requirement("META")
def test_lineage_tells_where_a_version_comes_from(in_production: Repository) -> None:
    said = in_production.project("lineage")
    commit = in_production.run("git", "rev-parse", "model@v1.0.0^{commit}").strip()
    for part in ("version: v1", f"commit: {commit}", "md5:", "parameters:", "metrics:", "previous model: null"):
        assert part in said


<% if cookiecutter.maturity_level == "2" %>
@pytest.mark.requirement("META")
def test_lineage_tells_where_a_version_serves(in_production: Repository) -> None:
    assert "served: {}" in in_production.project("lineage")
    in_production.run(sys.executable, "-c", SERVES)
    served = "served:\n  test:\n    release: key\n    digest: sha256:digest\n    since: "
    assert served in in_production.project("lineage")


<% endif %>
@pytest.mark.requirement("1-REG")
@pytest.mark.ml_test_score("Model 1", 0.5)
def test_what_is_not_committed_is_not_registered(repository: Repository) -> None:
    (repository.path / "params.yaml").open("a").write("\n# changed\n")
    assert "params.yaml is not committed" in repository.project("register", check=False)
    assert tags(repository) == []


@pytest.mark.requirement("1-REG")
def test_what_is_not_pushed_is_not_registered(repository: Repository) -> None:
    shutil.rmtree(repository.path.parent / "storage" / "files")
    assert "is not in the DVC remote" in repository.project("register", check=False)
    assert tags(repository) == []


@pytest.mark.requirement("1-GATE")
@pytest.mark.requirement("1-CD")
def test_closed_gate_leaves_model_registry_and_production_as_they_were(in_production: Repository) -> None:
    before = {name: (in_production.path / "models" / name).read_bytes() for name in ("model.zip", "production.zip")}
    in_production.set("gates.beats_trivial", 0.9999999)
    assert "gate closed: beats_trivial" in in_production.repro(check=False)
    in_production.commit("A weak model")
    assert "dvc.lock is stale" in in_production.project("register", check=False)
    assert tags(in_production) == ["model#prod#1", "model@v1.0.0"]
    for name, content in before.items():
        assert (in_production.path / "models" / name).read_bytes() == content


@pytest.mark.requirement("1-GATE")
@pytest.mark.ml_test_score("Model 4", 0.5)
<% if cookiecutter.maturity_level == "1" %>
def test_model_that_is_worse_than_the_one_in_production_is_neither_registered_nor_promoted(
<% else %>
def test_model_that_is_worse_than_the_one_in_production_is_not_registered(
<% endif %>
    in_production: Repository, schema: Schema, params: Params
) -> None:
    nothing = {"gradient_boosting.max_iter": 1, "gradient_boosting.learning_rate": 1e-6, "linear.penalty": 1e9}
    weak = params.changed(**{f"model.{name}": value for name, value in nothing.items()})
    train, validation = (pd.read_parquet(in_production.path / path) for path in (TRAIN, VALIDATION))
    another_model(in_production, train_model(train, validation, schema, weak)[0])
    in_production.commit("A model that learned nothing")
    said = in_production.project("register", check=False)
    assert "gate CLOSED: not_worse" in said
    assert "v1 stays in production" in said
    assert tags(in_production) == ["model#prod#1", "model@v1.0.0"]
    comparison = json.loads((in_production.path / "reports" / "comparison.json").read_text())
    assert not all(gate["open"] for gate in comparison["gates"])
<% if cookiecutter.maturity_level == "1" %>
    # A version that somebody made by hand.
    in_production.run("gto", "register", "model", "--version", "v2.0.0")
    assert "v1 stays in production" in in_production.project("promote", check=False)
    assert tags(in_production) == ["model#prod#1", "model@v1.0.0", "model@v2.0.0"]
<% endif %>


@pytest.mark.requirement("1-GATE")
@pytest.mark.ml_test_score("Model 6", 1.0)
def test_model_that_fails_on_one_slice_is_worse(
    predictor: Predictor, rows: pd.DataFrame, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Good overall is not good enough: the rows of one value of a slice are answered wrong."""
    some = rows.sample(min(len(rows), 400), random_state=7).reset_index(drop=True)
    some["a slice"] = np.where(np.arange(len(some)) % 20 == 0, "few", "many")
    asked = params.changed(slices=["a slice"])
    good = np.where(some["a slice"] == "few", 0.1, 0.1)
    bad = np.where(some["a slice"] == "few", 5.0, 0.05)
    answers = iter([bad, good])
    monkeypatch.setattr(comparison, "_losses", lambda *_: next(answers))
    gates = comparison.judge({"v1": predictor, "new": predictor}, some, 10.0, asked)
    closed = [gate.name for gate in gates if not gate.is_open]
    assert closed == ["not_worse where a slice is few"]
    with pytest.raises(ProjectError, match="not_worse where a slice is few"):
        require_open(gates)


@pytest.mark.requirement("1-CD")
def test_publishing_leaves_main_alone(in_production: Repository) -> None:
    main = in_production.run("git", "ls-remote", "origin", "refs/heads/main")
    another_model(in_production)
    said = in_production.project("publish")
    assert "registered model v2" in said
    assert in_production.run("git", "ls-remote", "origin", "refs/heads/main") == main
    assert "refs/heads/training/" in in_production.run("git", "ls-remote", "--heads", "origin")
    words = (in_production.path / "reports" / "pull_request.md").read_text()
    assert "compared with v1" in words
    assert sys.executable not in words

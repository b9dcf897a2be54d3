"""Where a version of the model comes from, and where it serves."""

import pytest
import yaml

from library import in_process
from library.sandbox import Repository
from mlops_maturity.delivery import records
from mlops_maturity.delivery.lineage import lineage
from mlops_maturity.delivery.release import Release
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import ARTEFACT
from mlops_maturity.project.repository import git
from mlops_maturity.project.storage import holds
from mlops_maturity.registry import versions as registry

pytestmark = [pytest.mark.guards("META", "1-REG")]


@pytest.fixture
def here(in_production: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A clone whose model is in production, as the current folder."""
    monkeypatch.chdir(in_production.path)
    in_process.use(monkeypatch)
    return in_production


def test_lineage_of_the_model_in_production_tells_where_it_comes_from(here: Repository) -> None:
    found = lineage()
    assert found["version"] == "v1"
    assert found["commit"] == git("rev-parse", "model@v1.0.0^{commit}")
    assert found["in production"] == "now"
    assert found["data"]["file"] == "data/raw/penguins.csv"
    assert holds(here.path / "data/raw/penguins.csv", found["data"]["md5"])
    assert holds(ARTEFACT, found["model"]["md5"])
    assert found["parameters"]["model"]["kind"] == "gradient_boosting"
    assert found["metrics"]["test"]["accuracy"] > 0
    assert (found["previous model"], found["served"]) == (None, {})


def test_lineage_of_a_model_that_serves_names_its_release(here: Repository) -> None:
    (version,) = registry.versions()
    release = Release("key", "image", "sha256:digest", "code", version.model, "commit")
    records.note("test", "deploy", release, "good")
    served = lineage("v1")["served"]
    assert list(served) == ["test"]
    assert (served["test"]["release"], served["test"]["digest"]) == ("key", "sha256:digest")
    told = yaml.safe_load(in_process.command("lineage", "v1"))
    assert told["served"] == served
    assert here.path


def test_lineage_at_level_1_says_nothing_of_environments(here: Repository) -> None:
    answers = here.path / ".template.json"
    answers.write_text(answers.read_text().replace('"maturity_level": "2"', '"maturity_level": "1"'))
    assert "served" not in lineage()


def test_lineage_without_a_model_in_production_asks_for_a_name(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.path)
    with pytest.raises(ProjectError, match="no model is in production yet; name a version: make lineage VERSION=v1"):
        lineage()

"""What each environment asks of a release, and where it is, follow from what the project was generated with."""

import json
from pathlib import Path

import pytest

from library.delivery.conftest import ANSWERS
from mlops_maturity.delivery import environments
from mlops_maturity.delivery.docker import Machine
from mlops_maturity.delivery.kubernetes import Cluster


def generated(**answers: str) -> None:
    Path(".template.json").write_text(json.dumps({"answers": ANSWERS | answers}))


@pytest.mark.guards("1-CD", "CD-06", "CD-07", "CD-08")
@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(("level", "names"), [("1", ["production"]), ("2", ["test", "staging", "production"])])
def test_environments_of_a_level_are_its_own(level: str, names: list[str]) -> None:
    generated(maturity_level=level)
    assert list(environments.environments()) == names
    ports = {policy.port for policy in environments.environments().values()}
    assert len(ports) == len(names), "they may share a machine"


@pytest.mark.usefixtures("docker")
def test_place_of_an_environment_is_the_target_of_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_HOST", "local")
    monkeypatch.setenv("DEPLOY_CONTEXT", "there")
    monkeypatch.setenv("IMAGE_REPOSITORY", "registry.example/service")
    assert environments.what_to_set().startswith("DEPLOY_HOST")
    with environments.place_of("production") as place:
        assert isinstance(place, Machine)
        with place.reach() as address:
            assert address.url == "http://127.0.0.1:8000"
    generated(deploy_target="kubernetes")
    assert environments.what_to_set().startswith("DEPLOY_CONTEXT")
    with environments.place_of("production") as place:
        assert isinstance(place, Cluster)

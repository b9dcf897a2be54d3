"""Checks that a person asks for in an environment: of what serves there, or of what comes next."""

from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from library.delivery.places import Place, deployed, release
from mlops_maturity.delivery.checks import api, by_hand, infra, load, shadow
from mlops_maturity.project.errors import ProjectError

RUNS: dict[str, Any] = {"api": partial(api.run, "", Path()), "load": partial(load.run, "")}


@pytest.fixture(autouse=True)
def _here(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_hand, "place_of", lambda _: nullcontext(place))


@pytest.mark.guards("CD-02", "CD-03")
@pytest.mark.parametrize("name", ["api", "load"])
def test_check_of_an_environment_asks_what_serves_there(place: Place, name: str) -> None:
    deployed(place, "staging", "old")
    place.next = release("new")
    RUNS[name](environment="staging")
    assert place.done == [f"{name} of m-old"]


@pytest.mark.guards("CD-01", "CD-10")
@pytest.mark.parametrize("check", [infra, shadow])
def test_check_of_an_environment_asks_for_the_release_that_comes_next(
    place: Place, check: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed(place, "staging", "old")
    place.next = release("new")
    asked: list[str] = []
    monkeypatch.setattr(check, "hold", lambda trial: asked.append(trial.release.key))
    check.run(Path(), environment="staging")
    assert asked == ["new"]


@pytest.mark.guards("CD-02", "CD-03")
def test_check_of_an_environment_where_nothing_serves_fails() -> None:
    with pytest.raises(ProjectError, match="nothing serves in test yet; `make deploy ENV=test` comes first"):
        api.run("", Path(), "test")


def test_check_of_an_environment_without_a_place_checks_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed(place, "test", "old")
    monkeypatch.setattr(by_hand, "place_of", lambda _: nullcontext(None))
    api.run("", Path(), "test")
    assert capsys.readouterr().out.splitlines()[-1].startswith("NOT CHECKED: set DEPLOY_HOST")
    assert place.done == []

"""Training starts when something asks for it, and two that ask at once get one training."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sandbox import Repository

from mlops_maturity.pipeline import trigger
from mlops_maturity.pipeline.trigger import Claim, remaining
from mlops_maturity.project.params import Params

pytestmark = pytest.mark.requirement("1-TRIG")


def decide(repository: Repository, *options: str) -> str:
    return repository.project("trigger", "--claim", *options).strip().splitlines()[-1]


def monitored(repository: Repository, **fires: bool) -> None:
    path = repository.path / "reports" / "monitoring.json"
    path.write_text(json.dumps({"triggers": {name: {"fires": fire, "reason": "why"} for name, fire in fires.items()}}))


def test_nothing_asks(in_production: Repository) -> None:
    monitored(in_production, drift=False, degraded=False)
    assert decide(in_production) == "do not train: nothing asks for a new model"


def test_first_model_is_wanted(fresh: Repository) -> None:
    assert decide(fresh) == "TRAIN: new-data: no model was ever registered"


@pytest.mark.parametrize("name", ["drift", "degraded"])
@pytest.mark.ml_test_score("Monitor 7", 1.0)
def test_what_monitoring_finds_asks_once_in_the_cooldown(name: str, in_production: Repository) -> None:
    monitored(in_production, **{name: True})
    assert decide(in_production) == f"TRAIN: {name}: why"
    assert decide(in_production).startswith("do not train: the last training is too recent: wait another ")


def test_new_data_ask_once(in_production: Repository, params: Params) -> None:
    pointer = in_production.path / f"{params.data.raw}.dvc"
    pointer.write_text("outs:\n- md5: 00000000000000000000000000000000\n  path: x\n")
    in_production.set("monitoring.cooldown_hours", 0)
    assert "new-data" in decide(in_production)
    assert decide(in_production) == "do not train: nothing asks for a new model"


@pytest.mark.ml_test_score("Monitor 4", 1.0)
def test_age_asks(in_production: Repository) -> None:
    in_production.set("monitoring.max_age_days", 1e-9)
    assert decide(in_production).startswith("TRAIN: schedule: v1 is 0 days old")


def test_demand_is_met_in_the_cooldown_too(fresh: Repository) -> None:
    for why in ("first", "second"):
        assert decide(fresh, "--event", "demand", "--why", why).startswith(f"TRAIN: demand: {why}; ")


def test_findings_of_others_wait_for_the_cooldown(fresh: Repository) -> None:
    assert decide(fresh, "--event", "drift", "--why", "seen elsewhere").startswith("TRAIN: drift: seen elsewhere; ")
    assert decide(fresh, "--event", "degraded").startswith("do not train: the last training is too recent")


def test_of_two_at_once_one_trains(
    fresh: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second did not hear of the first one's claim: the remote repository refuses it."""
    monkeypatch.chdir(fresh.path)
    monkeypatch.setattr(trigger, "fetch_claim", lambda: None)
    trigger.run("demand", "", claim=True)
    assert capsys.readouterr().out.splitlines()[-1].startswith("TRAIN")
    fresh.run("git", "update-ref", "-d", trigger.CLAIM)
    trigger.run("demand", "", claim=True)
    assert capsys.readouterr().out.splitlines()[-1] == "do not train: another run has claimed this training"


def test_data_that_cannot_be_had_are_said(fresh: Repository, params: Params) -> None:
    raw = fresh.path / params.data.raw
    raw.unlink()
    pointer = fresh.path / f"{params.data.raw}.dvc"
    pointer.write_text(f"outs:\n- md5: {'0' * 32}\n  hash: md5\n  path: {raw.name}\n")
    assert f"{params.data.raw} cannot be had here" in decide(fresh)


def test_cooldown_ends() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    last = Claim(now - timedelta(hours=23), "")
    assert remaining(last, timedelta(hours=24), now) == timedelta(hours=1)
    assert remaining(last, timedelta(hours=23), now) == timedelta()
    assert remaining(None, timedelta(hours=24), now) == timedelta()

"""Training starts when something asks for it, and two that ask at once get one training."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from library.sandbox import RAW, Repository
from mlops_maturity.pipeline import trigger
from mlops_maturity.pipeline.trigger import Claim, Event, remaining
from mlops_maturity.project import job
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import MONITORING
from mlops_maturity.project.repository import git

pytestmark = pytest.mark.guards("1-TRIG")


@pytest.fixture
def untrained_here(fresh: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A clone in which nothing was trained, as the current folder."""
    monkeypatch.chdir(fresh.path)
    return fresh


@pytest.fixture
def serving_here(in_production: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A clone whose model is in production, as the current folder."""
    monkeypatch.chdir(in_production.path)
    return in_production


@pytest.fixture
def decide(capsys: pytest.CaptureFixture[str]) -> "Decide":
    return Decide(capsys)


class Decide:
    """Decides whether to train, and returns what is printed last."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, event: Event = "schedule", why: str = "") -> str:
        trigger.run(event, why, claim=True)
        return self._capsys.readouterr().out.splitlines()[-1]


def monitored(**fires: bool) -> None:
    """Let `make monitor` have found these."""
    triggers = {name: {"fires": fire, "reason": "why"} for name, fire in fires.items()}
    MONITORING.write_text(json.dumps({"triggers": triggers}))


@pytest.mark.usefixtures("serving_here")
def test_trigger_without_a_reason_does_not_train(decide: Decide) -> None:
    monitored(drift=False, degraded=False)
    assert decide() == "do not train: nothing asks for a new model"


@pytest.mark.usefixtures("untrained_here")
def test_trigger_before_the_first_model_trains(decide: Decide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(job.OUTPUTS, str(tmp_path / "outputs"))
    monkeypatch.setenv(job.SUMMARIES[0], str(tmp_path / "summary.md"))
    assert decide() == "TRAIN: new-data: no model was ever registered"
    assert (tmp_path / "outputs").read_text() == "train=true\nreason=new-data: no model was ever registered\n"
    assert (tmp_path / "summary.md").read_text() == "**Train**: new-data: no model was ever registered\n"


@pytest.mark.guards("MON-02")
@pytest.mark.usefixtures("serving_here")
@pytest.mark.parametrize("name", ["drift", "degraded"])
def test_trigger_by_monitoring_trains_once_in_the_cooldown(name: str, decide: Decide) -> None:
    monitored(**{name: True})
    assert decide() == f"TRAIN: {name}: why"
    assert decide().startswith("do not train: the last training is too recent: wait another ")


@pytest.mark.guards("MON-02")
def test_trigger_by_monitoring_that_leads_to_an_issue_does_not_train(serving_here: Repository, decide: Decide) -> None:
    monitored(drift=True)
    serving_here.set("watch", {"leads_to": {"drift": "issue"}})
    assert decide() == "do not train: nothing asks for a new model"


def test_trigger_by_new_data_trains_once(serving_here: Repository, decide: Decide) -> None:
    pointer = Path(f"{RAW}.dvc")
    pointer.write_text("outs:\n- md5: 00000000000000000000000000000000\n  path: x\n")
    serving_here.set("monitoring.cooldown_hours", 0)
    assert decide() == f"TRAIN: new-data: {RAW} is not what v1 was trained on"
    assert decide() == "do not train: nothing asks for a new model"


@pytest.mark.parametrize(("leads_to", "trains"), [("train", True), ("issue", False)])
def test_trigger_by_age_trains_if_the_settings_say_so(
    leads_to: str, serving_here: Repository, decide: Decide, *, trains: bool
) -> None:
    serving_here.set("monitoring.max_age_days", 1e-9)
    serving_here.set("watch", {"leads_to": {"stale": leads_to}})
    assert decide().startswith("TRAIN: schedule: v1 is " if trains else "do not train: nothing asks")


@pytest.mark.usefixtures("untrained_here")
def test_trigger_on_demand_trains_in_the_cooldown_too(decide: Decide) -> None:
    for why in ("first", "second"):
        assert decide("demand", why).startswith(f"TRAIN: demand: {why}; ")
    assert decide("demand").startswith("TRAIN: demand: no reason is given; ")


@pytest.mark.usefixtures("untrained_here")
def test_trigger_by_others_waits_for_the_cooldown(decide: Decide) -> None:
    assert decide("drift", "seen elsewhere").startswith("TRAIN: drift: seen elsewhere; ")
    assert decide("degraded").startswith("do not train: the last training is too recent")


@pytest.mark.usefixtures("untrained_here")
def test_two_triggers_at_once_train_once(decide: Decide, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second did not hear of the first one's claim: the remote repository refuses it."""
    monkeypatch.setattr(trigger, "fetch_claim", lambda: None)
    assert decide("demand").startswith("TRAIN")
    git("update-ref", "-d", trigger.CLAIM)
    assert decide("demand") == "do not train: another run has claimed this training"


@pytest.mark.usefixtures("untrained_here")
def test_claim_is_seen_by_others(decide: Decide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert decide("drift").startswith("TRAIN")
    git("clone", "--quiet", "../origin", str(tmp_path / "other"))
    monkeypatch.chdir(tmp_path / "other")
    assert trigger.last_claim() is None
    assert decide("drift").startswith("do not train: the last training is too recent")
    claim = trigger.last_claim()
    assert claim is not None
    assert timedelta() <= datetime.now(UTC) - claim.at < timedelta(minutes=5)


@pytest.mark.usefixtures("untrained_here")
def test_trigger_without_a_claim_leaves_it_to_another_run(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        trigger.run("drift", "", claim=False)
        assert capsys.readouterr().out.splitlines()[-1].startswith("TRAIN: drift: ")
    assert trigger.last_claim() is None


@pytest.mark.usefixtures("untrained_here")
def test_trigger_without_the_data_pulls_them(decide: Decide) -> None:
    content = RAW.read_bytes()
    RAW.unlink()
    assert decide().startswith("TRAIN")
    assert RAW.read_bytes() == content


@pytest.mark.usefixtures("untrained_here")
def test_trigger_without_the_data_anywhere_does_not_train(decide: Decide) -> None:
    raw = RAW
    raw.unlink()
    Path(f"{raw}.dvc").write_text(f"outs:\n- md5: {'0' * 32}\n  hash: md5\n  path: {raw.name}\n")
    assert f"{raw} cannot be had here" in decide()


@pytest.mark.usefixtures("untrained_here")
def test_trigger_without_a_pointer_to_the_data_fails(decide: Decide) -> None:
    Path(f"{RAW}.dvc").unlink()
    with pytest.raises(ProjectError, match=r"penguins\.csv\.dvc is missing; `\.venv/bin/dvc add"):
        decide()


def test_remaining_of_a_cooldown_ends() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    last = Claim(now - timedelta(hours=23), "")
    assert remaining(last, timedelta(hours=24), now) == timedelta(hours=1)
    assert remaining(last, timedelta(hours=23), now) == timedelta()
    assert remaining(None, timedelta(hours=24), now) == timedelta()

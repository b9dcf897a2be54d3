"""From a prediction log to a verdict that says why, and to a page."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shop import BOUNDS, REGION, TARGET, TARGETS, Shop, open_shop
from sqlalchemy import create_engine

from << cookiecutter.__package_name >>.__main__ import main
from << cookiecutter.__package_name >>.errors import ProjectError
from << cookiecutter.__package_name >>.files import write_json
from << cookiecutter.__package_name >>.monitoring import log_reader, page
from << cookiecutter.__package_name >>.monitoring.findings import told
from << cookiecutter.__package_name >>.monitoring.log_reader import LogReader, records_as_table
from << cookiecutter.__package_name >>.monitoring.monitor import examine
from << cookiecutter.__package_name >>.monitoring.performance import performance
from << cookiecutter.__package_name >>.monitoring.profile import Loss
from << cookiecutter.__package_name >>.paths import ARTEFACT, MONITORING, MONITORING_PAGE
from << cookiecutter.__package_name >>.training.metrics import loss
from << cookiecutter.__package_name >>.trigger import Reason, monitored

pytestmark = [pytest.mark.requirement("MON-02"), pytest.mark.requirement("1-TRIG")]

WRONG: dict[str, Any] = {"binary": "no", "multi-class": 2, "regression": 9.0}


@pytest.fixture(params=list(TARGETS))
def shop(request: pytest.FixtureRequest) -> Shop:
    """A shop of each kind of target."""
    return open_shop(request.param)


@pytest.fixture
def binary() -> Shop:
    """One shop, for what does not depend on the target."""
    return open_shop("binary")


def verdicts(shop: Shop, url: str) -> dict[str, tuple[bool, bool]]:
    """Of each trigger, whether it was exercised and whether it fires."""
    found = examine(url, shop.predictor, shop.reference, BOUNDS)
    return {name: (trigger.exercised, trigger.fires) for name, trigger in found.triggers.items()}


def test_unshifted_log_is_quiet(shop: Shop, tmp_path: Path) -> None:
    asked = shop.customers(1_100)
    url = shop.log(tmp_path / "log.sqlite", asked, asked[TARGET])
    found = examine(url, shop.predictor, shop.reference, BOUNDS)
    assert verdicts(shop, url) == {"drift": (True, False), "degraded": (True, False)}
    assert [window.rows for window in found.data] == [200] * 5
    assert found.data[0].begin == 1_780_000_000 + 60 * 100
    assert "0 of the last 5 windows of 200 predictions have drifted" in found.triggers["drift"].reason


def test_shifted_log_fires_and_says_why(shop: Shop, tmp_path: Path) -> None:
    asked = shop.customers(1_000)
    asked.loc[400:, REGION] = "sud"
    found = examine(shop.log(tmp_path / "log.sqlite", asked), shop.predictor, shop.reference, BOUNDS)
    trigger = found.triggers["drift"]
    assert trigger.fires
    assert "3 of the last 5 windows of 200 predictions have drifted" in trigger.reason
    assert f"{REGION}: psi" in trigger.reason
    assert "limit 0.2" in trigger.reason
    assert "'sud' 3" in trigger.reason


def test_shift_that_is_over_is_quiet(binary: Shop, tmp_path: Path) -> None:
    asked = binary.customers(1_000)
    asked.loc[:799, REGION] = "sud"
    assert verdicts(binary, binary.log(tmp_path / "log.sqlite", asked))["drift"] == (True, False)


@pytest.mark.ml_test_score("Model 2", 0.5)
@pytest.mark.ml_test_score("Monitor 7", 1.0)
def test_wrong_answers_fire(shop: Shop, tmp_path: Path) -> None:
    asked = shop.customers(1_000)
    labels = asked[TARGET].astype("object")
    labels.loc[400:] = WRONG[shop.kind]
    url = shop.log(tmp_path / "log.sqlite", asked, labels)
    assert verdicts(shop, url) == {"drift": (True, False), "degraded": (True, True)}
    reason = examine(url, shop.predictor, shop.reference, BOUNDS).triggers["degraded"].reason
    assert "3 of the last 5 windows of 200 labelled predictions have degraded" in reason
    assert ("mae" if shop.kind == "regression" else "accuracy") in reason


def test_what_fires_asks_for_a_new_model(binary: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked = binary.customers(1_000)
    quiet = binary.log(tmp_path / "quiet.sqlite", asked, asked[TARGET])
    write_json(MONITORING, told(examine(quiet, binary.predictor, binary.reference, BOUNDS), BOUNDS))
    assert list(monitored()) == []
    shifted = asked.assign(**{REGION: "sud"})
    loud = binary.log(tmp_path / "loud.sqlite", shifted, pd.Series([WRONG["binary"]] * 1_000))
    found = examine(loud, binary.predictor, binary.reference, BOUNDS)
    write_json(MONITORING, told(found, BOUNDS))
    names = ("degraded", "drift")
    assert list(monitored()) == [Reason(name, found.triggers[name].reason) for name in names]


def test_late_and_few_labels_are_judged(shop: Shop, tmp_path: Path) -> None:
    asked = shop.customers(3_000)
    labels = asked[TARGET].astype("object").iloc[:500:2]
    url = shop.log(tmp_path / "log.sqlite", asked, labels)
    found = examine(url, shop.predictor, shop.reference, BOUNDS)
    assert [window.performance.rows for window in found.loss] == [50] * 5
    assert verdicts(shop, url)["degraded"] == (True, False)


def test_class_that_the_model_does_not_know_costs(binary: Shop, tmp_path: Path) -> None:
    asked = binary.customers(1_000)
    url = binary.log(tmp_path / "log.sqlite", asked, pd.Series(["maybe"] * 1_000))
    found = examine(url, binary.predictor, binary.reference, BOUNDS)
    assert found.loss[-1].performance.scores["accuracy"] == 0
    assert found.triggers["degraded"].fires


@pytest.mark.ml_test_score("Model 2", 0.5)
def test_loss_is_measured_in_the_trivial_models() -> None:
    reference = Loss(rows=10_000, mean=1.0, spread=0.1, trivial=4.0)
    target = np.zeros(1_000)
    found = performance("regression", target, target + np.sqrt(2.0), reference, BOUNDS)
    assert found.loss == pytest.approx(loss("regression", target, target + np.sqrt(2.0)))
    assert found.growth.value == pytest.approx((2.0 - 1.0) / 4.0)
    assert found.growth.violates
    better = performance("regression", target, target, reference, BOUNDS)
    assert better.growth.value < 0
    assert not better.growth.violates


def test_few_labels_do_not_violate_by_chance() -> None:
    random = np.random.default_rng(7)
    reference = Loss(rows=1_000, mean=1.0, spread=np.sqrt(2.0), trivial=2.0)
    found = [
        performance("regression", np.zeros(50), random.normal(size=50), reference, BOUNDS).growth for _ in range(300)
    ]
    assert max(growth.value for growth in found) > BOUNDS.loss
    assert sum(growth.violates for growth in found) <= 1


def test_no_log_is_not_fine(binary: Shop, tmp_path: Path) -> None:
    path = tmp_path / "no.sqlite"
    found = examine(f"sqlite:///{path}", binary.predictor, binary.reference, BOUNDS)
    for trigger in found.triggers.values():
        assert not trigger.exercised
        assert not trigger.fires
        assert "no prediction log" in trigger.reason
    assert not path.exists()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "cannot be read"),
        ("postgresql://somebody:secret@127.0.0.1:1/none", "cannot be read"),
        ("sqlite:///", "no table of predictions"),
    ],
)
def test_log_that_cannot_be_read_is_not_fine(url: str, message: str, binary: Shop) -> None:
    trigger = examine(url, binary.predictor, binary.reference, BOUNDS).triggers["drift"]
    assert not trigger.exercised
    assert message in trigger.reason
    assert "secret" not in trigger.reason


def test_file_that_is_no_log_is_not_fine(binary: Shop, tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    path.write_text("something else, and more of it than a header has room for: " * 20)
    trigger = examine(f"sqlite:///{path}", binary.predictor, binary.reference, BOUNDS).triggers["drift"]
    assert not trigger.exercised
    assert "file is not a database" in trigger.reason


def test_password_of_the_log_is_not_told(binary: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = create_engine("postgresql://somebody:secret@127.0.0.1:1/none")
    monkeypatch.setattr(log_reader, "_open", lambda _: engine)
    assert LogReader("", binary.predictor).name == "postgresql://somebody:***@127.0.0.1:1/none"


def test_too_few_rows_are_not_fine(binary: Shop, tmp_path: Path) -> None:
    asked = binary.customers(599)
    url = binary.log(tmp_path / "log.sqlite", asked, asked[TARGET].astype("object").head(199))
    found = examine(url, binary.predictor, binary.reference, BOUNDS)
    assert verdicts(binary, url) == {"drift": (False, False), "degraded": (False, False)}
    assert "599 predictions of model trained, 600 are needed" in found.triggers["drift"].reason
    assert "199 labelled predictions of model trained, 200 are needed" in found.triggers["degraded"].reason


def test_predictions_of_another_model_do_not_count(binary: Shop, tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    asked = binary.customers(1_000)
    binary.log(path, asked)
    url = binary.log(path, asked.assign(**{REGION: "sud"}), asked[TARGET], version="other", at=1_000)
    found = examine(url, binary.predictor, binary.reference, BOUNDS)
    assert verdicts(binary, url) == {"drift": (True, False), "degraded": (False, False)}
    assert "there are 0 labelled predictions" in found.triggers["degraded"].reason
    lonely = binary.log(tmp_path / "other.sqlite", asked, version="other")
    trigger = examine(lonely, binary.predictor, binary.reference, BOUNDS).triggers["drift"]
    assert not trigger.exercised
    assert "the newest are of other" in trigger.reason


def test_log_is_read_as_the_model_was_asked(shop: Shop, tmp_path: Path) -> None:
    asked = shop.customers(300)
    reader = LogReader(shop.log(tmp_path / "log.sqlite", asked), shop.predictor)
    windows = list(reader.answered(200, 5))
    assert [len(window.frame) for window in windows] == [200, 100]
    read = pd.concat([window.frame for window in windows], ignore_index=True).iloc[::-1].reset_index(drop=True)
    answers = pd.concat([window.answers for window in windows], ignore_index=True).iloc[::-1]
    np.testing.assert_allclose(shop.predictor.of_frame(read), shop.predictor.of_frame(asked), atol=1e-6)
    expected = shop.predictor.target.decode(shop.predictor.of_frame(asked))
    if shop.kind == "regression":
        np.testing.assert_allclose(answers, expected, atol=1e-6)
    else:
        assert answers.tolist() == [str(answer) for answer in expected]


def test_records_may_say_times_in_any_zone(binary: Shop) -> None:
    texts = ["2024-05-01", "2024-05-01T02:00:00+02:00", "2024-05-01T00:00:00Z"]
    records = [json.dumps({"since": text, "visits": 1, "unknown": [1]}) for text in texts]
    frame = binary.predictor.schema.conform(records_as_table(records, binary.predictor.schema))
    assert (frame["since"] == pd.Timestamp("2024-05-01")).all()


def test_record_that_does_not_fit_is_named(binary: Shop) -> None:
    with pytest.raises(ProjectError, match="the prediction log holds a record that does not fit the model"):
        records_as_table(['{"visits": "many"}'], binary.predictor.schema)


def test_verdict_for_machines_is_plain(shop: Shop, tmp_path: Path) -> None:
    asked = shop.customers(1_000)
    found = examine(shop.log(tmp_path / "log.sqlite", asked, asked[TARGET]), shop.predictor, shop.reference, BOUNDS)
    content = json.loads(json.dumps(told(found, BOUNDS), allow_nan=False))
    assert content["model_version"] == "trained"
    assert set(content["triggers"]) == {"drift", "degraded"}
    assert len(content["windows"]) == len(content["performance"]) == 5
    assert set(content["windows"][0]["columns"]) == {*shop.predictor.schema.columns, "the prediction"}


@pytest.mark.usefixtures("in_workspace")
def test_command_writes_verdict_and_page(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["monitor", "--log", f"sqlite:///{tmp_path}/none", "--model", str(ARTEFACT)]) == 0
    said = capsys.readouterr().out
    assert "drift: not exercised" in said
    assert "degraded: not exercised" in said
    assert "could not be judged" in MONITORING_PAGE.read_text(encoding="utf-8")
    assert not json.loads(MONITORING.read_text())["triggers"]["drift"]["exercised"]


def test_page_shows_the_worst_and_no_code_of_others(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = shop.customers(1_000)
    changed = asked.assign(**{REGION: "<script>"})
    url = shop.log(tmp_path / "log.sqlite", changed, asked[TARGET])
    found = examine(url, shop.predictor, shop.reference, BOUNDS)
    promised = {"scores": {"test": {"accuracy": 0.9, "mae": 0.1}}}
    monkeypatch.setattr(shop.predictor, "manifest", {**shop.predictor.manifest, "metrics": promised})
    monkeypatch.chdir(tmp_path)
    page.write(found, shop.predictor, shop.reference)
    text = MONITORING_PAGE.read_text(encoding="utf-8")
    assert "Live data have drifted: a new model is asked for" in text
    assert text.count("data:image/png;base64,") == len(shop.predictor.schema.columns) + 1 + 2
    for code in ("<script>", "<b>", "http"):
        assert code not in text

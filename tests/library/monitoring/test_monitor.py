"""From a prediction log to a verdict that says why, and to a page."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine

from library.shop import BOUNDS, REGION, TARGET, Shop
from mlops_maturity.data.conversion import conform
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.monitoring import log_reader, monitor, page, profile
from mlops_maturity.monitoring.findings import told
from mlops_maturity.monitoring.log_reader import LogReader, records_as_table
from mlops_maturity.monitoring.monitor import examine
from mlops_maturity.monitoring.performance import performance
from mlops_maturity.monitoring.profile import Loss, Reference
from mlops_maturity.pipeline.trigger import Reason, monitored
from mlops_maturity.project import paths
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import write_json
from mlops_maturity.project.paths import ARTEFACT, MONITORING, MONITORING_PAGE
from mlops_maturity.training.losses import loss

pytestmark = [pytest.mark.guards("MON-02"), pytest.mark.guards("1-TRIG")]

WRONG: dict[str, Any] = {"binary": "no", "multi-class": 2, "regression": 9.0}


def verdicts(shop: Shop, url: str) -> dict[str, tuple[bool, bool]]:
    """Of each trigger, whether it was exercised and whether it fires."""
    found = examine(url, shop.predictor, shop.reference, BOUNDS)
    return {name: (trigger.exercised, trigger.fires) for name, trigger in found.triggers.items()}


def test_examine_unshifted_log_is_quiet(shop: Shop, tmp_path: Path) -> None:
    asked = shop.customers(1_100)
    url = shop.log(tmp_path / "log.sqlite", asked, asked[TARGET])
    found = examine(url, shop.predictor, shop.reference, BOUNDS)
    assert verdicts(shop, url) == {"drift": (True, False), "degraded": (True, False)}
    assert [window.rows for window in found.data] == [200] * 5
    assert found.data[0].begin == 1_780_000_000 + 60 * 100
    assert "0 of the last 5 windows of 200 predictions have drifted" in found.triggers["drift"].reason


def test_examine_shifted_log_fires_and_gives_the_reason(shop: Shop, tmp_path: Path) -> None:
    asked = shop.customers(1_000)
    asked.loc[400:, REGION] = "sud"
    found = examine(shop.log(tmp_path / "log.sqlite", asked), shop.predictor, shop.reference, BOUNDS)
    trigger = found.triggers["drift"]
    assert trigger.fires
    assert "3 of the last 5 windows of 200 predictions have drifted" in trigger.reason
    assert f"{REGION}: psi" in trigger.reason
    assert "limit 0.2" in trigger.reason
    assert "'sud' 3" in trigger.reason


def test_examine_shift_that_is_over_is_quiet(binary: Shop, tmp_path: Path) -> None:
    asked = binary.customers(1_000)
    asked.loc[:799, REGION] = "sud"
    assert verdicts(binary, binary.log(tmp_path / "log.sqlite", asked))["drift"] == (True, False)


def test_examine_wrong_answers_fire(shop: Shop, tmp_path: Path) -> None:
    asked = shop.customers(1_000)
    labels = asked[TARGET].astype("object")
    labels.loc[400:] = WRONG[shop.kind]
    url = shop.log(tmp_path / "log.sqlite", asked, labels)
    assert verdicts(shop, url) == {"drift": (True, False), "degraded": (True, True)}
    reason = examine(url, shop.predictor, shop.reference, BOUNDS).triggers["degraded"].reason
    assert "3 of the last 5 windows of 200 labelled predictions have degraded" in reason
    assert ("mae" if shop.kind == "regression" else "accuracy") in reason


def test_verdict_that_fires_asks_for_a_new_model(binary: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_examine_late_and_few_labels_are_judged(shop: Shop, tmp_path: Path) -> None:
    asked = shop.customers(3_000)
    labels = asked[TARGET].astype("object").iloc[:500:2]
    url = shop.log(tmp_path / "log.sqlite", asked, labels)
    found = examine(url, shop.predictor, shop.reference, BOUNDS)
    assert [window.performance.rows for window in found.loss] == [50] * 5
    assert verdicts(shop, url)["degraded"] == (True, False)


def test_examine_label_that_the_model_does_not_know_costs(binary: Shop, tmp_path: Path) -> None:
    asked = binary.customers(1_000)
    url = binary.log(tmp_path / "log.sqlite", asked, pd.Series(["maybe"] * 1_000))
    found = examine(url, binary.predictor, binary.reference, BOUNDS)
    assert found.loss[-1].performance.scores["accuracy"] == 0
    assert found.triggers["degraded"].fires


def test_performance_growth_is_in_shares_of_the_baselines_loss() -> None:
    reference = Loss(rows=10_000, mean=1.0, spread=0.1, baseline=4.0)
    target = np.zeros(1_000)
    found = performance("regression", target, target + np.sqrt(2.0), reference, BOUNDS)
    assert found.loss == pytest.approx(loss("regression", target, target + np.sqrt(2.0)))
    assert found.growth.value == pytest.approx((2.0 - 1.0) / 4.0)
    assert found.growth.violates
    better = performance("regression", target, target, reference, BOUNDS)
    assert better.growth.value < 0
    assert not better.growth.violates


def test_performance_few_labels_do_not_violate_by_chance() -> None:
    random = np.random.default_rng(7)
    reference = Loss(rows=1_000, mean=1.0, spread=np.sqrt(2.0), baseline=2.0)
    found = [
        performance("regression", np.zeros(50), random.normal(size=50), reference, BOUNDS).growth for _ in range(300)
    ]
    assert max(growth.value for growth in found) > BOUNDS.loss
    assert sum(growth.violates for growth in found) <= 1


def test_examine_without_a_log_is_not_exercised(binary: Shop, tmp_path: Path) -> None:
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
def test_examine_log_that_cannot_be_read_is_not_exercised(url: str, message: str, binary: Shop) -> None:
    trigger = examine(url, binary.predictor, binary.reference, BOUNDS).triggers["drift"]
    assert not trigger.exercised
    assert message in trigger.reason
    assert "secret" not in trigger.reason


def test_examine_file_that_is_no_log_is_not_exercised(binary: Shop, tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    path.write_text("something else, and more of it than a header has room for: " * 20)
    trigger = examine(f"sqlite:///{path}", binary.predictor, binary.reference, BOUNDS).triggers["drift"]
    assert not trigger.exercised
    assert "file is not a database" in trigger.reason


def test_reader_name_hides_the_password(binary: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = create_engine("postgresql://somebody:secret@127.0.0.1:1/none")
    monkeypatch.setattr(log_reader, "_open", lambda _: engine)
    assert LogReader("", binary.predictor).name == "postgresql://somebody:***@127.0.0.1:1/none"


def test_examine_too_few_rows_are_not_exercised(binary: Shop, tmp_path: Path) -> None:
    asked = binary.customers(599)
    url = binary.log(tmp_path / "log.sqlite", asked, asked[TARGET].astype("object").head(199))
    found = examine(url, binary.predictor, binary.reference, BOUNDS)
    assert verdicts(binary, url) == {"drift": (False, False), "degraded": (False, False)}
    wanted = f"600 predictions are required, and there are 599 predictions of model {binary.predictor.version}"
    assert wanted in found.triggers["drift"].reason
    assert (
        f"200 labels are required, and there are 199 labelled predictions of model {binary.predictor.version}"
        in found.triggers["degraded"].reason
    )


def test_examine_predictions_of_another_model_do_not_count(binary: Shop, tmp_path: Path) -> None:
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


def test_reader_rows_are_those_that_the_model_was_asked(shop: Shop, tmp_path: Path) -> None:
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


def test_records_times_of_any_zone_are_read_in_utc(binary: Shop) -> None:
    texts = ["2024-05-01", "2024-05-01T02:00:00+02:00", "2024-05-01T00:00:00Z"]
    records = [json.dumps({"since": text, "visits": 1, "unknown": [1]}) for text in texts]
    frame = conform(binary.predictor.schema, records_as_table(records, binary.predictor.schema))
    assert (frame["since"] == pd.Timestamp("2024-05-01")).all()


def test_records_one_that_does_not_fit_is_named(binary: Shop) -> None:
    with pytest.raises(ProjectError, match="the prediction log holds a record that does not fit the model"):
        records_as_table(['{"visits": "many"}'], binary.predictor.schema)


def test_verdict_as_json_is_plain(shop: Shop, tmp_path: Path) -> None:
    asked = shop.customers(1_000)
    found = examine(shop.log(tmp_path / "log.sqlite", asked, asked[TARGET]), shop.predictor, shop.reference, BOUNDS)
    content = json.loads(json.dumps(told(found, BOUNDS), allow_nan=False))
    assert content["model_version"] == shop.predictor.version
    assert set(content["triggers"]) == {"drift", "degraded"}
    assert len(content["windows"]) == len(content["performance"]) == 5
    assert set(content["windows"][0]["columns"]) == {*shop.predictor.schema.columns, "the prediction"}


@pytest.fixture
def project(binary: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project of a shop with its packaged model, as the current folder."""
    monkeypatch.chdir(binary.project(tmp_path / "shop"))
    return Path.cwd()


@pytest.mark.usefixtures("project")
def test_run_without_a_log_reports_that_nothing_was_exercised(capsys: pytest.CaptureFixture[str]) -> None:
    monitor.run("sqlite:///none.sqlite", ARTEFACT)
    printed = capsys.readouterr().out
    assert "drift: not exercised: there is no prediction log" in printed
    assert "degraded: not exercised" in printed
    assert "could not be judged" in MONITORING_PAGE.read_text(encoding="utf-8")
    assert not json.loads(MONITORING.read_text())["triggers"]["drift"]["exercised"]


@pytest.mark.usefixtures("project")
def test_run_log_of_the_environment_is_read(
    binary: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = binary.customers(1_000)
    monkeypatch.setenv("PREDICTION_LOG", binary.log(Path("log.sqlite"), asked.assign(**{REGION: "sud"})))
    monitor.run()
    assert "drift: FIRES: 5 of the last 5 windows" in capsys.readouterr().out
    assert json.loads(MONITORING.read_text())["triggers"]["drift"]["fires"]


@pytest.mark.usefixtures("project")
def test_run_without_a_model_leaves_no_verdict_of_another_day(capsys: pytest.CaptureFixture[str]) -> None:
    write_json(MONITORING, {"triggers": {}})
    ARTEFACT.unlink()
    monitor.run()
    assert "not exercised: there is no models/model.zip" in capsys.readouterr().out
    assert not MONITORING.exists()


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (None, "has no reference.json to compare live data with"),
        (b"{}", "the reference is damaged"),
        (b"other", "its reference is of another model"),
    ],
    ids=["none", "damaged", "of another model"],
)
def test_load_model_without_its_reference_is_refused(
    reference: bytes | None, message: str, binary: Shop, tmp_path: Path
) -> None:
    if reference == b"other":
        reference = binary.reference.model_copy(update={"model_sha256": "0"}).text().encode()
    artefacts.write(replace(binary.packaged, reference=reference), tmp_path / "model.zip")
    with pytest.raises(ProjectError, match=message):
        monitor.load(tmp_path / "model.zip")


@pytest.mark.guards("CI-05", "0-PROC")
def test_profile_step_writes_the_reference_of_the_trained_model(
    binary: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    artefacts.write(binary.trained, paths.MODEL)
    for path, rows in ((paths.TRAIN, 2_000), (paths.TEST, 1_000)):
        path.parent.mkdir(parents=True, exist_ok=True)
        binary.customers(rows, seed=7).to_parquet(path)
    profile.run()
    assert Reference.model_validate_json(paths.REFERENCE.read_text()) == binary.reference
    assert "wrote models/reference.json: 5 columns of 2,000 rows" in capsys.readouterr().out


def test_page_shows_the_worst_and_no_markup_of_others(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = shop.customers(1_000)
    changed = asked.assign(**{REGION: "<script>"})
    url = shop.log(tmp_path / "log.sqlite", changed, asked[TARGET])
    found = examine(url, shop.predictor, shop.reference, BOUNDS)
    monkeypatch.chdir(tmp_path)
    page.write(found, shop.predictor, shop.reference)
    text = MONITORING_PAGE.read_text(encoding="utf-8")
    assert "Live data have drifted: a new training is requested" in text
    assert text.count("data:image/png;base64,") == len(shop.predictor.schema.columns) + 1 + 2
    for code in ("<script>", "<b>", "http"):
        assert code not in text


def test_page_of_many_columns_shows_the_worst_of_them(
    binary: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = binary.customers(600)
    found = examine(binary.log(tmp_path / "log.sqlite", asked), binary.predictor, binary.reference, BOUNDS)
    monkeypatch.setattr(page, "MOST_PICTURES", 2)
    monkeypatch.chdir(tmp_path)
    page.write(found, binary.predictor, binary.reference)
    text = MONITORING_PAGE.read_text(encoding="utf-8")
    assert "4 more columns are nearer to the reference than these" in text
    assert text.count("data:image/png;base64,") == 2 + 1

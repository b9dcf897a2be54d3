"""Monitoring acts: age, silence and the service's health are judged, and lead to what params.yaml says."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine, insert

from library.shop import Shop
from mlops_maturity.ci import platform
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.monitoring import monitor, watch
from mlops_maturity.monitoring.findings import Findings
from mlops_maturity.monitoring.health import FEWEST_ANSWERS, Metrics, health
from mlops_maturity.monitoring.measures import Measure, judged, lasting
from mlops_maturity.monitoring.staleness import age, silence
from mlops_maturity.monitoring.windows import Trigger
from mlops_maturity.pipeline import trigger
from mlops_maturity.project import job
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import write_json
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import ARTEFACT, MONITORING, MONITORING_PAGE, MONITORING_SUMMARY
from mlops_maturity.project.repository import git
from mlops_maturity.registry import versions as registry
from mlops_maturity.registry.versions import Version
from mlops_maturity.serving.log import MOST_WAITING
from mlops_maturity.serving.log_tables import labels, metadata, predictions
from mlops_maturity.serving.telemetry import Telemetry

pytestmark = pytest.mark.guards("MON-02")

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY, HOUR = 86_400.0, 3_600.0
FIRES, QUIET, UNKNOWN = Trigger(True, True, "why"), Trigger(False, True, "why"), Trigger(False, False, "why")


@contextmanager
def service(
    predictor: Predictor,
    statuses: Sequence[int] = (200,) * FEWEST_ANSWERS,
    seconds: float = 0.001,
    ready: int = 200,
    **log: int,
) -> Iterator[str]:
    """What a service of this model would tell of itself and of its log, at an address of this machine."""
    state = SimpleNamespace(**{"waiting": 0, "dropped": 0, "failures": 0} | log)
    telemetry = Telemetry(predictor, state)  # type: ignore[arg-type]
    for status in statuses:
        telemetry.answered("/predict", status, seconds)
    # Probes are no answers to people.
    for _ in range(FEWEST_ANSWERS):
        telemetry.answered("/ready", 503, 2.0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(ready if self.path == "/ready" else 200)
            self.end_headers()
            self.wfile.write(telemetry.page() if self.path == "/metrics" else b'{"status": "told"}')

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def log(tmp_path: Path) -> Callable[[float | None, float | None], str]:
    """Make a log whose newest prediction and newest label are so many seconds old."""

    def made(asked: float | None, told: float | None) -> str:
        url = f"sqlite:///{tmp_path / 'log.sqlite'}"
        engine = create_engine(url)
        metadata.create_all(engine)
        with engine.begin() as connection:
            if asked is not None:
                at = NOW.timestamp() - asked
                row = {"id": "a", "at": at, "model_version": "any", "record": "{}", "prediction": "1"}
                connection.execute(insert(predictions), row)
            if told is not None:
                row = {"prediction_id": "a", "at": NOW.timestamp() - told, "label": "1"}
                connection.execute(insert(labels), row)
        engine.dispose()
        return url

    return made


def unwell(measures: Sequence[Measure]) -> list[str]:
    return [measure.name for measure in measures if measure.violates]


# How the service is


def test_health_of_a_good_service_is_quiet(predictor: Predictor, params: Params) -> None:
    with service(predictor) as url:
        found = judged(health(url, predictor.version, DAY, params.watch))
    assert (found.fires, found.exercised) == (False, True)
    assert f"answers that are 5xx: 0.00% of {FEWEST_ANSWERS} (at most {params.watch.errors:.2%})" in found.reason
    assert f"model that is served: {predictor.version}" in found.reason


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ({"statuses": (200, 500) * FEWEST_ANSWERS}, "answers that are 5xx"),
        ({"seconds": 3.0}, "p99 of the time to answer"),
        ({"ready": 503}, "ready"),
        ({"dropped": 1}, "predictions that could not be logged"),
        ({"waiting": MOST_WAITING - 1}, "predictions that wait for the log"),
    ],
    ids=["errors", "slow", "not ready", "dropped", "waiting"],
)
def test_health_each_problem_is_named(told: dict[str, Any], name: str, predictor: Predictor, params: Params) -> None:
    with service(predictor, **told) as url:
        found = health(url, predictor.version, None, params.watch)
    assert unwell(found) == [name]
    assert judged(found).fires


def test_health_another_model_violates_after_its_time(predictor: Predictor, params: Params) -> None:
    late = (params.watch.behind_hours + 1) * HOUR
    with service(predictor) as url:
        assert unwell(health(url, "another", HOUR / 2, params.watch)) == []
        assert unwell(health(url, "another", late, params.watch)) == ["model that is served"]


def test_health_few_answers_are_not_judged(predictor: Predictor, params: Params) -> None:
    with service(predictor, statuses=[500] * 9, seconds=3.0) as url:
        found = health(url, predictor.version, None, params.watch)
    assert unwell(found) == []
    assert "9: too few to judge errors and time by" in [measure.value for measure in found]


def test_health_service_that_does_not_answer_fires(predictor: Predictor, params: Params) -> None:
    with service(predictor) as url:
        pass
    found = judged(health(url, predictor.version, None, params.watch))
    assert found.fires
    assert f"{url} does not answer" in found.reason


def test_health_address_of_another_kind_fires(params: Params) -> None:
    assert judged(health("file:///etc/passwd", "v", None, params.watch)).fires


def test_health_without_an_address_is_not_exercised(params: Params) -> None:
    found = judged(health("", "v", None, params.watch))
    assert found == Trigger(False, False, "health of the service: SERVICE_URL is not set")


def test_quantile_is_estimated_as_by_prometheus() -> None:
    buckets = {"0.1": 50, "0.2": 90, "0.4": 98, "+Inf": 100}
    metrics = Metrics("".join(f'a_bucket{{le="{edge}"}} {count}\n' for edge, count in buckets.items()))
    assert metrics.quantile(0.5, "a") == pytest.approx(0.1)
    assert metrics.quantile(0.7, "a") == pytest.approx(0.15)
    assert metrics.quantile(0.99, "a") == pytest.approx(0.4)


def test_quantile_beyond_the_last_edge_is_that_edge() -> None:
    metrics = Metrics('a_bucket{le="0.1"} 5\na_bucket{le="+Inf"} 10\n')
    assert metrics.quantile(0.99, "a") == pytest.approx(0.1)


# Age and silence


@pytest.mark.parametrize(("days", "old"), [(-1, False), (1, True)])
def test_age_violates_after_its_days(days: int, old: bool, params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    made = NOW - timedelta(days=params.monitoring.max_age_days + days)
    monkeypatch.setattr(registry, "in_production", lambda: Version(3, "", made.isoformat(), "", ""))
    found = age(params, NOW)
    assert found.violates is old
    assert found.name == "age of v3"


def test_age_without_a_model_is_not_judged(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "in_production", lambda: None)
    assert age(params, NOW).violates is None


@pytest.mark.parametrize(
    ("seconds", "silent"),
    [
        ((60.0, None), []),
        ((60.0, 60.0), []),
        ((400 * DAY, None), ["time since the newest prediction"]),
        ((60.0, 400 * DAY), ["time since the newest label"]),
    ],
    ids=["never labelled", "labelled", "not asked any more", "not labelled any more"],
)
def test_silence_is_named(
    seconds: tuple[float, float | None], silent: list[str], log: Any, predictor: Predictor, params: Params
) -> None:
    assert unwell(silence(log(*seconds), predictor, params, NOW)) == silent


def test_silence_of_a_log_that_never_began_is_not_exercised(
    log: Any, predictor: Predictor, params: Params, tmp_path: Path
) -> None:
    for url in (log(None, None), f"sqlite:///{tmp_path / 'none'}"):
        found = judged(silence(url, predictor, params, NOW))
        assert (found.fires, found.exercised) == (False, False)


def test_lasting_is_in_a_unit_that_fits() -> None:
    assert [lasting(seconds) for seconds in (59, 150, 3 * HOUR, 3.26 * DAY)] == [
        "59 seconds",
        "2.5 minutes",
        "3 hours",
        "3.3 days",
    ]


# What it leads to


def test_decided_each_verdict_leads_to_what_is_set(params: Params) -> None:
    leads_to = params.changed(**{"watch.leads_to.degraded": "issue", "watch.leads_to.stale": "nothing"}).watch.leads_to
    found = {"drift": FIRES, "degraded": FIRES, "stale": FIRES, "silent": QUIET, "unhealthy": UNKNOWN}
    assert watch.decided(found, leads_to, timedelta()) == {"train": ["drift"], "issue": ["degraded"]}


def test_decided_no_training_in_the_cooldown(params: Params) -> None:
    found = {"drift": FIRES, "unhealthy": FIRES}
    decided = watch.decided(found, params.watch.leads_to, timedelta(hours=1))
    assert decided == {"train": [], "issue": ["unhealthy"]}


@pytest.mark.parametrize("name", ["silent", "unhealthy"])
def test_params_verdict_that_no_model_can_fix_leads_to_no_training(name: str, params: Params) -> None:
    with pytest.raises(ProjectError, match=f"watch.leads_to.{name}"):
        params.changed(**{f"watch.leads_to.{name}": "train"})


@pytest.fixture
def watched(binary: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose model is in production, as the current folder."""
    folder = binary.project(tmp_path / "shop")
    monkeypatch.chdir(folder)
    (folder / "data" / "raw").mkdir(parents=True)
    raw = Path("data/raw/customers.csv")
    raw.write_text("made up")
    raw.with_name(f"{raw.name}.dvc").write_text(f"outs: [{{md5: some, path: {raw.name}}}]")
    Path("dvc.lock").write_text(f"stages: {{ingest: {{deps: [{{path: {raw}, md5: some}}]}}}}")
    git("init", "--quiet", "--initial-branch=main")
    git("add", "--all")
    git("commit", "--quiet", "--message", "Train")
    for tag in ("model@v1.0.0", "model#prod#1"):
        git("tag", "--annotate", "--message", f"model {binary.predictor.version}", tag)
    return folder


def set_params(monkeypatch: pytest.MonkeyPatch, params: Params, **changes: object) -> None:
    """Let params.yaml have other values."""
    changed = params.changed(**changes)
    monkeypatch.setattr(settings, "load", lambda: changed)


def printed_last(capsys: pytest.CaptureFixture[str]) -> str:
    """The last line of what was printed."""
    return capsys.readouterr().out.strip().splitlines()[-1]


@pytest.mark.usefixtures("watched")
def test_trigger_verdict_that_does_not_lead_to_a_training_starts_none(
    params: Params, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    verdicts = {"drift": {"fires": True, "reason": "far"}, "unhealthy": {"fires": True, "reason": "down"}}
    write_json(MONITORING, {"triggers": verdicts})
    trigger.run("schedule", "", claim=False)
    assert printed_last(capsys) == "TRAIN: drift: far"
    set_params(
        monkeypatch,
        params,
        **{
            "watch.leads_to.drift": "issue",
            "watch.leads_to.stale": "issue",
            "monitoring.max_age_days": 1e-9,
        },
    )
    trigger.run("schedule", "", claim=False)
    assert printed_last(capsys) == "do not train: nothing asks for a new model"


@pytest.mark.guards("1-TRIG")
@pytest.mark.usefixtures("watched")
def test_trigger_event_of_the_platform_waits_for_the_cooldown(capsys: pytest.CaptureFixture[str]) -> None:
    trigger.run("stale", "seen elsewhere", claim=True)
    assert printed_last(capsys) == "TRAIN: stale: seen elsewhere"
    trigger.run("stale", "seen elsewhere", claim=True)
    assert "the last training is too recent" in printed_last(capsys)


@pytest.mark.usefixtures("watched")
def test_run_decides_and_reports_to_ci(
    log: Any, params: Params, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A log of another day, a service that is gone, a model that is old, and a column that has drifted."""
    set_params(monkeypatch, params, **{"monitoring.max_age_days": 1e-9})
    monkeypatch.setenv(job.OUTPUTS, str(tmp_path / "output"))
    monkeypatch.setenv(job.SUMMARIES[0], str(tmp_path / "summary"))
    drifted = Trigger(True, True, "island: `psi` | @somebody\n<b>")
    found = Findings("", "v", (), (), {}, {"drift": drifted, "degraded": UNKNOWN})
    monkeypatch.setattr(monitor, "examine", lambda *_: found)
    watch.run(log(400 * DAY, None), ARTEFACT, "http://127.0.0.1:9")

    verdict = json.loads(MONITORING.read_text())
    fires = {name for name, each in verdict["triggers"].items() if each["fires"]}
    assert fires == {"drift", "stale", "silent", "unhealthy"}
    assert verdict["wanted"] == {"train": ["drift", "stale"], "issue": ["silent", "unhealthy"]}
    output = (tmp_path / "output").read_text().lower().splitlines()
    assert output[:2] == ["train=true", "issue=true"]
    assert output[2].startswith("why=drift: island")
    assert (tmp_path / "summary").read_text().rstrip() == MONITORING_SUMMARY.read_text().rstrip()
    assert "`island: 'psi' / @somebody <b>`" in MONITORING_SUMMARY.read_text()
    shown = MONITORING_PAGE.read_text()
    assert "The service is not well: an issue is opened" in shown
    assert "Live data have drifted: a new training is requested" in shown
    assert "<h2>Age and service</h2>" in shown


def test_run_without_a_model_decides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(job.OUTPUTS, str(tmp_path / "output"))
    watch.run()
    assert capsys.readouterr().out.startswith("not exercised: there is no ")
    assert (tmp_path / "output").read_text().lower() == "train=false\nissue=false\nwhy=\n"


# What is done


def verdict(folder: Path, train: Sequence[str] = (), issue: Sequence[str] = ()) -> None:
    names = {name: {"reason": f"why {name}"} for name in (*train, *issue)}
    write_json(folder / MONITORING, {"triggers": names, "wanted": {"train": train, "issue": issue}})
    (folder / MONITORING_SUMMARY).write_text("what was seen\n")


def test_act_asks_the_platform_for_what_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asked: list[tuple[Any, ...]] = []

    def told(*what: Any) -> str:
        asked.append(what)
        return "issue 7"

    monkeypatch.setattr(platform, "start_training", told)
    monkeypatch.setattr(platform, "tell_people", told)
    verdict(tmp_path, train=["degraded", "stale"], issue=["silent"])
    watch.act()
    assert asked == [
        ("degraded", "why degraded; why stale"),
        (watch.TITLE, ["silent"], MONITORING_SUMMARY),
    ]
    assert "told people of silent: issue 7" in capsys.readouterr().out
    verdict(tmp_path)
    watch.act()
    assert len(asked) == 2
    assert capsys.readouterr().out == "nothing is to be done\n"


def test_act_verdict_without_a_decision_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_json(MONITORING, {"triggers": {}})
    with pytest.raises(ProjectError, match="run `make watch` first"):
        watch.act()


def test_cooldown_counts_from_the_last_claim(monkeypatch: pytest.MonkeyPatch, params: Params) -> None:
    monkeypatch.setattr(trigger, "fetch_claim", lambda: None)
    monkeypatch.setattr(trigger, "last_claim", lambda: trigger.Claim(NOW - timedelta(hours=1), ""))
    assert watch.cooldown(params, NOW) == timedelta(hours=params.monitoring.cooldown_hours - 1)

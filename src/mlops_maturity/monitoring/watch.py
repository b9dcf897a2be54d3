"""Monitoring that acts: what live data, performance, age and the live service lead to, as params.yaml says.

`run` looks and decides, `act` does what was decided. Between the two a verdict lies in reports/, so that a CI system
gives the right to act to the second alone, and people can read what is about to be done.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mlops_maturity.ci import platform
from mlops_maturity.monitoring import health, monitor, page, staleness
from mlops_maturity.monitoring.findings import Findings, Words, state, told
from mlops_maturity.monitoring.measures import Measure, judged, shown
from mlops_maturity.monitoring.windows import Trigger
from mlops_maturity.pipeline import trigger
from mlops_maturity.project import job
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import read_json, write_json, write_text
from mlops_maturity.project.params import LeadsTo, Params
from mlops_maturity.project.paths import ARTEFACT, MONITORING, MONITORING_SUMMARY

ASKS = {"train": "a new training is requested", "issue": "an issue is opened", "nothing": "nothing follows"}
TITLE = "Monitoring asks for a look"


def run(log: str | None = None, model: Path = ARTEFACT, service: str | None = None) -> None:
    """Write the page and the verdict, and say what is to be done, to people and to the CI system.

    The CI system gets the outputs `train` and `issue`, true or false, and `why`.

    Args:
        log: URL of the prediction log; without one, $PREDICTION_LOG or the file that the service writes by default.
        model: the packaged model.
        service: URL of the live service; without one, $SERVICE_URL.

    Raises:
        ProjectError: the model is damaged, or its reference is missing.
    """
    if monitor.is_missing(model):
        job.output(train="false", issue="false", why="")
        return
    params, url, now = settings.load(), monitor.url_of(log), datetime.now(UTC)
    predictor, reference = monitor.load(model)
    found = monitor.examine(url, predictor, reference, params.monitoring)
    measures = {
        "stale": [staleness.age(params, now)],
        "silent": staleness.silence(url, predictor, params, now),
        "unhealthy": health.health(
            service or os.environ.get("SERVICE_URL", ""),
            predictor.version,
            staleness.since_promotion(now),
            params.watch,
        ),
    }
    found = replace(found, triggers=found.triggers | {name: judged(each) for name, each in measures.items()})
    leads_to = params.watch.leads_to
    wanted = decided(found.triggers, leads_to, cooldown(params, now))
    write_json(MONITORING, told(found, params.monitoring) | _told(measures, leads_to, wanted))
    words = words_of(leads_to)
    page.write(found, predictor, reference, words, shown([item for each in measures.values() for item in each]))
    write_text(MONITORING_SUMMARY, summary(found, words))
    monitor.say(found)
    print("; ".join(f"{what}: {', '.join(names) or 'not asked for'}" for what, names in wanted.items()))
    why = "; ".join(f"{name}: {found.triggers[name].reason}" for names in wanted.values() for name in names)
    job.output(**{what: str(bool(names)).lower() for what, names in wanted.items()}, why=why)
    job.summary(MONITORING_SUMMARY.read_text(encoding="utf-8"))


def act() -> None:
    """Start the training and open the issue that `make watch` found to be wanted.

    Raises:
        ProjectError: it was not asked, or the platform refuses.
    """
    verdict = read_json(MONITORING, made_by="make watch")
    if "wanted" not in verdict:
        raise ProjectError(f"{MONITORING} is of `make monitor`, which decides nothing; run `make watch` first")
    train, issue = verdict["wanted"]["train"], verdict["wanted"]["issue"]
    if train:
        platform.start_training(train[0], "; ".join(verdict["triggers"][name]["reason"] for name in train))
        print(f"asked for a training: {', '.join(train)}")
    if issue:
        print(f"told people of {', '.join(issue)}: {platform.tell_people(TITLE, issue, MONITORING_SUMMARY)}")
    if not train and not issue:
        print("nothing is to be done")


def cooldown(params: Params, now: datetime) -> timedelta:
    """How long no training may start, as far as this clone knows; whoever trains asks again."""
    trigger.fetch_claim()
    return trigger.remaining(trigger.last_claim(), timedelta(hours=params.monitoring.cooldown_hours), now)


def decided(triggers: Mapping[str, Trigger], leads_to: LeadsTo, wait: timedelta) -> dict[str, list[str]]:
    """The verdicts that ask for a training, and those that ask for an issue.

    Args:
        triggers: all verdicts.
        leads_to: what each leads to.
        wait: how long no training may start.
    """
    asks = leads_to.model_dump()
    fired = {what: [name for name in triggers if triggers[name].fires and asks[name] == what] for what in ASKS}
    if fired["train"] and wait:
        print(f"no training for {', '.join(fired['train'])}: the last one is too recent, wait another {wait}")
        fired["train"] = []
    return {"train": fired["train"], "issue": fired["issue"]}


def words_of(leads_to: LeadsTo) -> dict[str, Words]:
    """How each verdict is told, with what it leads to."""
    known = page.WORDS | staleness.WORDS | health.WORDS
    return {name: replace(words, asks=ASKS[getattr(leads_to, name)]) for name, words in known.items()}


def summary(found: Findings, words: Mapping[str, Words]) -> str:
    """The verdicts as Markdown, for an issue or the page of a run."""
    lines = ["| verdict | | what was seen |", "| --- | --- | --- |"]
    lines += [f"| {name} | {state(verdict)} | {_quoted(verdict.reason)} |" for name, verdict in found.triggers.items()]
    for name, verdict in found.triggers.items():
        if verdict.fires:
            lines += ["", f"**{words[name].about} {words[name].fires}: {words[name].asks}.** {words[name].advice}"]
    lines += ["", "`reports/monitoring.html` shows it all. What a verdict leads to: `watch` in `params.yaml`."]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Text with values out of requests: nothing in it may become markup, a link or the name of a person."""
    plain = " ".join(text.split()).replace("`", "'").replace("|", "/")
    return f"`{plain}`"


def _told(measures: Mapping[str, list[Measure]], leads_to: LeadsTo, wanted: dict[str, list[str]]) -> dict[str, object]:
    return {
        "measures": {name: [asdict(measure) for measure in each] for name, each in measures.items()},
        "leads_to": leads_to.model_dump(),
        "wanted": wanted,
    }

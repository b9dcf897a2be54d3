"""The pipelines of GitLab do what their level owes, when it is due, end, take turns, and run on what is known."""

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mlops_maturity.delivery.environments import DELIVERY
from mlops_maturity.testing.repository.check import DEPLOYMENTS, Problems, Repository, check, in_order, unless
from mlops_maturity.testing.repository.github import OWNED, owners
from mlops_maturity.testing.repository.locks import RENEWAL

MAKE = re.compile(r"make [a-z-]+")
CHANGE = '$CI_PIPELINE_SOURCE == "merge_request_event"'
MAIN = '$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == "main"'
DEVELOP = '$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == "develop"'
CLOCK = '$CI_PIPELINE_SOURCE == "schedule" && $CI_COMMIT_BRANCH == "main"'
REPORTED = re.compile(
    r'\$CI_PIPELINE_SOURCE == "trigger" && \$CI_COMMIT_BRANCH == "main" && \$WORKFLOW == "train" '
    r"&& \$EVENT =~ /\^\(([a-z|-]+)\)\$/"
)
NO_REASON = re.compile(r'if \[ -z "\$WHY" \]; then echo ".+"; exit 1; fi')
NO_RELEASE = re.compile(r'if \[ -z "\$CONFIRM" \]; then echo ".+"; exit 1; fi')


@dataclass(frozen=True)
class Pipeline:
    """All files of the pipeline, as GitLab puts them together."""

    content: dict[str, Any]
    schedules: dict[str, str]

    @classmethod
    def of(cls, repository: Repository) -> "Pipeline":
        """The pipeline of a project."""
        content: dict[str, Any] = {}
        for path in repository.files(".gitlab-ci.yml", ".gitlab/*.yml"):
            content |= repository.yaml(path)
        return cls(content, tomllib.loads(repository.text(".gitlab/schedules.toml")))

    @cached_property
    def jobs(self) -> dict[str, dict[str, Any]]:
        """Those that run something."""
        return {name: job for name, job in self.content.items() if isinstance(job, dict) and "script" in job}

    @cached_property
    def starts(self) -> dict[str, dict[str, str]]:
        """What starts a pipeline, with the variables that it then has."""
        return {rule["if"]: rule.get("variables", {}) for rule in self.content.get("workflow", {}).get("rules", [])}

    def job(self, name: str) -> dict[str, Any]:
        """A job, an empty one if it is not there."""
        return self.jobs.get(name, {})

    def says(self, job: dict[str, Any], key: str) -> Any:
        """What a job says, or what it extends: the later ones change what the earlier ones say."""
        if key in job:
            return job[key]
        parents = job.get("extends", [])
        names = [parents] if isinstance(parents, str) else parents
        found = (self.says(self.content.get(name, {}), key) for name in reversed(names))
        return next((value for value in found if value is not None), None)

    def conditions(self, name: str) -> list[dict[str, Any]]:
        """When a job is in a pipeline."""
        return self.says(self.job(name), "rules") or []

    def script(self, name: str) -> list[str]:
        """What a job runs, line by line."""
        return list(self.job(name).get("script", []))

    def commands(self, *names: str) -> list[str]:
        """What jobs ask make for, in order; without what is said to the target."""
        return [command for name in names for line in self.script(name) for command in MAKE.findall(line)]


@check("0-CI", until=0, ci_provider="gitlab")
def gitlab_starts_by_hand_only(repository: Repository) -> Problems:
    """Level 0 runs CI when a person asks for it."""
    pipeline = Pipeline.of(repository)
    by_hand = [{"if": "$CI_PIPELINE_SOURCE =~ /^(web|api)$/"}]
    yield from unless(
        pipeline.content.get("workflow", {}).get("rules") == by_hand, "it starts by itself: level 0 runs CI by hand"
    )
    yield from unless(
        in_order(pipeline.commands("checks"), "make setup", "make lint", "make test", "make maturity"),
        ".gitlab/checks.yml must set up, lint, test and report",
    )


@check("1-CI", since=1, ci_provider="gitlab")
def gitlab_checks_every_change(repository: Repository) -> Problems:
    """And delivers nothing by that."""
    pipeline, level = Pipeline.of(repository), repository.level
    conditions = [rule.get("if") for rule in pipeline.conditions("checks")]
    also = '$WORKFLOW == "checks"' if level == 1 else "$WORKFLOW =~ /^(checks|deliver)$/"
    yield from unless(
        pipeline.starts.get(CHANGE) == {"WORKFLOW": "checks"}, "a merge request does not start the checks"
    )
    yield from unless(conditions == [CHANGE, also], f"checks must run for {CHANGE} and {also}")
    if level == 1:
        merged = pipeline.starts.get(MAIN, {}).get("WORKFLOW") == "checks"
        yield from unless(merged, "what comes to main is not checked")
    wanted = {"make lint", "make test"} | ({"make audit"} if level == 2 else set())
    for command in sorted(wanted - set(pipeline.commands("checks"))):
        yield f"checks does not run `{command}`"
    for command in ("make image", "make release", "make deploy", "make promote"):
        yield from unless(command not in pipeline.commands("checks"), f"checks delivers by `{command}`")


@check("CI-09", since=1, ci_provider="gitlab")
def gitlab_refuses_stale_commits(repository: Repository) -> Problems:
    """A stale dvc.lock, or data that were not pushed."""
    yield from unless(
        "make check-commit" in Pipeline.of(repository).commands("checks"), "checks must `make check-commit`"
    )


@check("CI-10", since=1, ci_provider="gitlab")
def gitlab_checks_need_no_secret(repository: Repository) -> Problems:
    """So a fork's merge request is checked as well."""
    pipeline = Pipeline.of(repository)
    checks = pipeline.job("checks")
    bound = {"environment", "extends", "id_tokens", "secrets"} & set(checks)
    named = re.search(r"TOKEN|KEY|PASSWORD|PREDICTION_LOG", str(checks))
    yield from unless(not bound and not named, "checks needs a secret: forks have none")
    seen = [name for name in pipeline.jobs if any(CHANGE in rule.get("if", "") for rule in pipeline.conditions(name))]
    yield from unless(seen == ["checks"], f"a merge request starts more than the checks: {', '.join(seen)}")


@check("1-TRIG", since=1, ci_provider="gitlab")
def gitlab_trains_when_it_is_asked_for(repository: Repository) -> Problems:
    """On demand, on a schedule, on new data, on degraded performance and on drift."""
    pipeline = Pipeline.of(repository)
    rules = pipeline.conditions("decide")
    form = pipeline.content.get("variables", {}).get("WORKFLOW", {}).get("options", [])
    yield from unless({"if": '$WORKFLOW == "train"'} in rules and "train" in form, "training does not start on demand")
    yield from unless({"if": MAIN, "changes": ["data/raw/*.dvc"]} in rules, "training does not start on new data")
    yield from unless("train" in pipeline.schedules, "training has no schedule: .gitlab/schedules.toml")
    events = [pipeline.starts.get(start, {}).get("EVENT") for start in (CLOCK, MAIN)]
    yield from unless(events == ["schedule", "schedule"], "what starts by itself must be no demand: EVENT: schedule")
    reported = [found[1].split("|") for start in pipeline.starts if (found := REPORTED.fullmatch(start))]
    wanted = {"new-data", "degraded", "drift"} | ({"stale"} if repository.level == 2 else set())
    for name in sorted(wanted - {event for events in reported for event in events}):
        yield f"training does not start when another system reports {name}"
    for command in ("make monitor", "make trigger"):
        yield from unless(command in pipeline.commands("decide"), f"decide does not `{command}`")


@check("1-CD", since=1, ci_provider="gitlab")
def gitlab_delivers_what_passed_its_gates(repository: Repository) -> Problems:
    """Right after training; the first step that fails is the last."""
    pipeline = Pipeline.of(repository)
    if repository.level == 1:
        wanted = ["make run", "make publish", "make promote", "make image", "make deploy"]
        needs = {"train": ["decide"]}
    else:
        wanted = ["make run", "make publish", "make check-model", "make release"]
        wanted += ["make deploy", "make verify", "make deploy"]
        needs = {"train": ["decide"], "staging": ["decide", "train"], "production": ["decide", "train", "staging"]}
    order = [command for command in pipeline.commands(*needs) if command in wanted]
    yield from unless(order == wanted, f".gitlab/train.yml must run in this order: {', '.join(wanted)}")
    for name, before in needs.items():
        yield from unless(pipeline.job(name).get("needs") == before, f"{name} must need {', '.join(before)}")
    for name in ("decide", *needs):
        lenient = {"allow_failure", "retry", "when"} & set(pipeline.job(name))
        yield from unless(not lenient, f"{name} may be left out or may fail: take out {', '.join(sorted(lenient))}")
        for line in pipeline.script(name):
            yield from unless(not re.search(r"make [a-z-]+.*\|\|", line), f"{name}: {line!r} may fail")


@check("CI-07", "CD-09", since=2, ci_provider="gitlab")
def gitlab_builds_once_what_was_checked(repository: Repository) -> Problems:
    """And deploys that."""
    pipeline = Pipeline.of(repository)
    yield from unless(pipeline.job("release").get("needs") == ["checks"], "what was not checked is released")
    yield from unless(pipeline.job("deploy").get("needs") == ["release"], "deploy must need release")
    for name in ("release", "deploy"):
        always = pipeline.conditions(name) == [{"if": '$WORKFLOW == "deliver"'}]
        yield from unless(always, f"{name} may be left out of a delivery")
    yield from unless(pipeline.commands("release").count("make release") == 1, "release must `make release`, once")
    for name in pipeline.jobs:
        elsewhere = name not in ("release", "train") and "make release" in pipeline.commands(name)
        yield from unless(not elsewhere, f"{name} builds it again: what CI built is what is deployed")


@check("CD-05", since=2, ci_provider="gitlab")
def gitlab_releases_a_model_that_meets_its_targets(repository: Repository) -> Problems:
    """A model is checked before it is built into a release."""
    yield from unless(
        in_order(Pipeline.of(repository).commands("release"), "make check-model", "make release"),
        "a model is released that nobody checked: `make check-model` comes before `make release`",
    )


@check("CD-06", since=2, ci_provider="gitlab")
def gitlab_deploys_develop_to_test(repository: Repository) -> Problems:
    """By itself, on each push."""
    pipeline = Pipeline.of(repository)
    started = pipeline.starts.get(DEVELOP) == {"WORKFLOW": "deliver", "TARGET": "test", "BUILDER": "test"}
    yield from unless(started, "nothing starts on a push to develop")
    environment = pipeline.job("deploy").get("environment", {})
    where = environment.get("name") if isinstance(environment, dict) else environment
    yield from unless(where == "$TARGET", "deploy must be for the environment $TARGET")
    once = pipeline.script("deploy").count("make deploy ENV=$TARGET") == 1
    yield from unless(once, "deploy must `make deploy ENV=$TARGET`, once")


@check("CD-07", since=2, ci_provider="gitlab")
def gitlab_deploys_main_to_staging(repository: Repository) -> Problems:
    """On each merge, and a new model gets its version."""
    pipeline = Pipeline.of(repository)
    wanted = {"WORKFLOW": "deliver", "TARGET": "staging", "BUILDER": "automation"}
    yield from unless(pipeline.starts.get(MAIN, {}).items() >= wanted.items(), "nothing starts on a merge to main")
    register = 'if [ "$CI_COMMIT_BRANCH" = main ]; then make register IF_ANY=1; fi'
    script = pipeline.script("release")
    yield from unless(register in script, "a new model on main gets no version")
    yield from unless(in_order(script, "make release", register), "a version of what cannot be built")


@check("CD-08", since=2, ci_provider="gitlab")
def gitlab_promotes_by_hand_and_by_name(repository: Repository) -> Problems:
    """A person starts it and names the release; only a model with the code in production goes by itself."""
    pipeline = Pipeline.of(repository)
    # Where it may not fail, it is red when it does; until then its pipeline waits.
    by_hand = {"if": '$WORKFLOW == "deliver" && $CI_COMMIT_BRANCH == "main"', "when": "manual"}
    yield from unless(pipeline.conditions("promote") == [by_hand], "promote starts by itself, or may fail")
    yield from unless(pipeline.job("promote").get("environment") == "production", "promote must be for production")
    script = pipeline.script("promote")
    yield from unless(
        script and NO_RELEASE.fullmatch(script[0]), "promote does not ask which release is meant: CONFIRM"
    )
    yield from unless(script[-1:] == ["make deploy ENV=production"], "promote must end by `make deploy ENV=production`")
    said = [line for name in pipeline.jobs for line in pipeline.script(name) if "make deploy ENV=production" in line]
    alone = sorted(said) == ["make deploy ENV=production", "make deploy ENV=production CONFIRM=model"]
    yield from unless(alone, "production: one deployment for a person, and one with CONFIRM=model, for a model alone")
    for name, job in pipeline.jobs.items():
        yield from unless("CONFIRM" not in job.get("variables", {}), f"{name} names the release in a person's place")


@check("CD-08", since=2, ci_provider="gitlab")
def gitlab_checks_staging_every_night(repository: Repository) -> Problems:
    """Which counts as a run."""
    pipeline = Pipeline.of(repository)
    nightly = re.fullmatch(r"\d+ \d+ \* \* \*", pipeline.schedules.get("verify", ""))
    yield from unless(nightly, "nobody checks staging at night: .gitlab/schedules.toml")
    yield from unless(
        pipeline.conditions("verify") == [{"if": '$WORKFLOW == "verify"'}], "the schedule starts no verify"
    )
    once = pipeline.script("verify").count("make verify ENV=staging") == 1
    yield from unless(once, "verify must `make verify ENV=staging`, once")


@check("CD-10", since=2, ci_provider="gitlab")
def gitlab_rolls_back_by_hand_with_a_reason(repository: Repository) -> Problems:
    """A person says where and why."""
    pipeline = Pipeline.of(repository)
    form = pipeline.content.get("variables", {})
    yield from unless("rollback" in form.get("WORKFLOW", {}).get("options", []), "nobody can start rollback")
    where = form.get("ENVIRONMENT", {}).get("options", [])
    yield from unless(sorted(where) == sorted(DELIVERY), f"rollback must ask where: {', '.join(DELIVERY)}")
    script = pipeline.script("rollback")
    yield from unless(script and NO_REASON.fullmatch(script[0]), "rollback does not ask why: WHY")
    yield from unless(
        script[-1:] == ['make rollback ENV="$ENVIRONMENT"'], 'rollback must end by `make rollback ENV="$ENVIRONMENT"`'
    )


@check("CD-10", since=2, ci_provider="gitlab")
def gitlab_deploys_one_after_the_other(repository: Repository) -> Problems:
    """No two to an environment at once, and none is cut off."""
    pipeline = Pipeline.of(repository)
    for name, job in pipeline.jobs.items():
        if (asked := job.get("environment")) and DEPLOYMENTS & set(pipeline.commands(name)):
            where = asked["name"] if isinstance(asked, dict) else asked
            yield from unless(job.get("resource_group") == where, f"{name} may run beside another deployment")
            yield from unless("interruptible" not in job, f"{name} may be cut off")


@check("MON-02", since=2, ci_provider="gitlab")
def gitlab_monitors_and_acts_by_itself(repository: Repository) -> Problems:
    """Each hour."""
    pipeline = Pipeline.of(repository)
    yield from unless("monitor" in pipeline.schedules, "monitoring has no schedule: .gitlab/schedules.toml")
    yield from unless(
        pipeline.conditions("watch") == [{"if": '$WORKFLOW == "monitor"'}], "the schedule starts no watch"
    )
    wanted = ["make setup", "make watch", "make act"]
    yield from unless(pipeline.commands("watch") == wanted, "watch must `make watch`, then `make act`")
    event = pipeline.content.get("variables", {}).get("EVENT", {})
    event = event if isinstance(event, dict) else {}
    yield from unless(event.get("value") == "demand", "what a person starts is a demand")
    for name in sorted({"degraded", "drift", "stale"} - set(event.get("options", ()))):
        yield f"training cannot be started because of {name}"


@check("SEC-02", ci_provider="gitlab")
def gitlab_images_have_an_exact_version(repository: Repository) -> Problems:
    """Those that jobs run in."""
    for path in repository.files(".gitlab-ci.yml", ".gitlab/*.yml"):
        for image in re.findall(r"^ +(?:image|- name): +(\S+)$", repository.text(path), re.MULTILINE):
            exact = re.search(r":v?\d+\.\d+\.\d+|@sha256:", image)
            yield from unless(exact, f"{path}: {image} is another image tomorrow: name its exact version")


@check("SEC-03", ci_provider="gitlab")
def gitlab_jobs_end_and_take_turns(repository: Repository) -> Problems:
    """None runs for hours or beside itself."""
    pipeline = Pipeline.of(repository)
    for name, job in pipeline.jobs.items():
        yield from unless(pipeline.says(job, "timeout"), f"{name} may run for hours: timeout")
        turns = pipeline.says(job, "resource_group") or pipeline.says(job, "interruptible")
        yield from unless(turns, f"{name} may run beside itself: resource_group")


@check("SEC-05", ci_provider="gitlab")
def gitlab_owners_are_asked(repository: Repository) -> Problems:
    """About what others rely on."""
    wanted = OWNED | {"/.gitlab/", "/.gitlab-ci.yml"}
    wanted |= {"/dvc.yaml", "/deploy/"} if repository.level else set()
    yield from owners(repository, ".gitlab/CODEOWNERS", wanted)


@check("SEC-05", since=1, scores=(("Monitor 1", 0.5),), ci_provider="gitlab")
def gitlab_tries_newer_packages_each_week(repository: Repository) -> Problems:
    """Trains and tests with them, and asks people to merge."""
    pipeline = Pipeline.of(repository)
    weekly = re.fullmatch(r"\d+ \d+ \* \* \d", pipeline.schedules.get("dependencies", ""))
    yield from unless(weekly, "nothing looks for newer packages each week: .gitlab/schedules.toml")
    for name, targets in RENEWAL.items():
        wanted = [f"make {target}" for target in ("setup", *targets)]
        yield from unless(pipeline.script(name) == wanted, f"{name} must run in this order: {', '.join(wanted)}")

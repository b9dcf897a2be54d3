"""The pipelines of Jenkins do what their level owes, when it is due, end, take turns, and run where they should."""

import re
from collections import Counter
from pathlib import Path

from mlops_maturity.delivery.environments import DELIVERY
from mlops_maturity.testing.repository import groovy
from mlops_maturity.testing.repository.check import Problems, Repository, check, in_order, unless
from mlops_maturity.testing.repository.groovy import Statement
from mlops_maturity.testing.repository.locks import RENEWAL

MAIN, TRAIN = "Jenkinsfile", "jenkins/train.Jenkinsfile"
JOBS, ACCESS, PLUGINS = "jenkins/jobs.groovy", "jenkins/access.groovy", "jenkins/plugins.txt"
TARGET = "load('jenkins/access.groovy').environment(env.BRANCH_NAME == 'main' ? 'staging' : 'test')"
SECRET = re.compile(r"\bload\(|withCredentials|credentials\(")
LENIENT = re.compile(r"catchError|warnError|returnStatus|sh .*\|\|")
DEPLOYS = ("make deploy", "make rollback", "make stop", "make verify")


def files(repository: Repository) -> list[Path]:
    """The pipelines."""
    return repository.files(MAIN, "jenkins/*.Jenkinsfile")


def read(repository: Repository, path: str | Path) -> Statement:
    """A Groovy file."""
    return groovy.read(repository.text(path))


def pipeline(repository: Repository, path: str | Path) -> Statement:
    """The pipeline of a file."""
    return read(repository, path).block("pipeline")


def stages(repository: Repository, path: str | Path) -> dict[str, Statement]:
    """The stages of a file's pipeline by name."""
    found = pipeline(repository, path).block("stages").inner
    return {each.head.removeprefix("stage('").removesuffix("')"): each for each in found}


def stage(repository: Repository, path: str | Path, name: str) -> Statement:
    """One of them, an empty one if it is not there."""
    return stages(repository, path).get(name, Statement(name))


def deployments(repository: Repository, path: str, place: str) -> list[str]:
    """What a pipeline runs in an environment, while no other job may."""
    blocks = [each for each in pipeline(repository, path).all() if each.head.endswith(f".environment({place})")]
    return [command for block in blocks for command in block.commands]


def kinds(repository: Repository) -> set[str]:
    """What jobs there are, and what starts them."""
    return {head.split("(")[0] for head in read(repository, JOBS).heads}


@check("0-CI", until=0, ci_provider="jenkins")
def jenkins_starts_by_hand_only(repository: Repository) -> Problems:
    """Level 0 runs CI when a person asks for it."""
    for path in files(repository):
        timed = pipeline(repository, path).block("triggers").inner
        yield from unless(not timed, f"{path} starts by itself: level 0 runs CI by hand")
    found = kinds(repository)
    yield from unless("pipelineJob" in found, f"{JOBS} makes no job")
    for kind in sorted(found & {"multibranchPipelineJob", "queue", "triggers"}):
        yield f"{JOBS}: {kind} starts a job by itself: level 0 runs CI by hand"


@check("1-CI", since=1, ci_provider="jenkins")
def jenkins_checks_every_change(repository: Repository) -> Problems:
    """And delivers nothing by that."""
    checks = stage(repository, MAIN, "checks")
    yield from unless("multibranchPipelineJob" in kinds(repository), f"{JOBS}: no branch is looked at")
    yield from unless(
        not checks.block("when").inner, f"{MAIN}: some changes are not checked: take `when` out of checks"
    )
    wanted = {"make lint", "make test"} | ({"make audit"} if repository.level == 2 else set())
    for command in sorted(wanted - set(checks.commands)):
        yield f"{MAIN}: checks does not run `{command}`"
    where = checks if repository.level == 2 else pipeline(repository, MAIN)
    for command in ("make image", "make release", "make deploy", "make promote"):
        yield from unless(command not in where.commands, f"{MAIN} delivers by `{command}` what nobody has merged")


@check("CI-09", since=1, ci_provider="jenkins")
def jenkins_refuses_stale_commits(repository: Repository) -> Problems:
    """A stale dvc.lock, or data that were not pushed."""
    refused = "make check-commit" in stage(repository, MAIN, "checks").commands
    yield from unless(refused, f"{MAIN}: checks must `make check-commit`")


@check("CI-10", since=1, ci_provider="jenkins")
def jenkins_checks_need_no_secret(repository: Repository) -> Problems:
    """So a fork's change request is checked as well."""
    for name, each in stages(repository, MAIN).items():
        when = each.block("when").heads
        guarded = "branch 'main'" in when or {"not", "changeRequest()"} <= set(when)
        secret = any(SECRET.search(head) for head in each.heads)
        yield from unless(guarded or not secret, f"{MAIN}: a change request can start {name}, which binds a secret")


@check("1-TRIG", since=1, ci_provider="jenkins")
def jenkins_trains_when_it_is_asked_for(repository: Repository) -> Problems:
    """On demand, on a schedule, on new data, on degraded performance and on drift."""
    train = pipeline(repository, TRAIN)
    yield from unless(train.block("triggers").having("cron("), f"{TRAIN} has no schedule")
    choice = " ".join(train.block("parameters").having("choice("))
    wanted = {"demand", "new-data", "degraded", "drift"} | ({"stale"} if repository.level == 2 else set())
    for name in sorted(wanted - set(re.findall(r"'([a-z-]+)'", choice))):
        yield f"{TRAIN} cannot be started because of {name}"
    yield from unless("choices: ['schedule'," in choice, f"{TRAIN}: what the schedule starts must be no demand")
    data = stage(repository, MAIN, "new data")
    when = data.block("when").heads == ["branch 'main'", "changeset 'data/raw/*.dvc'"]
    started = data.block("steps").having("build job: '../train'")
    yield from unless(when and started, f"{MAIN}: new data on main do not start train")
    for command in ("make monitor", "make trigger"):
        found = stage(repository, TRAIN, "decide").commands
        yield from unless(command in found, f"{TRAIN}: decide does not `{command}`")


@check("1-CD", since=1, ci_provider="jenkins")
def jenkins_delivers_what_passed_its_gates(repository: Repository) -> Problems:
    """Right after training; the first step that fails is the last."""
    if repository.level == 1:
        wanted = ["make run", "make publish", "make promote", "make image", "make deploy"]
        names = ["decide", "train"]
    else:
        wanted = ["make run", "make publish", "make check-model", "make release"]
        wanted += ["make deploy", "make verify", "make deploy"]
        names = ["decide", "train", "staging", "production"]
    found = stages(repository, TRAIN)
    order = [command for command in pipeline(repository, TRAIN).commands if command in wanted]
    yield from unless(list(found) == names, f"{TRAIN} must have the stages {', '.join(names)}")
    yield from unless(order == wanted, f"{TRAIN} must run in this order: {', '.join(wanted)}")
    for name in names[1:]:
        only = found.get(name, Statement(name)).block("when").heads == ["environment name: 'TRAIN', value: 'true'"]
        yield from unless(only, f"{TRAIN}: {name} must wait for the decision: environment name: 'TRAIN', value: 'true'")
    for path in files(repository):
        for head in read(repository, path).heads:
            yield from unless(not LENIENT.search(head), f"{path}: {head!r} may fail")
        for each in read(repository, path).all():
            if each.head.startswith("if ") and set(each.commands) & set(wanted):
                yield f"{path}: {', '.join(each.commands)} may be left out: {each.head}"


@check("CI-07", "CD-09", since=2, ci_provider="jenkins")
def jenkins_builds_once_what_was_checked(repository: Repository) -> Problems:
    """And deploys that."""
    named = [name for name, each in stages(repository, MAIN).items() if each.commands]
    yield from unless(named == ["checks", "release", "deploy"], f"{MAIN}: what was not checked is released or deployed")
    once = pipeline(repository, MAIN).commands.count("make release") == 1
    yield from unless(once, f"{MAIN} must `make release`, once")
    for path in files(repository):
        elsewhere = str(path) not in (MAIN, TRAIN) and "make release" in read(repository, path).commands
        yield from unless(not elsewhere, f"{path} builds it again: what CI built is what is deployed")


@check("CD-05", since=2, ci_provider="jenkins")
def jenkins_releases_a_model_that_meets_its_targets(repository: Repository) -> Problems:
    """A model is checked before it is built into a release."""
    yield from unless(
        in_order(stage(repository, MAIN, "release").commands, "make check-model", "make release"),
        f"{MAIN}: a model is released that nobody checked: `make check-model` comes before `make release`",
    )


@check("CD-06", since=2, ci_provider="jenkins")
def jenkins_deploys_develop_to_test(repository: Repository) -> Problems:
    """By itself, on each push."""
    yield from _delivers(repository, "develop")


@check("CD-07", since=2, ci_provider="jenkins")
def jenkins_deploys_main_to_staging(repository: Repository) -> Problems:
    """On each merge, and a new model gets its version."""
    yield from _delivers(repository, "main")
    release = stage(repository, MAIN, "release")
    main = [each.commands for each in release.all() if each.head == "if (env.BRANCH_NAME == 'main')"]
    yield from unless(main == [["make register"]], f"{MAIN}: a new model on main gets no version")
    yield from unless(
        in_order(release.commands, "make release", "make register"), f"{MAIN}: a version of what cannot be built"
    )


def _delivers(repository: Repository, branch: str) -> Problems:
    for name in ("release", "deploy"):
        started = f"branch '{branch}'" in stage(repository, MAIN, name).block("when", "anyOf").heads
        yield from unless(started, f"{MAIN}: nothing comes of a push to {branch}: {name} is not for it")
    blocks = [each for each in stage(repository, MAIN, "deploy").all() if each.head == TARGET]
    once = [block.commands.count("make deploy") for block in blocks] == [1]
    yield from unless(once, f"{MAIN}: deploy must `make deploy`, once, to staging for main and else to test")


@check("CD-08", since=2, ci_provider="jenkins")
def jenkins_promotes_by_hand_and_by_name(repository: Repository) -> Problems:
    """A person starts it and names the release; only a model with the code in production goes by itself."""
    path = "jenkins/promote.Jenkinsfile"
    yield from unless(not pipeline(repository, path).block("triggers").inner, f"{path} starts by itself")
    asked = stage(repository, path, "promote").block("input")
    yield from unless("submitter 'releasers'" in asked.heads, f"{path}: anybody may promote: submitter 'releasers'")
    named = asked.block("parameters").having("string(name: 'CONFIRM'")
    yield from unless(named, f"{path} does not ask which release is meant: CONFIRM")
    once = deployments(repository, path, "'production'").count("make deploy") == 1
    yield from unless(once, f"{path} must `make deploy` to production, once")
    deploys = [each for each in stage(repository, TRAIN, "production").all() if "make deploy" in each.commands]
    alone = deploys and deploys[-1].head == "withEnv(['CONFIRM=model'])"
    yield from unless(alone, f"{TRAIN}: production must `make deploy` with CONFIRM=model, for a model alone")


@check("CD-08", since=2, ci_provider="jenkins")
def jenkins_checks_staging_every_night(repository: Repository) -> Problems:
    """Which counts as a run."""
    path = "jenkins/verify.Jenkinsfile"
    timed = pipeline(repository, path).block("triggers").having("cron(")
    nightly = [time for time in timed if re.fullmatch(r"cron\('\S+ \S+ \* \* \*'\)", time)]
    yield from unless(nightly, f"{path}: nobody checks staging at night")
    once = deployments(repository, path, "'staging'").count("make verify") == 1
    yield from unless(once, f"{path} must `make verify` in staging, once")


@check("CD-10", since=2, ci_provider="jenkins")
def jenkins_rolls_back_by_hand_with_a_reason(repository: Repository) -> Problems:
    """A person says where and why."""
    path = "jenkins/rollback.Jenkinsfile"
    rollback = stage(repository, path, "rollback")
    asked = rollback.block("input", "parameters")
    where = " ".join(asked.having("choice(")).partition("choices: ")[2].partition("]")[0]
    named = set(re.findall(r"'(\w+)'", where)) == set(DELIVERY)
    yield from unless(named, f"{path} must ask where: {', '.join(DELIVERY)}")
    why = asked.having("string(name: 'WHY'") and "if (!env.WHY)" in rollback.heads
    yield from unless(why, f"{path} does not ask why: WHY")
    once = deployments(repository, path, "env.ENV").count("make rollback") == 1
    yield from unless(once, f"{path} must `make rollback` there, once")


@check("CD-10", since=2, ci_provider="jenkins")
def jenkins_deploys_one_after_the_other(repository: Repository) -> Problems:
    """No two to an environment at once, and none is cut off."""
    functions = [each for each in read(repository, ACCESS).inner if each.head.startswith("void environment(")]
    locks = [each for function in functions for each in function.inner if each.head.startswith("lock(")]
    turns = len(locks) == 1 and "-${name}" in locks[0].head
    yield from unless(turns, f'{ACCESS}: each environment must have a turn of its own: lock("...-${{name}}")')
    timed = [each.head.split("(")[0] for lock in locks for each in lock.inner] == ["timeout"]
    yield from unless(timed, f"{ACCESS}: a deployment's time must count from its turn on: timeout inside of lock")
    for path in files(repository):
        blocks = [each for each in read(repository, path).all() if ".environment(" in each.head]
        inside = [command for block in blocks for command in block.commands]
        everywhere = [each for each in read(repository, path).commands if each in DEPLOYS]
        for command in Counter(everywhere) - Counter(inside):
            yield f"{path}: `{command}` may run beside another deployment"
        cut = blocks and any("abortPrevious" in head for head in read(repository, path).heads)
        yield from unless(not cut, f"{path}: a deployment may be cut off: take out abortPrevious")


@check("MON-02", since=2, ci_provider="jenkins")
def jenkins_monitors_and_acts_by_itself(repository: Repository) -> Problems:
    """Each hour."""
    path = "jenkins/monitor.Jenkinsfile"
    monitor = pipeline(repository, path)
    yield from unless(monitor.block("triggers").having("cron('H"), f"{path} does not start by itself")
    wanted = ["make setup", "make watch", "make act"]
    yield from unless(monitor.commands == wanted, f"{path} must `make watch`, then `make act`")
    yield from unless(monitor.having("build job: 'train'"), f"{path}: nothing is trained")
    yield from unless("unstable(asked.TELL)" in monitor.heads, f"{path}: nobody is told")


@check("SEC-02", ci_provider="jenkins")
def jenkins_plugins_have_an_exact_version(repository: Repository) -> Problems:
    """Those that jobs run with."""
    lines = [line for line in repository.text(PLUGINS).splitlines() if line and line[0] != "#"]
    yield from unless(lines, f"{PLUGINS} names no plug-in")
    for line in lines:
        yield from unless(re.fullmatch(r"[a-z-]+:\d[\w.-]*", line), f"{PLUGINS} does not say which version: {line}")


@check("SEC-03", ci_provider="jenkins")
def jenkins_pipelines_end_and_take_turns(repository: Repository) -> Problems:
    """On machines that are meant."""
    for path in files(repository):
        text = groovy.without_comments(repository.text(path))
        # In an environment each has its time from its turn on, see jenkins/access.groovy.
        ends = re.search(r"\btimeout\(time: \d+, unit: 'MINUTES'\)|\.environment\(", text)
        yield from unless(ends, f"{path} may run for hours: timeout")
        yield from unless(
            "disableConcurrentBuilds(" in text, f"{path} may run beside itself: disableConcurrentBuilds()"
        )
        named = re.search(r"^    agent (none|\{ label '[\w-]+' \})$", text, re.MULTILINE)
        yield from unless(named, f"{path} may run on any machine: agent {{ label '...' }}")


@check("SEC-03", ci_provider="jenkins")
def jenkins_runs_no_text_as_code(repository: Repository) -> Problems:
    """What people write reaches a shell by its environment alone."""
    for path in files(repository):
        text = groovy.without_comments(repository.text(path))
        for filled in re.findall(r"\bsh\s*\(?(?:script:\s*)?\"(?:[^\"\\]|\\.)*\$.*", text):
            yield f"{path}: a shell gets what Groovy fills in: {filled}"


@check("SEC-05", since=1, scores=(("Monitor 1", 0.5),), ci_provider="jenkins")
def jenkins_tries_newer_packages_each_week(repository: Repository) -> Problems:
    """Trains and tests with them, and asks people to merge."""
    path = "jenkins/dependencies.Jenkinsfile"
    text = groovy.without_comments(repository.text(path))
    weekly = re.search(r"cron\('\S+ \S+ \* \* [0-7]'\)", text)
    yield from unless(weekly, f"{path}: nothing looks for newer packages each week")
    found = stages(repository, path)
    for name, targets in RENEWAL.items():
        wanted = [f"make {target}" for target in ("setup", *targets)]
        ran = [command for command in found.get(name, Statement(name)).commands if command != "make pull"]
        yield from unless(ran == wanted, f"{name} of {path} must run in this order: {', '.join(wanted)}")
    rights = [each.commands for each in pipeline(repository, path).all() if each.head.endswith(".project")]
    allowed = (["make pull"], [f"make {target}" for target in RENEWAL["propose"]])
    yield from unless(all(each in allowed for each in rights), f"{path}: what nobody has read yet runs beside rights")

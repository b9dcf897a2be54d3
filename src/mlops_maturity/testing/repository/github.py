"""The workflows of GitHub do what their level owes, when it is due, and have no right that they do not need."""

import re
from collections.abc import Iterator
from typing import Any

from mlops_maturity.delivery.environments import DELIVERY
from mlops_maturity.testing.repository.check import DEPLOYMENTS, Problems, Repository, check, in_order, unless
from mlops_maturity.testing.repository.locks import RENEWAL

# What others rely on, wherever CI runs: the commands, their settings, packages and the library.
OWNED = {
    *("/.dvc/config", "/.template.json", "/Makefile", "/data/schema.yaml", "/params.yaml", "/pyproject.toml"),
    *("/requirements.lock", "/vendor/"),
}
FOLDER = ".github/workflows"
TARGET = "${{ github.ref == 'refs/heads/main' && 'staging' || 'test' }}"
Content = dict[Any, Any]


def workflow(repository: Repository, name: str) -> Content:
    """A workflow; YAML reads its key `on` as a truth value, which is `starts` here."""
    content: Content = repository.yaml(f"{FOLDER}/{name}.yml")
    starts = content.get(True) or {}
    if not isinstance(starts, dict):
        starts = dict.fromkeys([starts] if isinstance(starts, str) else starts)
    return {"jobs": {}, **content, "starts": starts}


def workflows(repository: Repository) -> dict[str, Content]:
    """All of them by name."""
    return {path.stem: workflow(repository, path.stem) for path in repository.files(f"{FOLDER}/*.yml")}


def steps(content: Content) -> list[Content]:
    """Those of a workflow, of a job or of an action."""
    groups = content["jobs"].values() if "jobs" in content else [content.get("runs", content)]
    return [step for group in groups for step in group.get("steps", [])]


def commands(content: Content) -> list[str]:
    """What the steps of a workflow or of a job run, in order."""
    return [step["run"] for step in steps(content) if "run" in step]


def jobs(repository: Repository) -> Iterator[tuple[str, Content]]:
    """Each job, with the name of its workflow before its own."""
    for file, content in workflows(repository).items():
        for name, job in content["jobs"].items():
            yield f"{file}.yml: {name}", job


@check("0-CI", until=0, ci_provider="github")
def github_starts_by_hand_only(repository: Repository) -> Problems:
    """Level 0 runs CI when a person asks for it."""
    for name, content in workflows(repository).items():
        yield from unless(
            set(content["starts"]) == {"workflow_dispatch"}, f"{name}.yml starts by itself: level 0 runs CI by hand"
        )


@check("1-CI", since=1, ci_provider="github")
def github_checks_every_change(repository: Repository) -> Problems:
    """And delivers nothing by that."""
    checks = workflow(repository, "checks")
    wanted = {"make lint", "make test"} | ({"make audit"} if repository.level == 2 else set())
    called = "push" if repository.level == 1 else "workflow_call"
    yield from unless({"pull_request", called} <= set(checks["starts"]), "checks.yml does not check every change")
    for command in sorted(wanted - set(commands(checks))):
        yield f"checks.yml does not run `{command}`"
    for command in ("make image", "make release", "make deploy", "make promote"):
        yield from unless(command not in commands(checks), f"checks.yml delivers by `{command}` what nobody has merged")


@check("CI-09", since=1, ci_provider="github")
def github_refuses_stale_commits(repository: Repository) -> Problems:
    """A stale dvc.lock, or data that were not pushed."""
    yield from unless(
        "make check-commit" in commands(workflow(repository, "checks")), "checks.yml must `make check-commit`"
    )


@check("CI-10", since=1, ci_provider="github")
def github_checks_need_no_secret(repository: Repository) -> Problems:
    """So a fork's pull request is checked as well."""
    yield from unless(
        "secrets" not in repository.text(f"{FOLDER}/checks.yml"), "checks.yml needs a secret: forks have none"
    )


@check("1-TRIG", since=1, ci_provider="github")
def github_trains_when_it_is_asked_for(repository: Repository) -> Problems:
    """On demand, on a schedule, on new data, on degraded performance and on drift."""
    train = workflow(repository, "train")
    starts = train["starts"]
    for name, why in (("workflow_dispatch", "on demand"), ("schedule", "on a schedule")):
        yield from unless(name in starts, f"train.yml does not start {why}")
    yield from unless(
        (starts.get("push") or {}).get("paths") == ["data/raw/*.dvc"], "train.yml does not start on new data"
    )
    found = set((starts.get("repository_dispatch") or {}).get("types", ()))
    for name in sorted({"new-data", "degraded", "drift"} - found):
        yield f"train.yml does not start when another system reports {name}"
    for command in ("make monitor", "make trigger"):
        yield from unless(command in commands(train), f"train.yml does not `{command}`")


@check("1-CD", since=1, ci_provider="github")
def github_delivers_what_passed_its_gates(repository: Repository) -> Problems:
    """Right after training; the first step that fails is the last."""
    train = workflow(repository, "train")
    if repository.level == 1:
        wanted = ["make run", "make publish", "make promote", "make image", "make deploy"]
    else:
        wanted = ["make run", "make publish", "make check-model", "make release"]
        wanted += ["make deploy", "make verify", "make deploy"]
        needs = {name: train["jobs"].get(name, {}).get("needs") for name in ("staging", "production")}
        yield from unless(
            needs == {"staging": "train", "production": ["train", "staging"]},
            "train.yml: staging needs train, and production needs both",
        )
        for name in needs:
            yield from unless("if" not in train["jobs"].get(name, {}), f"train.yml: {name} may go on after a failure")
    order = [command for command in commands(train) if command in wanted]
    yield from unless(order == wanted, f"train.yml must run in this order: {', '.join(wanted)}")
    for name, job in train["jobs"].items():
        for part in (job, *job.get("steps", [])):
            what = f"train.yml: {part.get('run', name)!r}"
            yield from unless("continue-on-error" not in part, f"{what} may fail: take out continue-on-error")
            yield from unless(
                "if" not in part or part.get("run") not in wanted, f"{what} may be left out: take out its if"
            )


@check("CI-07", "CD-09", since=2, ci_provider="github")
def github_builds_once_what_was_checked(repository: Repository) -> Problems:
    """And deploys that."""
    deliver = workflow(repository, "deliver")["jobs"]
    checks, release, deploy = (deliver.get(name, {}) for name in ("checks", "release", "deploy"))
    yield from unless(checks.get("uses") == f"./{FOLDER}/checks.yml", "deliver.yml does not run checks.yml")
    yield from unless(release.get("needs") == "checks", "deliver.yml: what was not checked is released")
    yield from unless(deploy.get("needs") == "release", "deliver.yml: deploy must need release")
    yield from unless("if" not in release, "deliver.yml: a release may be left out")
    yield from unless(commands(release).count("make release") == 1, "deliver.yml: release must `make release`, once")
    for name, content in workflows(repository).items():
        elsewhere = name not in ("deliver", "train") and "make release" in commands(content)
        yield from unless(not elsewhere, f"{name}.yml builds it again: what CI built is what is deployed")


@check("CD-05", since=2, ci_provider="github")
def github_releases_a_model_that_meets_its_targets(repository: Repository) -> Problems:
    """A model is checked before it is built into a release."""
    release = workflow(repository, "deliver")["jobs"].get("release", {})
    yield from unless(
        in_order(commands(release), "make check-model", "make release"),
        "deliver.yml: a model is released that nobody checked: `make check-model` comes before `make release`",
    )


@check("CD-06", since=2, ci_provider="github")
def github_deploys_develop_to_test(repository: Repository) -> Problems:
    """By itself, on each push."""
    deliver = workflow(repository, "deliver")
    branches = (deliver["starts"].get("push") or {}).get("branches", [])
    yield from unless("develop" in branches, "deliver.yml: nothing starts on a push to develop")
    yield from _deploys(deliver)


@check("CD-07", since=2, ci_provider="github")
def github_deploys_main_to_staging(repository: Repository) -> Problems:
    """On each merge, and a new model gets its version."""
    deliver = workflow(repository, "deliver")
    branches = (deliver["starts"].get("push") or {}).get("branches", [])
    yield from unless("main" in branches, "deliver.yml: nothing starts on a merge to main")
    yield from _deploys(deliver)
    release = deliver["jobs"].get("release", {})
    register = [step.get("if") for step in steps(release) if step.get("run") == "make register"]
    yield from unless(
        register == ["github.ref == 'refs/heads/main'"], "deliver.yml: a new model on main gets no version"
    )
    yield from unless(
        in_order(commands(release), "make release", "make register"),
        "deliver.yml: a version of what cannot be built: `make register` comes after `make release`",
    )


def _deploys(deliver: Content) -> Problems:
    deploy = deliver["jobs"].get("deploy", {})
    where = (deploy.get("environment"), deploy.get("env", {}).get("ENV"))
    yield from unless(where == (TARGET, TARGET), f"deliver.yml: deploy must be for the environment {TARGET}")
    yield from unless(commands(deploy).count("make deploy") == 1, "deliver.yml: deploy must `make deploy`, once")


@check("CD-08", since=2, ci_provider="github")
def github_promotes_by_hand_and_by_name(repository: Repository) -> Problems:
    """A person starts it and types the release; only a model with the code in production goes by itself."""
    promote = workflow(repository, "promote")
    yield from unless(set(promote["starts"]) == {"workflow_dispatch"}, "promote.yml starts by itself")
    asked = (promote["starts"].get("workflow_dispatch") or {}).get("inputs", {}).get("release", {})
    yield from unless(asked.get("required") is True, "promote.yml does not ask which release is meant")
    job = promote["jobs"].get("promote", {})
    where = (job.get("environment"), job.get("env", {}).get("ENV"))
    yield from unless(where == ("production", "production"), "promote.yml must be for the environment production")
    named = [step.get("env", {}).get("CONFIRM") for step in steps(job) if step.get("run") == "make deploy"]
    yield from unless(named == ["${{ inputs.release }}"], "promote.yml: `make deploy` must get the release as CONFIRM")
    production = workflow(repository, "train")["jobs"].get("production", {})
    alone = [step.get("env", {}).get("CONFIRM") for step in steps(production) if step.get("run") == "make deploy"]
    yield from unless(
        alone == ["model"], "train.yml: production must `make deploy` with CONFIRM: model, for a model alone"
    )


@check("CD-08", since=2, ci_provider="github")
def github_checks_staging_every_night(repository: Repository) -> Problems:
    """Which counts as a run."""
    verify = workflow(repository, "verify")
    yield from unless("schedule" in verify["starts"], "verify.yml: nobody checks staging at night")
    job = verify["jobs"].get("verify", {})
    yield from unless(job.get("env", {}).get("ENV") == "staging", "verify.yml must be for staging")
    yield from unless(commands(job).count("make verify") == 1, "verify.yml must `make verify`, once")


@check("CD-10", since=2, ci_provider="github")
def github_rolls_back_by_hand_with_a_reason(repository: Repository) -> Problems:
    """A person says where and why."""
    rollback = workflow(repository, "rollback")
    inputs = (rollback["starts"].get("workflow_dispatch") or {}).get("inputs", {})
    where = inputs.get("environment", {}).get("options")
    yield from unless(where == list(DELIVERY), f"rollback.yml must ask where: {', '.join(DELIVERY)}")
    yield from unless(inputs.get("why", {}).get("required") is True, "rollback.yml does not ask why")
    given = [step.get("env", {}).get("WHY") for step in steps(rollback) if step.get("run") == "make rollback"]
    yield from unless(given == ["${{ inputs.why }}"], "rollback.yml: `make rollback` must get WHY")


@check("CD-10", since=2, ci_provider="github")
def github_deploys_one_after_the_other(repository: Repository) -> Problems:
    """No two to an environment at once, and none is cut off."""
    for file, content in workflows(repository).items():
        for name, job in content["jobs"].items():
            if "environment" in job and DEPLOYMENTS & set(commands(job)):
                turn = job.get("concurrency", content.get("concurrency"))
                wanted = {"group": f"deploy-{job['environment']}", "cancel-in-progress": False}
                yield from unless(
                    turn == wanted, f"{file}.yml: {name} may run beside another deployment, or be cut off by it"
                )


@check("MON-02", since=2, ci_provider="github")
def github_monitors_and_acts_by_itself(repository: Repository) -> Problems:
    """Each hour."""
    monitor = workflow(repository, "monitor")
    yield from unless("schedule" in monitor["starts"], "monitor.yml does not start by itself")
    yield from unless(commands(monitor) == ["make watch", "make act"], "monitor.yml must `make watch`, then `make act`")
    starts = workflow(repository, "train")["starts"]
    event = (starts.get("workflow_dispatch") or {}).get("inputs", {}).get("event", {})
    yield from unless(event.get("default") == "demand", "train.yml: what a person starts is a demand")
    for name in sorted({"degraded", "drift", "stale"} - set(event.get("options", ()))):
        yield f"train.yml cannot be started because of {name}"


@check("SEC-01", ci_provider="github")
def github_tokens_have_the_rights_that_a_job_names(repository: Repository) -> Problems:
    """And no others."""
    for file, content in workflows(repository).items():
        yield from unless(
            content.get("permissions") == {}, f"{file}.yml: the token of every job has rights: permissions: {{}}"
        )
    for name, job in jobs(repository):
        named = isinstance(job.get("permissions"), dict)
        yield from unless(named, f"{name} does not say which rights its token needs: permissions")


@check("SEC-01", ci_provider="github")
def github_tokens_are_kept_where_a_job_pushes(repository: Repository) -> Problems:
    """And nowhere else."""
    for name, job in jobs(repository):
        pushes = isinstance(job.get("permissions"), dict) and job["permissions"].get("contents") == "write"
        for step in steps(job):
            if step.get("uses", "").startswith("actions/checkout@"):
                kept = step.get("with", {}).get("persist-credentials")
                yield from unless(kept is pushes, f"{name}: persist-credentials must be {str(pushes).lower()}")


@check("SEC-02", ci_provider="github")
def github_actions_are_pinned_to_a_commit(repository: Repository) -> Problems:
    """With the version as a comment."""
    for path in repository.ci_files:
        for action in re.findall(r"uses: (?!\./)(.*)", repository.text(path)):
            pinned = re.fullmatch(r"\S+@[0-9a-f]{40} # v\S+", action)
            yield from unless(
                pinned, f"{path}: {action} can become another: pin it to a commit, `@<40 digits> # v1.2.3`"
            )


@check("SEC-03", ci_provider="github")
def github_runs_no_code_of_strangers(repository: Repository) -> Problems:
    """What they write is neither code nor near a right."""
    for file, content in workflows(repository).items():
        risky = {"pull_request_target", "workflow_run"} & set(content["starts"])
        yield from unless(not risky, f"{file}.yml: {', '.join(sorted(risky))} runs others' code with rights")
    for path in repository.ci_files:
        content = repository.yaml(path)
        for step in steps(content):
            run = step.get("run", "")
            yield from unless("${{" not in run, f"{path}: {run!r} puts data into code: hand it over by env")


@check("SEC-03", ci_provider="github")
def github_jobs_end_and_take_turns(repository: Repository) -> Problems:
    """On machines of GitHub, which are thrown away."""
    for name, job in jobs(repository):
        if "uses" not in job:
            own = str(job.get("runs-on", "")).startswith("ubuntu-")
            yield from unless(
                own, f"{name} runs on a machine that keeps what others leave there: runs-on: ubuntu-24.04"
            )
            yield from unless(0 < job.get("timeout-minutes", 0) <= 180, f"{name} may run for hours: timeout-minutes")
    for file, content in workflows(repository).items():
        alone = [job for job in content["jobs"].values() if "concurrency" not in job and "uses" not in job]
        yield from unless("concurrency" in content or not alone, f"{file}.yml may run beside itself: concurrency")


@check("SEC-05", ci_provider="github")
def github_owners_are_asked(repository: Repository) -> Problems:
    """About what others rely on."""
    wanted = OWNED | {"/.github/"}
    wanted |= {"/dvc.yaml", "/deploy/"} if repository.level else set()
    yield from owners(repository, ".github/CODEOWNERS", wanted)


def owners(repository: Repository, path: str, wanted: set[str]) -> Problems:
    """What a file of owners does not name."""
    lines = [line.split() for line in repository.text(path).splitlines() if line and line[0] != "#"]
    for missing in sorted(wanted - {where for where, *who in filter(None, lines) if who}):
        yield f"{path}: nobody is asked about {missing}"


@check("SEC-05", ci_provider="github")
def github_proposes_newer_actions(repository: Repository) -> Problems:
    """By Dependabot."""
    updates = repository.yaml(".github/dependabot.yml").get("updates", [])
    kinds = {update["package-ecosystem"] for update in updates}
    yield from unless("github-actions" in kinds, ".github/dependabot.yml: nobody proposes newer actions")


@check("SEC-05", since=1, scores=(("Monitor 1", 0.5),), ci_provider="github")
def github_tries_newer_packages_each_week(repository: Repository) -> Problems:
    """Trains and tests with them, and asks people to merge."""
    content = workflow(repository, "dependencies")
    times = [entry.get("cron", "") for entry in content["starts"].get("schedule") or []]
    weekly = any(re.fullmatch(r"\d+ \d+ \* \* \d", time) for time in times)
    yield from unless(weekly, "dependencies.yml: nothing looks for newer packages each week")
    for name, targets in RENEWAL.items():
        job, wanted = content["jobs"].get(name, {}), [f"make {target}" for target in targets]
        yield from unless(commands(job) == wanted, f"{name} of dependencies.yml must run: {', '.join(wanted)}")
    may = content["jobs"].get("update", {}).get("permissions") or {}
    harmless = {"contents": "read", "id-token": "write"}
    yield from unless(may.items() <= harmless.items(), "dependencies.yml: what nobody has read yet runs beside rights")

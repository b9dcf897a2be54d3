<% set level = cookiecutter.maturity_level | int %>
"""The pipelines of Jenkins do what level << level >> owes, when it is due, and nothing else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

<% if level == 2 %>
from << cookiecutter.__package_name >>.environments import ENVIRONMENTS

<% endif %>
ROOT = Path(__file__).resolve().parents[2]
JOBS = ROOT / "jenkins" / "jobs.groovy"
PIPELINES = sorted([ROOT / "Jenkinsfile", *ROOT.glob("jenkins/*.Jenkinsfile")])
# Comments, texts, what opens, closes or ends something, and anything else.
PART = re.compile(
    r"//[^\n]*|/\*.*?\*/|'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|[\[\](){};\n]|[^\[\](){};\n'\"/]+|/",
    re.DOTALL,
)


@dataclass(frozen=True)
class Statement:
    """A line of Groovy as far as its block, and what is in that."""

    head: str
    inner: tuple["Statement", ...] = ()

    def all(self) -> Iterator["Statement"]:
        """What is in it, in order, at any depth."""
        for each in self.inner:
            yield each
            yield from each.all()

    def block(self, head: str) -> "Statement":
        """The block of this name in it, an empty one if there is none."""
        return next((each for each in self.inner if each.head == head), Statement(head))

    @property
    def heads(self) -> list[str]:
        return [each.head for each in self.all()]

    @property
    def commands(self) -> list[str]:
        return [head[4:-1] for head in self.heads if head.startswith("sh '")]


def read(path: Path) -> Statement:
    """A Groovy file as nested statements."""
    parts = (part for part in PART.findall(path.read_text()) if not part.startswith(("//", "/*")))
    return Statement(path.name, tuple(statements(parts)))


def statements(parts: Iterator[str]) -> Iterator[Statement]:
    """The statements up to the end of the block that they are in."""
    head, depth = "", 0
    for part in parts:
        depth += (part in "([") - (part in ")]")
        if part == "{":
            yield Statement(" ".join(head.split()), tuple(statements(parts)))
            head = ""
        elif part in "};\n" and depth == 0:
            if head.strip():
                yield Statement(" ".join(head.split()))
            head = ""
            if part == "}":
                return
        else:
            head += part


def pipeline(name: str) -> Statement:
    return read(ROOT / name).block("pipeline")


<% if level == 0 %>
@pytest.mark.requirement("0-CI")
def test_pipelines_start_by_hand_only() -> None:
    for path in PIPELINES:
        assert not read(path).block("pipeline").block("triggers").inner, f"{path.name}: level 0 runs CI by hand"
    kinds = {head.split("(")[0] for head in read(JOBS).heads}
    assert "pipelineJob" in kinds
    assert not kinds & {"multibranchPipelineJob", "queue", "triggers"}, "a job starts by itself"
<% else %>
def stages(name: str) -> dict[str, Statement]:
    found = pipeline(name).block("stages").inner
    return {stage.head.removeprefix("stage('").removesuffix("')"): stage for stage in found}


def once(values: list[str], value: str) -> int:
    """Where a value stands that must be there once."""
    assert values.count(value) == 1, f"{value} is there {values.count(value)} times"
    return values.index(value)


@pytest.mark.requirement("1-CI")
def test_every_change_is_checked_and_nothing_is_delivered_by_it() -> None:
    checks = stages("Jenkinsfile")["checks"]
    assert "multibranchPipelineJob" in {head.split("(")[0] for head in read(JOBS).heads}, "no branch is looked at"
    assert not checks.block("when").inner, "what is not checked"
<% if level == 1 %>
    assert {"make lint", "make check-commit", "make test"} <= set(checks.commands)
    assert not {"make image", "make deploy", "make promote"} & set(pipeline("Jenkinsfile").commands)
<% else %>
    assert {"make lint", "make audit", "make check-commit", "make test"} <= set(checks.commands)
    assert not {"make release", "make deploy"} & set(checks.commands)
<% endif %>


@pytest.mark.requirement("CI-10")
def test_checks_need_no_secret() -> None:
    for name, stage in stages("Jenkinsfile").items():
        when = stage.block("when").heads
        guarded = "branch 'main'" in when or {"not", "changeRequest()"} <= set(when)
        secret = [head for head in stage.heads if re.search(r"\bload\(|withCredentials|credentials\(", head)]
        assert guarded or not secret, f"a change request can start {name}, which binds a secret"


@pytest.mark.requirement("1-TRIG")
def test_training_starts_on_demand_on_schedule_on_new_data_on_degraded_performance_and_on_drift() -> None:
    train = pipeline("jenkins/train.Jenkinsfile")
    assert [head for head in train.block("triggers").heads if head.startswith("cron(")], "it has no schedule"
    (choice,) = [head for head in train.block("parameters").heads if head.startswith("choice(")]
    assert {"demand", "new-data", "degraded", "drift"} <= set(re.findall(r"'([a-z-]+)'", choice))
    assert "choices: ['schedule'," in choice, "what the schedule starts must be no demand"
    data = stages("Jenkinsfile")["new data"]
    assert data.block("when").heads == ["branch 'main'", "changeset 'data/raw/*.dvc'"]
    assert [head for head in data.block("steps").heads if head.startswith("build job: '../train'")]
    assert {"make monitor", "make trigger"} <= set(stages("jenkins/train.Jenkinsfile")["decide"].commands)


@pytest.mark.requirement("1-CD")
def test_only_what_passed_its_gates_is_delivered() -> None:
    found = stages("jenkins/train.Jenkinsfile")
    order = [command for command in pipeline("jenkins/train.Jenkinsfile").commands if command != "make setup"]
<% if level == 1 %>
    wanted = ["make run", "make publish", "make promote", "make image", "make deploy"]
    assert list(found) == ["decide", "train"]
<% else %>
    wanted = ["make run", "make publish", "make check-model", "make release"]
    wanted += ["make deploy", "make verify", "make deploy"]
    assert list(found) == ["decide", "train", "staging", "production"]
<% endif %>
    assert [command for command in order if command in wanted] == wanted
    for name in list(found)[1:]:
        assert found[name].block("when").heads == ["environment name: 'TRAIN', value: 'true'"]
    for path in PIPELINES:
        lenient = [head for head in read(path).heads if re.search(r"catchError|warnError|returnStatus|sh .*\|\|", head)]
        assert not lenient, f"{path.name}: what may fail"
        left_out = [command for each in read(path).all() if each.head.startswith("if ") for command in each.commands]
        assert not set(left_out) & set(wanted), f"{path.name}: what may be left out"
<% if level == 2 %>


@pytest.mark.requirement("CI-07")
@pytest.mark.requirement("CD-09")
def test_what_was_checked_is_built_once_and_that_is_deployed() -> None:
    assert [name for name, stage in stages("Jenkinsfile").items() if stage.commands] == ["checks", "release", "deploy"]
    once(pipeline("Jenkinsfile").commands, "make release")
    others = [path for path in PIPELINES if path.name not in ("Jenkinsfile", "train.Jenkinsfile")]
    assert not [path.name for path in others if "make release" in read(path).commands], "it is built anew elsewhere"


@pytest.mark.requirement("CD-05")
def test_only_a_model_that_meets_its_targets_is_released() -> None:
    order = stages("Jenkinsfile")["release"].commands
    assert once(order, "make check-model") < once(order, "make release"), "a model is released that nobody checked"


TARGET = "load('jenkins/access.groovy').environment(env.BRANCH_NAME == 'main' ? 'staging' : 'test')"


def deployments(name: str, place: str) -> list[str]:
    """What a pipeline runs in an environment, while no other job may."""
    blocks = [each for each in pipeline(name).all() if each.head.endswith(f".environment({place})")]
    return [command for block in blocks for command in block.commands]


@pytest.mark.requirement("CD-06")
def test_push_to_develop_deploys_to_test_by_itself() -> None:
    for name in ("release", "deploy"):
        assert "branch 'develop'" in stages("Jenkinsfile")[name].block("when").block("anyOf").heads
    (block,) = [each for each in stages("Jenkinsfile")["deploy"].all() if each.head == TARGET]
    once(block.commands, "make deploy")


@pytest.mark.requirement("CD-07")
def test_merge_to_main_registers_a_new_model_and_deploys_to_staging() -> None:
    release, deploy = stages("Jenkinsfile")["release"], stages("Jenkinsfile")["deploy"]
    for stage in (release, deploy):
        assert "branch 'main'" in stage.block("when").block("anyOf").heads, "nothing comes of a merge to main"
    (main,) = [each for each in release.all() if each.head == "if (env.BRANCH_NAME == 'main')"]
    assert main.commands == ["make register"], "a new model on main gets no version"
    order = release.commands
    assert once(order, "make release") < once(order, "make register"), "a version of what cannot be built"
    assert TARGET in deploy.heads


@pytest.mark.requirement("CD-08")
def test_a_person_starts_what_goes_to_production_and_names_it() -> None:
    assert not pipeline("jenkins/promote.Jenkinsfile").block("triggers").inner, "promote starts by itself"
    asked = stages("jenkins/promote.Jenkinsfile")["promote"].block("input")
    assert "submitter 'releasers'" in asked.heads, "anybody may promote"
    assert [head for head in asked.block("parameters").heads if head.startswith("string(name: 'CONFIRM'")]
    once(deployments("jenkins/promote.Jenkinsfile", "'production'"), "make deploy")
    train = [each for each in stages("jenkins/train.Jenkinsfile")["production"].all() if "make deploy" in each.commands]
    assert train[-1].head == "withEnv(['CONFIRM=model'])"


@pytest.mark.requirement("CD-08")
def test_staging_is_held_to_its_checks_every_night() -> None:
    timed = pipeline("jenkins/verify.Jenkinsfile").block("triggers")
    assert timed.heads == ["cron('H 2 * * *')"], "nobody holds staging to its checks at night"
    once(deployments("jenkins/verify.Jenkinsfile", "'staging'"), "make verify")


@pytest.mark.requirement("CD-10")
def test_a_person_rolls_back_and_says_where_and_why() -> None:
    rollback = stages("jenkins/rollback.Jenkinsfile")["rollback"]
    where, why = rollback.block("input").block("parameters").heads
    assert set(re.findall(r"'(\w+)'", where.partition("choices: ")[2].partition("]")[0])) == set(ENVIRONMENTS)
    assert why.startswith("string(name: 'WHY'")
    assert "if (!env.WHY)" in rollback.heads, "it needs no reason"
    once(deployments("jenkins/rollback.Jenkinsfile", "env.ENV"), "make rollback")


@pytest.mark.requirement("CD-10")
def test_no_two_deployments_to_an_environment_at_once_and_none_is_cut_off() -> None:
    functions = read(ROOT / "jenkins" / "access.groovy").inner
    (function,) = [each for each in functions if each.head.startswith("void environment(")]
    (lock,) = [each for each in function.inner if each.head.startswith("lock(")]
    assert "-${name}" in lock.head, "each environment has a turn of its own"
    assert [each.head.split("(")[0] for each in lock.inner] == ["timeout"], "its time must count from its turn on"
    for path in PIPELINES:
        blocks = [each for each in read(path).all() if ".environment(" in each.head]
        inside = sorted(command for block in blocks for command in block.commands)
        everywhere = [f"make {verb}" for verb in ("deploy", "rollback", "stop", "verify")]
        beside = [command for command in read(path).commands if command in everywhere and command not in inside]
        assert not beside, f"{path.name}: {beside} may run beside another deployment"
        if blocks:
            cut = [head for head in read(path).heads if "abortPrevious" in head]
            assert not cut, f"{path.name}: a deployment may be cut off"


@pytest.mark.requirement("MON-02")
def test_pipeline_watches_and_acts_by_itself() -> None:
    monitor = pipeline("jenkins/monitor.Jenkinsfile")
    assert monitor.block("triggers").heads == ["cron('H * * * *')"]
    assert monitor.commands == ["make setup", "make watch", "make act"]
    assert [head for head in monitor.heads if head.startswith("build job: 'train'")], "nothing is trained"
    assert "unstable(asked.TELL)" in monitor.heads, "nobody is told"
    assert "'stale'" in next(head for head in pipeline("jenkins/train.Jenkinsfile").heads if head.startswith("choice("))
<% endif %>
<% endif %>

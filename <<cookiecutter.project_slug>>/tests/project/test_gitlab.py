<% set level = cookiecutter.maturity_level | int %>
"""The pipelines of GitLab do what level << level >> owes, when it is due, and nothing else."""

<% if level > 0 %>
import re
import tomllib
<% endif %>
from pathlib import Path
from typing import Any

import pytest
import yaml

<% if level == 2 %>
from << cookiecutter.__package_name >>.environments import ENVIRONMENTS

<% endif %>
ROOT = Path(__file__).resolve().parents[2]


class Loader(yaml.SafeLoader):
    """YAML with `!reference`, GitLab's own tag, which is of no interest here."""


Loader.add_constructor("!reference", lambda *_: "")


def pipeline() -> dict[str, Any]:
    """All files, as GitLab puts them together."""
    found: dict[str, Any] = {}
    for path in (ROOT / ".gitlab-ci.yml", *sorted((ROOT / ".gitlab").glob("*.yml"))):
        found |= yaml.load(path.read_text(encoding="utf-8"), Loader)  # noqa: S506 - it is the safe one
    return found


PIPELINE = pipeline()


<% if level == 0 %>
@pytest.mark.requirement("0-CI")
def test_pipelines_start_by_hand_only() -> None:
    rules = PIPELINE["workflow"]["rules"]
    assert rules == [{"if": "$CI_PIPELINE_SOURCE =~ /^(web|api)$/"}], "it starts by itself: level 0 runs CI by hand"
    *verbs, last = PIPELINE["checks"]["script"]
    assert verbs == ["make setup", "make lint", "make test"]
    assert last == "make maturity REPORT=reports/tests.xml"
<% else %>
def starts() -> dict[str, dict[str, str]]:
    """What starts a pipeline, with the variables that it then has."""
    return {rule["if"]: rule.get("variables", {}) for rule in PIPELINE["workflow"]["rules"]}


def rules(job: str) -> list[dict[str, Any]]:
    """When a job is in a pipeline."""
    parents = [PIPELINE[job].get("extends", [])]
    while "rules" not in PIPELINE[job]:
        found = parents.pop()
        parents += found if isinstance(found, list) else []
        job = found if isinstance(found, str) else found[-1]
        parents.append(PIPELINE[job].get("extends", []))
    asked: list[dict[str, Any]] = PIPELINE[job]["rules"]
    return asked


def commands(*jobs: str) -> list[str]:
    """What jobs ask make for, in order; without what is said to the verb."""
    return [verb for job in jobs for line in PIPELINE[job]["script"] for verb in re.findall(r"make [a-z-]+", line)]


CHANGE = '$CI_PIPELINE_SOURCE == "merge_request_event"'
MAIN = '$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == "main"'
<% if level == 2 %>
DEVELOP = '$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == "develop"'
<% endif %>
CLOCK = '$CI_PIPELINE_SOURCE == "schedule" && $CI_COMMIT_BRANCH == "main"'
FOUND = (
    '$CI_PIPELINE_SOURCE == "trigger" && $CI_COMMIT_BRANCH == "main" && $WORKFLOW == "train" '
<% if level == 1 %>
    "&& $EVENT =~ /^(new-data|degraded|drift)$/"
<% else %>
    "&& $EVENT =~ /^(new-data|degraded|drift|stale)$/"
<% endif %>
)
SCHEDULES = tomllib.loads((ROOT / ".gitlab" / "schedules.toml").read_text())
JOBS = [name for name, content in PIPELINE.items() if isinstance(content, dict) and "script" in content]


@pytest.mark.requirement("1-CI")
def test_every_change_is_checked_and_nothing_is_delivered_by_that() -> None:
    assert starts()[CHANGE] == {"WORKFLOW": "checks"}
    conditions = [rule["if"] for rule in rules("checks")]
<% if level == 1 %>
    assert starts()[MAIN]["WORKFLOW"] == "checks"
    assert conditions == [CHANGE, '$WORKFLOW == "checks"']
    assert {"make lint", "make check-commit", "make test"} <= set(commands("checks"))
    assert not {"make image", "make deploy", "make promote"} & set(commands("checks"))
<% else %>
    assert conditions == [CHANGE, "$WORKFLOW =~ /^(checks|deliver)$/"]
    assert {"make lint", "make audit", "make check-commit", "make test"} <= set(commands("checks"))
    assert not {"make release", "make deploy"} & set(commands("checks"))


@pytest.mark.requirement("CI-07")
@pytest.mark.requirement("CD-09")
def test_what_was_checked_is_built_once_and_that_is_deployed() -> None:
    assert PIPELINE["release"].get("needs") == ["checks"], "what was not checked is released"
    assert PIPELINE["deploy"].get("needs") == ["release"]
    assert rules("release") == rules("deploy") == [{"if": '$WORKFLOW == "deliver"'}], "a release may be left out"
    assert commands("release").count("make release") == 1
    others = [name for name in JOBS if name not in ("release", "train")]
    assert "make release" not in commands(*others), "it is built anew elsewhere"


@pytest.mark.requirement("CD-05")
def test_only_a_model_that_meets_its_targets_is_released() -> None:
    order = commands("release")
    assert "make check-model" in order[: order.index("make release")], "a model is released that nobody checked"


@pytest.mark.requirement("CD-06")
def test_push_to_develop_deploys_to_test_by_itself() -> None:
    assert starts().get(DEVELOP) == {"WORKFLOW": "deliver", "TARGET": "test"}, "nothing starts on a push to develop"
    assert PIPELINE["deploy"]["environment"]["name"] == "$TARGET"
    assert PIPELINE["deploy"]["script"].count("make deploy ENV=$TARGET") == 1


@pytest.mark.requirement("CD-07")
def test_merge_to_main_registers_a_new_model_and_deploys_to_staging() -> None:
    wanted = {"WORKFLOW": "deliver", "TARGET": "staging"}
    assert starts().get(MAIN, {}).items() >= wanted.items(), "nothing starts on a merge to main"
    order = PIPELINE["release"]["script"]
    register = 'if [ "$CI_COMMIT_BRANCH" = main ]; then make register IF_ANY=1; fi'
    assert register in order, "a new model on main gets no version"
    assert order.index("make release") < order.index(register), "a version of what cannot be built"


@pytest.mark.requirement("CD-08")
def test_a_person_starts_what_goes_to_production_and_names_it() -> None:
    # Where it may not fail, it is red when it does; until then its pipeline waits.
    by_hand = {"if": '$WORKFLOW == "deliver" && $CI_COMMIT_BRANCH == "main"', "when": "manual"}
    assert rules("promote") == [by_hand], "promote starts by itself, or may fail"
    assert PIPELINE["promote"]["environment"] == "production"
    said = [line for name in JOBS for line in PIPELINE[name]["script"] if "make deploy ENV=production" in line]
    # The first takes the release that the person names, as the variable CONFIRM, and does not do without.
    assert sorted(said) == ["make deploy ENV=production", "make deploy ENV=production CONFIRM=model"]
    asked, *_, deploy = PIPELINE["promote"]["script"]
    assert re.fullmatch(r'if \[ -z "\$CONFIRM" \]; then echo ".+"; exit 1; fi', asked), "it asks for no release"
    assert deploy == "make deploy ENV=production"
    assert not [name for name in JOBS if "CONFIRM" in PIPELINE[name].get("variables", {})]


@pytest.mark.requirement("CD-08")
def test_staging_is_held_to_its_checks_every_night() -> None:
    assert re.fullmatch(r"\d+ \d+ \* \* \*", SCHEDULES.get("verify", "")), "nobody holds staging to its checks at night"
    assert rules("verify") == [{"if": '$WORKFLOW == "verify"'}]
    assert PIPELINE["verify"]["script"].count("make verify ENV=staging") == 1


@pytest.mark.requirement("CD-10")
def test_a_person_rolls_back_and_says_where_and_why() -> None:
    form = PIPELINE["variables"]
    assert "rollback" in form["WORKFLOW"]["options"]
    assert sorted(form["ENVIRONMENT"]["options"]) == sorted(ENVIRONMENTS)
    asked, *_, rollback = PIPELINE["rollback"]["script"]
    assert re.fullmatch(r'if \[ -z "\$WHY" \]; then echo ".+"; exit 1; fi', asked), "nobody has to say why"
    assert rollback == 'make rollback ENV="$ENVIRONMENT"'


@pytest.mark.requirement("CD-10")
def test_no_two_deployments_to_an_environment_at_once_and_none_is_cut_off() -> None:
    for name in JOBS:
        if asked := PIPELINE[name].get("environment"):
            where = asked["name"] if isinstance(asked, dict) else asked
            assert PIPELINE[name].get("resource_group") == where, f"{name} may run beside another deployment"
            assert "interruptible" not in PIPELINE[name], f"{name} may be cut off"
<% endif %>


@pytest.mark.requirement("CI-10")
def test_checks_need_no_secret() -> None:
    checks = PIPELINE["checks"]
    assert not {"environment", "extends", "id_tokens", "secrets"} & set(checks)
    assert not re.search(r"TOKEN|KEY|PASSWORD|PREDICTION_LOG", str(checks))
    seen = [name for name in JOBS if any(CHANGE in rule["if"] for rule in rules(name))]
    assert seen == ["checks"], "a merge request starts more than the checks"


@pytest.mark.requirement("1-TRIG")
def test_training_starts_on_demand_on_schedule_on_new_data_on_degraded_performance_and_on_drift() -> None:
    assert rules("decide")[0] == {"if": '$WORKFLOW == "train"'}
    assert rules("decide")[1] == {"if": MAIN, "changes": ["data/raw/*.dvc"]}
    assert "train" in PIPELINE["variables"]["WORKFLOW"]["options"]
    assert "train" in SCHEDULES, "training has no schedule"
    assert starts()[CLOCK]["EVENT"] == starts()[MAIN]["EVENT"] == "schedule", "what starts by itself must be no demand"
    assert FOUND in starts()
    assert {"make monitor", "make trigger"} <= set(commands("decide"))


@pytest.mark.requirement("1-CD")
def test_only_what_passed_its_gates_is_delivered() -> None:
    assert PIPELINE["train"]["needs"] == ["decide"]
<% if level == 1 %>
    wanted = ["make run", "make publish", "make promote", "make image", "make deploy"]
    assert [command for command in commands("train") if command in wanted] == wanted
    jobs = ["decide", "train"]
<% else %>
    wanted = ["make run", "make publish", "make check-model", "make release"]
    wanted += ["make deploy", "make verify", "make deploy"]
    jobs = ["decide", "train", "staging", "production"]
    assert [command for command in commands(*jobs) if command in wanted] == wanted
    assert PIPELINE["staging"]["needs"] == ["decide", "train"]
    assert PIPELINE["production"]["needs"] == ["decide", "train", "staging"]
<% endif %>
    lenient = [name for name in jobs if {"allow_failure", "retry", "when"} & set(PIPELINE[name])]
    lenient += [line for name in jobs for line in PIPELINE[name]["script"] if re.search(r"make [a-z-]+.*\|\|", line)]
    assert not lenient, "what may be left out or may fail"
<% if level == 2 %>


@pytest.mark.requirement("MON-02")
def test_pipeline_watches_and_acts_by_itself() -> None:
    assert "monitor" in SCHEDULES
    assert rules("watch") == [{"if": '$WORKFLOW == "monitor"'}]
    assert commands("watch") == ["make setup", "make watch", "make act"]
    events = PIPELINE["variables"]["EVENT"]
    assert events["value"] == "demand"
    assert {"degraded", "drift", "stale"} <= set(events["options"])
<% endif %>
<% endif %>

<% set level = cookiecutter.maturity_level | int %>
"""The workflows of GitHub do what level << level >> owes, when it is due, and nothing else."""

from pathlib import Path
<% if level > 0 %>
from typing import Any
<% endif %>

import pytest
import yaml

<% if level == 2 %>
from << cookiecutter.__package_name >>.environments import ENVIRONMENTS

<% endif %>
WORKFLOWS = Path(__file__).resolve().parents[2] / ".github" / "workflows"


<% if level == 0 %>
@pytest.mark.requirement("0-CI")
def test_workflows_start_by_hand_only() -> None:
    for path in sorted(WORKFLOWS.glob("*.y*ml")):
        # YAML reads the key `on` as a truth value.
        triggers = yaml.safe_load(path.read_text())[True]
        assert set(triggers) == {"workflow_dispatch"}, f"{path.name} starts by itself: level 0 runs CI by hand"
<% else %>
def workflow(name: str) -> dict[Any, Any]:
    """A workflow. YAML reads the key `on` as a truth value."""
    parsed: dict[Any, Any] = yaml.safe_load((WORKFLOWS / name).read_text())
    return parsed


def commands(name: str) -> list[str]:
    jobs = workflow(name)["jobs"].values()
    return [step["run"] for job in jobs for step in job.get("steps", []) if "run" in step]


<% if level == 1 %>
@pytest.mark.requirement("1-CI")
def test_every_change_is_checked_and_nothing_is_delivered_by_it() -> None:
    assert {"pull_request", "push"} <= set(workflow("checks.yml")[True])
    assert {"make lint", "make check-commit", "make test"} <= set(commands("checks.yml"))
    assert not {"make image", "make deploy", "make promote"} & set(commands("checks.yml"))
<% else %>
CHECKS = {"make lint", "make audit", "make check-commit", "make test"}
TARGET = "${{ github.ref == 'refs/heads/main' && 'staging' || 'test' }}"


def steps(job: dict[str, Any], command: str) -> list[dict[str, Any]]:
    return [step for step in job["steps"] if step.get("run") == command]


@pytest.mark.requirement("1-CI")
def test_every_change_is_checked_and_nothing_is_delivered_by_that() -> None:
    assert {"pull_request", "workflow_call"} <= set(workflow("checks.yml")[True])
    assert set(commands("checks.yml")) >= CHECKS
    assert not {"make release", "make deploy"} & set(commands("checks.yml"))


@pytest.mark.requirement("CI-07")
@pytest.mark.requirement("CD-09")
def test_what_was_checked_is_built_once_and_that_is_deployed() -> None:
    jobs = workflow("deliver.yml")["jobs"]
    assert jobs["checks"]["uses"] == "./.github/workflows/checks.yml"
    assert jobs["release"].get("needs") == "checks", "what was not checked is released"
    assert jobs["deploy"].get("needs") == "release"
    assert "if" not in jobs["release"], "a release may be left out"
    assert len(steps(jobs["release"], "make release")) == 1
    others = [path.name for path in WORKFLOWS.glob("*.yml") if path.name not in ("deliver.yml", "train.yml")]
    assert not [name for name in others if "make release" in commands(name)], "it is built anew elsewhere"


@pytest.mark.requirement("CD-05")
def test_only_a_model_that_meets_its_targets_is_released() -> None:
    order = [step.get("run") for step in workflow("deliver.yml")["jobs"]["release"]["steps"]]
    assert "make check-model" in order[: order.index("make release")], "a model is released that nobody checked"


@pytest.mark.requirement("CD-06")
def test_push_to_develop_deploys_to_test_by_itself() -> None:
    assert "develop" in workflow("deliver.yml")[True]["push"]["branches"], "nothing starts on a push to develop"
    deploy = workflow("deliver.yml")["jobs"]["deploy"]
    assert deploy["environment"] == deploy["env"]["ENV"] == TARGET
    assert len(steps(deploy, "make deploy")) == 1


@pytest.mark.requirement("CD-07")
def test_merge_to_main_registers_a_new_model_and_deploys_to_staging() -> None:
    assert "main" in workflow("deliver.yml")[True]["push"]["branches"], "nothing starts on a merge to main"
    jobs = workflow("deliver.yml")["jobs"]
    (register,) = steps(jobs["release"], "make register")
    assert register["if"] == "github.ref == 'refs/heads/main'", "a new model on main gets no version"
    order = [step.get("run") for step in jobs["release"]["steps"]]
    assert order.index("make release") < order.index("make register"), "a version of what cannot be built"
    assert jobs["deploy"]["env"]["ENV"] == TARGET


@pytest.mark.requirement("CD-08")
def test_a_person_starts_what_goes_to_production_and_names_it() -> None:
    starts = workflow("promote.yml")[True]
    assert set(starts) == {"workflow_dispatch"}, "promote starts by itself"
    assert starts["workflow_dispatch"]["inputs"]["release"]["required"] is True
    job = workflow("promote.yml")["jobs"]["promote"]
    assert job["environment"] == job["env"]["ENV"] == "production"
    (deploy,) = steps(job, "make deploy")
    assert deploy["env"]["CONFIRM"] == "${{ inputs.release }}"
    automatic = steps(workflow("train.yml")["jobs"]["production"], "make deploy")
    assert [step["env"]["CONFIRM"] for step in automatic] == ["model"]


@pytest.mark.requirement("CD-08")
def test_staging_is_held_to_its_checks_every_night() -> None:
    assert "schedule" in workflow("verify.yml")[True], "nobody holds staging to its checks at night"
    job = workflow("verify.yml")["jobs"]["verify"]
    assert job["env"]["ENV"] == "staging"
    assert len(steps(job, "make verify")) == 1


@pytest.mark.requirement("CD-10")
def test_a_person_rolls_back_and_says_where_and_why() -> None:
    inputs = workflow("rollback.yml")[True]["workflow_dispatch"]["inputs"]
    assert inputs["environment"]["options"] == list(ENVIRONMENTS)
    assert inputs["why"]["required"] is True
    (rollback,) = steps(workflow("rollback.yml")["jobs"]["rollback"], "make rollback")
    assert rollback["env"]["WHY"] == "${{ inputs.why }}"


@pytest.mark.requirement("CD-10")
def test_no_two_deployments_to_an_environment_at_once_and_none_is_cut_off() -> None:
    for path in WORKFLOWS.glob("*.yml"):
        found = workflow(path.name)
        for name, job in found["jobs"].items():
            if "environment" in job:
                turn = job.get("concurrency", found["concurrency"])
                wanted = {"group": f"deploy-{job['environment']}", "cancel-in-progress": False}
                assert turn == wanted, f"{path.name}: {name} may run beside another deployment, or be cut off by it"
<% endif %>


@pytest.mark.requirement("CI-10")
def test_checks_need_no_secret() -> None:
    assert "secrets" not in (WORKFLOWS / "checks.yml").read_text()
    assert "pull_request_target" not in workflow("checks.yml")[True]


@pytest.mark.requirement("1-TRIG")
def test_training_starts_on_demand_on_schedule_on_new_data_on_degraded_performance_and_on_drift() -> None:
    starts = workflow("train.yml")[True]
    assert {"workflow_dispatch", "schedule"} <= set(starts)
    assert starts["push"]["paths"] == ["data/raw/*.dvc"]
    assert set(starts["repository_dispatch"]["types"]) == {"new-data", "degraded", "drift"}
    assert {"make monitor", "make trigger"} <= set(commands("train.yml"))


@pytest.mark.requirement("1-CD")
def test_only_what_passed_its_gates_is_delivered() -> None:
    order = [command for command in commands("train.yml") if command != "make setup"]
<% if level == 1 %>
    wanted = ["make run", "make publish", "make promote", "make image", "make deploy"]
    assert [command for command in order if command in wanted] == wanted
    jobs = workflow("train.yml")["jobs"].values()
<% else %>
    wanted = ["make run", "make publish", "make check-model", "make release"]
    wanted += ["make deploy", "make verify", "make deploy"]
    assert [command for command in order if command in wanted] == wanted
    named = workflow("train.yml")["jobs"]
    assert (named["staging"]["needs"], named["production"]["needs"]) == ("train", ["train", "staging"])
    assert "if" not in {*named["staging"], *named["production"]}, "what may go on after a failure"
    jobs = named.values()
<% endif %>
    lenient = [part for job in jobs for part in (job, *job["steps"]) if "continue-on-error" in part]
    lenient += [step for job in jobs for step in job["steps"] if "if" in step and step.get("run") in wanted]
    assert not lenient, "what may be left out or may fail"
<% if level == 2 %>


@pytest.mark.requirement("MON-02")
def test_workflow_watches_and_acts_by_itself() -> None:
    assert "schedule" in workflow("monitor.yml")[True]
    assert commands("monitor.yml") == ["make watch", "make act"]
    events = workflow("train.yml")[True]["workflow_dispatch"]["inputs"]["event"]
    assert events["default"] == "demand"
    assert {"degraded", "drift", "stale"} <= set(events["options"])
<% endif %>
<% endif %>

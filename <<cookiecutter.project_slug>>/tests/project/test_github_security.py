"""The workflows of GitHub have no right that they do not need, and run no code that strangers bring."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).resolve().parents[2] / ".github"
FILES = sorted([*HERE.glob("workflows/*.y*ml"), *HERE.glob("actions/*/action.y*ml")])
WORKFLOWS = {path.name: yaml.safe_load(path.read_text()) for path in FILES if path.parent.name == "workflows"}


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for file, workflow in WORKFLOWS.items():
        for name, job in workflow["jobs"].items():
            yield f"{file}: {name}", job


def steps(content: dict[Any, Any]) -> list[dict[str, Any]]:
    """Those of a workflow or of an action."""
    groups = content.get("jobs", {"": content.get("runs", {})}).values()
    return [step for group in groups for step in group.get("steps", [])]


@pytest.mark.requirement("SEC-01")
def test_token_has_the_rights_that_a_job_names_and_no_others() -> None:
    for file, workflow in WORKFLOWS.items():
        assert workflow.get("permissions") == {}, f"{file}: the token of every job has rights"
    for name, job in jobs():
        assert isinstance(job.get("permissions"), dict), f"{name} does not say which rights its token needs"


@pytest.mark.requirement("SEC-01")
def test_token_is_kept_where_a_job_pushes_and_nowhere_else() -> None:
    for name, job in jobs():
        for step in job.get("steps", []):
            if step.get("uses", "").startswith("actions/checkout@"):
                pushes = job["permissions"].get("contents") == "write"
                assert step["with"]["persist-credentials"] is pushes, f"{name}: persist-credentials must be {pushes}"


@pytest.mark.requirement("SEC-02")
def test_actions_are_pinned_to_a_commit() -> None:
    for path in FILES:
        for action in re.findall(r"uses: (?!\./)(.*)", path.read_text()):
            assert re.fullmatch(r"\S+@[0-9a-f]{40} # v\S+", action), f"{path.name}: {action} can become another"


@pytest.mark.requirement("SEC-03")
def test_what_strangers_write_is_neither_code_nor_near_a_right() -> None:
    for file, workflow in WORKFLOWS.items():
        starts = set(workflow[True])  # YAML reads the key `on` as a truth value
        assert not starts & {"pull_request_target", "workflow_run"}, f"{file} runs others' code with rights"
    for path in FILES:
        for step in steps(yaml.safe_load(path.read_text())):
            assert "${{" not in step.get("run", ""), f"{path.name}: {step['run']!r} puts data into code"


@pytest.mark.requirement("SEC-03")
def test_jobs_end_and_take_turns_on_machines_of_github() -> None:
    for name, job in jobs():
        if "uses" in job:
            continue
        assert job["runs-on"].startswith("ubuntu-"), f"{name} runs on a machine that keeps what others leave there"
        assert 0 < job.get("timeout-minutes", 0) <= 180, f"{name} may run for hours"
    for file, workflow in WORKFLOWS.items():
        own = [job for job in workflow["jobs"].values() if "concurrency" not in job and "uses" not in job]
        assert "concurrency" in workflow or not own, f"{file} may run beside itself"


@pytest.mark.requirement("SEC-05")
def test_what_others_rely_on_has_owners() -> None:
    lines = [line.split() for line in (HERE / "CODEOWNERS").read_text().splitlines() if line and line[0] != "#"]
    owned = {path for path, *owners in lines if owners}
<% if cookiecutter.maturity_level == "0" %>
    wanted = {"/.github/", "/data/schema.yaml", "/params.yaml", "/requirements.lock"}
<% else %>
    wanted = {"/.github/", "/data/schema.yaml", "/params.yaml", "/requirements.lock", "/dvc.yaml", "/deploy/"}
<% endif %>
    assert wanted <= owned, f"nobody is asked about {sorted(wanted - owned)}"


@pytest.mark.requirement("SEC-05")
def test_newer_actions_are_proposed() -> None:
    updates = yaml.safe_load((HERE / "dependabot.yml").read_text())["updates"]
    assert "github-actions" in {update["package-ecosystem"] for update in updates}, "nobody proposes newer actions"
<% if cookiecutter.maturity_level != "0" %>


@pytest.mark.requirement("SEC-05")
@pytest.mark.ml_test_score("Monitor 1", 0.5)
def test_newer_packages_are_tried_and_proposed_each_week() -> None:
    workflow = WORKFLOWS["dependencies.yml"]
    (schedule,) = workflow[True]["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* \d", schedule["cron"]), "nothing looks for newer packages each week"
    order = [step.get("run") for step in workflow["jobs"]["update"]["steps"] if "run" in step]
    assert order == [f"make {verb}" for verb in ("lock", "setup", "run", "test", "propose", "pull-request")]
<% endif %>

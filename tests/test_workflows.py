"""The emitted workflow asks for no more than it needs, and is really run: it is green, and red where it must be."""

import json
import re
import sys
from pathlib import Path

import pytest
import yaml
from conftest import Bake, Project, clean_environment, run

ACT = Path(sys.executable).with_name("act")
STAND_INS = Path(__file__).with_name("act")
WORKFLOWS = ".github/workflows"
PINNED = re.compile(r"uses: (?P<action>[\w.-]+/[\w./-]+)@(?P<commit>[0-9a-f]{40}) # v\d+(\.\d+){2}")


@pytest.fixture(params=["checks.yml"])
def text(sample: Project, request: pytest.FixtureRequest) -> str:
    return sample.text(f"{WORKFLOWS}/{request.param}")


@pytest.fixture
def workflow(text: str) -> dict[str, dict[str, object]]:
    """The workflow as data. YAML 1.1, which the parser speaks, reads the key `on` as true."""
    parsed: dict[object, dict[str, object]] = yaml.safe_load(text)
    return {"on" if key is True else str(key): value for key, value in parsed.items()}


@pytest.fixture
def jobs(workflow: dict[str, dict[str, dict[str, object]]]) -> list[dict[str, object]]:
    assert workflow["jobs"]
    return list(workflow["jobs"].values())


@pytest.fixture
def steps(jobs: list[dict[str, list[dict[str, object]]]]) -> list[dict[str, object]]:
    return [step for job in jobs for step in job["steps"]]


def test_every_workflow_is_looked_at(sample: Project) -> None:
    assert [path.name for path in (sample.path / WORKFLOWS).iterdir()] == ["checks.yml"]


def test_at_level_0_nothing_runs_by_itself(workflow: dict[str, object]) -> None:
    assert workflow["on"] == {"workflow_dispatch": None}


def test_no_permission_is_granted_but_to_read_the_code(
    workflow: dict[str, object], jobs: list[dict[str, object]]
) -> None:
    assert workflow["permissions"] == {}
    assert [job["permissions"] for job in jobs] == [{"contents": "read"}] * len(jobs)


def test_the_token_does_not_stay_in_the_checkout(steps: list[dict[str, object]]) -> None:
    checkouts = [step for step in steps if str(step.get("uses")).startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)


def test_actions_are_pinned_to_a_commit_with_the_version_beside_it(text: str) -> None:
    uses = [line.strip().removeprefix("- ") for line in text.splitlines() if "uses:" in line]
    assert uses
    assert [use for use in uses if not PINNED.fullmatch(use)] == []


def test_no_event_speaks_inside_a_command(text: str, steps: list[dict[str, object]]) -> None:
    assert "pull_request_target" not in text
    assert [step["run"] for step in steps if "${{" in str(step.get("run"))] == []


def test_every_job_ends_and_none_runs_on_a_machine_of_ones_own(
    workflow: dict[str, dict[str, object]], jobs: list[dict[str, int]]
) -> None:
    assert {"group", "cancel-in-progress"} <= set(workflow["concurrency"])
    for job in jobs:
        assert 0 < job["timeout-minutes"] <= 30
        assert re.fullmatch(r"ubuntu-\d\d\.04", str(job["runs-on"]))


def test_commands_are_verbs_of_the_makefile(sample: Project, steps: list[dict[str, object]]) -> None:
    verbs = re.findall(r"^([a-z]+):", sample.text("Makefile"), re.MULTILINE)
    assert {str(step["run"]) for step in steps if "run" in step} <= {f"make {verb}" for verb in verbs}


def test_owners_watch_over_what_the_others_rely_on(sample: Project) -> None:
    owned = {line.split()[0] for line in sample.text(".github/CODEOWNERS").splitlines() if line.startswith("/")}
    assert owned == {"/.github/", "/data/schema.yaml", "/params.yaml", "/requirements.lock"}


def test_pinned_actions_are_kept_up_to_date(sample: Project) -> None:
    updates = yaml.safe_load(sample.text(".github/dependabot.yml"))["updates"]
    assert "github-actions" in {update["package-ecosystem"] for update in updates}


# Really run: act takes the workflow's steps on this machine; commands are real, an action may have a stand-in


def run_checks(project: Project) -> dict[str, str]:
    """How each command of the workflow ended, for those that were run."""
    pins = PINNED.finditer(project.text(f"{WORKFLOWS}/checks.yml"))
    stand_ins = [
        f"--local-repository={pin['action']}@{pin['commit']}={STAND_INS / Path(pin['action']).name}"
        for pin in pins
        if pin["action"] != "actions/checkout"  # act itself copies what git would check out
    ]
    command = [str(ACT), "workflow_dispatch", "--workflows", f"{WORKFLOWS}/checks.yml", "--json", *stand_ins]
    offline = ["--use-new-action-cache", "--action-offline-mode", "--no-cache-server"]
    here = ["--platform", "ubuntu-24.04=-self-hosted", "--env", "PYTEST_ADDOPTS=--exitfirst"]
    path = f"{sys.base_prefix}/bin:{clean_environment()['PATH']}"
    done = run([*command, *offline, *here], project.path, check=False, environment=clean_environment(PATH=path))
    log = [json.loads(line) for line in done.stdout.splitlines()]
    ended = {entry["step"]: entry["stepResult"] for entry in log if "stepResult" in entry}
    assert [entry["jobResult"] for entry in log if "jobResult" in entry] == [
        "failure" if done.returncode else "success"
    ]
    return {step: result for step, result in ended.items() if step.startswith("make ")}


def test_green_on_a_fresh_repository(bake: Bake) -> None:
    assert run_checks(bake()) == {"make setup": "success", "make lint": "success", "make test": "success"}


def test_red_on_data_that_do_not_fit_the_schema(bake: Bake) -> None:
    project = bake()
    schema = project.path / "data" / "schema.yaml"
    text = schema.read_text()
    assert ", Gentoo]" in text
    schema.write_text(text.replace(", Gentoo]", "]"))
    assert run_checks(project) == {"make setup": "success", "make lint": "success", "make test": "failure"}


def test_red_on_a_file_that_is_not_formatted(bake: Bake) -> None:
    project = bake()
    (project.path / "src" / project.package / "unformatted.py").write_text('"""One."""\n\nONE = {  "one":1}\n')
    assert run_checks(project) == {"make setup": "success", "make lint": "failure"}

"""The emitted workflow asks for no more than it needs, and is really run: it is green, and red where it must be."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from acting import PINNED, outcome
from conftest import Bake, Project, bake_into, clean_environment

WORKFLOWS = ".github/workflows"
WRITES = {"contents": "write"}
DEPLOYS = WRITES | {"packages": "read"}
# What each job may do.
PERMISSIONS: dict[tuple[str, str], dict[str, dict[str, str]]] = {
    ("0", "checks.yml"): {"checks": {"contents": "read"}},
    ("1", "checks.yml"): {"checks": {"contents": "read"}},
    ("1", "dependencies.yml"): {"update": {"contents": "read"}, "propose": WRITES | {"pull-requests": "write"}},
    ("1", "train.yml"): {"decide": WRITES, "train": WRITES | {"pull-requests": "write"}},
    ("2", "checks.yml"): {"checks": {"contents": "read"}},
    ("2", "deliver.yml"): {
        "checks": {"contents": "read"},
        "release": WRITES | {"attestations": "write", "id-token": "write", "packages": "write"},
        "deploy": DEPLOYS,
    },
    ("2", "dependencies.yml"): {"update": {"contents": "read"}, "propose": WRITES | {"pull-requests": "write"}},
    ("2", "monitor.yml"): {"watch": {"actions": "write", "contents": "read", "issues": "write"}},
    ("2", "promote.yml"): {"promote": DEPLOYS},
    ("2", "rollback.yml"): {"rollback": DEPLOYS},
    ("2", "stop.yml"): {"stop": WRITES},
    ("2", "train.yml"): {
        "decide": WRITES,
        "train": WRITES | {"packages": "write"},
        "staging": DEPLOYS,
        "production": DEPLOYS | {"pull-requests": "write"},
    },
    ("2", "verify.yml"): {"verify": DEPLOYS},
}
LEVELS = sorted({level for level, _ in PERMISSIONS})


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Project]:
    """The sample project of each level, not to be changed."""
    return {level: bake_into(tmp_path_factory.mktemp(f"level-{level}"), maturity_level=level) for level in LEVELS}


@pytest.fixture(params=PERMISSIONS, ids=" ".join)
def which(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A level and the name of one of its workflows."""
    found: tuple[str, str] = request.param
    return found


@pytest.fixture
def project(which: tuple[str, str], samples: dict[str, Project]) -> Project:
    return samples[which[0]]


@pytest.fixture
def text(which: tuple[str, str], project: Project) -> str:
    return project.text(f"{WORKFLOWS}/{which[1]}")


@pytest.fixture
def workflow(text: str) -> dict[str, dict[str, object]]:
    """The workflow as data. YAML 1.1, which the parser speaks, reads the key `on` as true."""
    parsed: dict[object, dict[str, object]] = yaml.safe_load(text)
    return {"on" if key is True else str(key): value for key, value in parsed.items()}


@pytest.fixture
def jobs(workflow: dict[str, dict[str, dict[str, object]]]) -> dict[str, dict[str, object]]:
    assert workflow["jobs"]
    return workflow["jobs"]


@pytest.fixture
def steps(jobs: dict[str, dict[str, list[dict[str, object]]]]) -> list[dict[str, object]]:
    return [step for job in jobs.values() for step in job.get("steps", [])]


@pytest.mark.parametrize("level", LEVELS)
def test_every_workflow_is_looked_at(level: str, samples: dict[str, Project]) -> None:
    names = sorted(path.name for path in (samples[level].path / WORKFLOWS).iterdir())
    assert names == sorted(name for known, name in PERMISSIONS if known == level)


def test_at_level_0_nothing_runs_by_itself(samples: dict[str, Project]) -> None:
    checks = yaml.safe_load(samples["0"].text(f"{WORKFLOWS}/checks.yml"))
    assert checks[True] == {"workflow_dispatch": None}


@pytest.mark.guards("SEC-01")
def test_no_permission_is_granted_but_what_a_job_needs(
    which: tuple[str, str], workflow: dict[str, object], jobs: dict[str, dict[str, object]]
) -> None:
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in jobs.items()} == PERMISSIONS[which]


def test_the_token_stays_in_the_checkout_only_where_the_job_pushes(
    jobs: dict[str, dict[str, Any]],
) -> None:
    for job in (job for job in jobs.values() if "steps" in job):
        (checkout,) = [step for step in job["steps"] if str(step.get("uses")).startswith("actions/checkout@")]
        assert checkout["with"]["persist-credentials"] is (job["permissions"]["contents"] == "write")


def test_actions_are_pinned_to_a_commit_with_the_version_beside_it(text: str) -> None:
    # A workflow of the same repository is of the same commit.
    lines = [line.strip().removeprefix("- ") for line in text.splitlines()]
    uses = [line for line in lines if line.startswith("uses:") and not line.startswith("uses: ./")]
    assert uses
    assert [use for use in uses if not PINNED.fullmatch(use)] == []


def test_no_event_speaks_inside_a_command(text: str, steps: list[dict[str, object]]) -> None:
    assert "pull_request_target" not in text
    assert [step["run"] for step in steps if "${{" in str(step.get("run"))] == []


def test_every_job_ends_and_none_runs_on_a_machine_of_ones_own(
    workflow: dict[str, dict[str, object]], jobs: dict[str, dict[str, int]]
) -> None:
    assert {"group", "cancel-in-progress"} <= set(workflow["concurrency"])
    for job in (job for job in jobs.values() if "steps" in job):
        assert 0 < job["timeout-minutes"] <= 120
        assert re.fullmatch(r"ubuntu-\d\d\.04", str(job["runs-on"]))


def test_commands_are_targets_of_the_makefile(project: Project, steps: list[dict[str, object]]) -> None:
    targets = re.findall(r"^([a-z-]+):", project.text("Makefile"), re.MULTILINE)
    assert {str(step["run"]) for step in steps if "run" in step} <= {f"make {target}" for target in targets}


OWNED = {
    *("/.dvc/config", "/.github/", "/.template.json", "/Makefile", "/data/schema.yaml", "/params.yaml"),
    *("/pyproject.toml", "/requirements.lock", "/vendor/"),
}
# What each level has that is to be watched over, and whose pins are to be kept up to date.
PIPELINE = OWNED | {"/deploy/", "/dvc.yaml"}
WATCHED = {"0": OWNED, "1": PIPELINE, "2": PIPELINE}
ACTIONS = {"github-actions": ["/"]}
UPDATED = {
    "0": ACTIONS,
    "1": ACTIONS | {"docker": ["/deploy"], "docker-compose": ["/deploy"]},
    "2": ACTIONS | {"docker": ["/deploy"], "docker-compose": ["/deploy", "/deploy/monitoring"]},
}


@pytest.mark.parametrize("level", LEVELS)
def test_owners_watch_over_what_the_others_rely_on(level: str, samples: dict[str, Project]) -> None:
    lines = samples[level].text(".github/CODEOWNERS").splitlines()
    owned = {line.split()[0] for line in lines if line.startswith("/")}
    assert owned == WATCHED[level]
    assert [path for path in owned if not (samples[level].path / path.strip("/")).exists()] == []


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_pinned_is_kept_up_to_date(level: str, samples: dict[str, Project]) -> None:
    updates = yaml.safe_load(samples[level].text(".github/dependabot.yml"))["updates"]
    found = {update["package-ecosystem"]: update.get("directories", [update.get("directory")]) for update in updates}
    assert found == UPDATED[level]


# Really run: act takes the workflow's steps on this machine; commands are real, an action may have a stand-in. All
# suites of a new project are run in tests/projects/test_first_try.py; here some are enough to see what the jobs do.

FEW = "tests/test_repository.py tests/test_features.py"

CHECKS = ("make setup", "make lint", "make check-commit", "make test", "make maturity", "make diff")


@pytest.mark.parametrize(
    ("level", "event", "steps"),
    [
        pytest.param(
            *("0", "workflow_dispatch", ("make setup", "make lint", "make test", "make maturity")),
            marks=pytest.mark.speed("deep"),
        ),
        ("1", "pull_request", CHECKS),
        pytest.param(*("2", "pull_request", (*CHECKS[:2], "make audit", *CHECKS[2:])), marks=pytest.mark.speed("deep")),
    ],
)
def test_green_on_a_fresh_repository(level: str, event: str, steps: tuple[str, ...], bake: Bake) -> None:
    assert outcome(bake(maturity_level=level), event, "checks.yml", FEW) == dict.fromkeys(steps, "success")


def test_red_on_data_that_do_not_fit_the_schema(bake: Bake) -> None:
    project = bake()
    schema = project.path / "data" / "schema.yaml"
    text = schema.read_text()
    assert ", Gentoo]" in text
    schema.write_text(text.replace(", Gentoo]", "]"))
    ended = outcome(project, "workflow_dispatch", "checks.yml", "tests/test_data.py")
    assert ended == {"make setup": "success", "make lint": "success", "make test": "failure"}


def test_red_on_a_file_that_is_not_formatted(bake: Bake) -> None:
    project = bake()
    (project.path / "src" / project.package / "unformatted.py").write_text('"""One."""\n\nONE = {  "one":1}\n')
    ended = outcome(project, "workflow_dispatch", "checks.yml", FEW)
    assert ended == {"make setup": "success", "make lint": "failure"}


@pytest.mark.guards("CI-09")
def test_red_on_settings_that_the_model_was_not_trained_with(bake: Bake, environment: Callable[..., Path]) -> None:
    project, python = bake(maturity_level="1"), environment("none", "1")
    path = f"{python.parent}:{clean_environment()['PATH']}"
    project.run(str(python), "-m", "dvc", "repro", PATH=path, PYTHONPATH=str(project.path / "src"))
    params = project.path / "params.yaml"
    params.write_text(project.text("params.yaml").replace("max_leaf_nodes: 15", "max_leaf_nodes: 16"))
    ended = outcome(project, "pull_request", "checks.yml", FEW)
    assert ended == {"make setup": "success", "make lint": "success", "make check-commit": "failure"}

"""What was emitted for GitLab is valid, asks for no more than it needs, and starts when it should."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ci_access import way_in
from conftest import Project, bake_into, clean_environment, run
from gitlab_ci import CHANGE, DATA, DEVELOP, FOUND, PUSH, Configuration, Event, jobs, parsed, targets
from gitlab_rules import holds
from gitlab_running import listed

LEVELS = ("0", "1", "2")
CLOUDS = {"0": "none", "1": "aws", "2": "gcp"}
BY_HAND = [Event("web", variables={"WORKFLOW": name}) for name in ("checks", "train", "rollback", "verify")]
BY_CLOCK = [Event("schedule", variables={"WORKFLOW": name}) for name in ("train", "monitor", "dependencies")]
ELSEWHERE = [Event(source, "work", {"WORKFLOW": "train"}) for source in ("push", "web", "api", "schedule", "trigger")]
# Rights, by job: what GitLab signs for the cloud, and the environment whose variables it sees.
SECRETS = re.compile(r"TOKEN|PASSWORD|KEY|KUBECONFIG|PREDICTION_LOG|SERVICE_SETTINGS|AWS_|GCP_")


@pytest.fixture(scope="session")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Project]:
    """The sample project of each level, and of each level with another cloud and target; not to be changed."""
    folder = tmp_path_factory.mktemp("gitlab")
    made = {level: bake_into(folder / level, maturity_level=level, ci_provider="gitlab") for level in LEVELS}
    for level, cloud in CLOUDS.items():
        answers = {"maturity_level": level, "ci_provider": "gitlab", "cloud": cloud, "deploy_target": "kubernetes"}
        made[f"{level} {cloud}"] = bake_into(folder / f"{level}-{cloud}", **answers)
    return made


@pytest.fixture(params=[*LEVELS, *(f"{level} {cloud}" for level, cloud in CLOUDS.items())])
def project(projects: dict[str, Project], request: pytest.FixtureRequest) -> Project:
    return projects[request.param]


@pytest.fixture
def configuration(project: Project) -> Configuration:
    return Configuration(project)


def files(project: Project) -> list[Path]:
    return [project.path / ".gitlab-ci.yml", *sorted((project.path / ".gitlab").glob("*.yml"))]


def test_gitlab_takes_every_file(project: Project, tmp_path: Path) -> None:
    checked = ["-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]
    run([sys.executable, *checked, *map(str, files(project))], tmp_path)


def test_a_key_that_gitlab_does_not_know_is_found(projects: dict[str, Project], tmp_path: Path) -> None:
    wrong = tmp_path / ".gitlab-ci.yml"
    wrong.write_text(projects["0"].text(".gitlab/checks.yml").replace("  timeout:", "  time_out:"))
    checked = ["-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]
    done = run([sys.executable, *checked, str(wrong)], tmp_path, check=False)
    assert "time_out" in done.stdout


@pytest.mark.parametrize("level", LEVELS)
def test_each_event_starts_the_jobs_that_gitlab_would_start(level: str, projects: dict[str, Project]) -> None:
    """The reader of these tests and gitlab-ci-local, which asks no `workflow` whether a pipeline starts, agree."""
    configuration = Configuration(projects[level])
    for event in (PUSH, DEVELOP, CHANGE, FOUND, *BY_HAND[:2], *BY_CLOCK[:2]):
        if configuration.variables(event) is not None:
            assert listed(projects[level], event) == configuration.started(event), event


def test_at_level_0_nothing_runs_by_itself(projects: dict[str, Project]) -> None:
    configuration = Configuration(projects["0"])
    for event in (PUSH, DEVELOP, CHANGE, DATA, FOUND, *BY_CLOCK):
        assert configuration.started(event) == {}, event
    assert configuration.started(Event("web", "work")) == {"checks": "on_success"}


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_not_protected_is_checked_and_no_more(level: str, projects: dict[str, Project]) -> None:
    configuration = Configuration(projects[level])
    for event in (CHANGE, *ELSEWHERE):
        if level != "0":
            assert set(configuration.started(event)) <= {"checks"}, event


def test_a_trigger_token_starts_a_training_and_nothing_else(projects: dict[str, Project]) -> None:
    for level in ("1", "2"):
        configuration = Configuration(projects[level])
        assert "train" in configuration.started(FOUND)
        for wrong in ({"WORKFLOW": "rollback"}, {"WORKFLOW": "train"}, {"WORKFLOW": "train", "EVENT": "demand"}, {}):
            assert configuration.started(Event("trigger", variables=wrong)) == {}, wrong


def test_checks_see_no_secret(configuration: Configuration) -> None:
    checks = configuration.jobs["checks"]
    assert not {"environment", "id_tokens", "secrets", "services"} & set(checks)
    assert not SECRETS.search(json.dumps(checks))


def test_only_jobs_that_need_the_cloud_show_it_who_they_are(project: Project, configuration: Configuration) -> None:
    cloud = json.loads(project.text(".template.json"))["answers"]["cloud"]
    signed = {name for name, job in configuration.jobs.items() if "id_tokens" in job}
    assert signed == (set(configuration.jobs) - {"checks"} if cloud != "none" else set())
    for name in signed:
        # New packages run there, which are not to pass for another job of main.
        audience = "dependencies" if name == "update" else "$CI_SERVER_URL"
        assert configuration.jobs[name]["id_tokens"] == {"CLOUD_TOKEN": {"aud": audience}}


def test_every_job_that_logs_in_logs_out_however_it_ends(configuration: Configuration) -> None:
    for name, job in configuration.jobs.items():
        if "login" in targets(job):
            assert any(re.match("trap 'make logout", line) for line in job["before_script"]), name
        elif any(" login " in str(line) for line in job["script"]):
            assert '"$engine" logout "$CI_REGISTRY"' in job["after_script"][0], name


@pytest.mark.parametrize("ending", ["true", "false", "kill -TERM $$; sleep 30"])
@pytest.mark.parametrize("name", ["1 aws", "2 gcp"])
def test_token_for_the_cloud_is_deleted_however_the_job_ends(
    name: str, ending: str, projects: dict[str, Project], tmp_path: Path
) -> None:
    script = "\n".join([*way_in(projects[name]), 'cat "$CLOUD_FILES/token" > "$SEEN"', ending])
    seen, kept = tmp_path / "seen", tmp_path / "kept"
    kept.mkdir()
    given = {"AWS_ROLE": "role", "AWS_REGION": "region", "GCP_WORKLOAD_IDENTITY_PROVIDER": "", "CLOUD_TOKEN": "a token"}
    environment = clean_environment(TMPDIR=str(kept), SEEN=str(seen), **given)
    subprocess.run(["bash", "-euc", script], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert seen.read_text() == "a token\n"
    assert list(kept.iterdir()) == []


def test_every_job_ends_and_only_checks_may_be_cut_off(configuration: Configuration) -> None:
    for name, job in configuration.jobs.items():
        number, unit = job["timeout"].split()
        assert unit == "minutes"
        assert 0 < int(number) <= 120
        assert job.get("interruptible", False) is (name == "checks")


def test_no_two_deployments_to_an_environment_at_once(configuration: Configuration) -> None:
    for name, job in configuration.jobs.items():
        deploys = {"deploy", "rollback", "stop", "verify"} & set(targets(job))
        # At level 1 the training deploys, and nothing else does.
        if "environment" in job and deploys and name != "train":
            asked = job["environment"]
            assert job["resource_group"] == (asked["name"] if isinstance(asked, dict) else asked), name


def test_commands_are_targets_of_the_makefile(project: Project) -> None:
    known = set(re.findall(r"^([a-z-]+):", project.text("Makefile"), re.MULTILINE))
    for name, job in jobs(project).items():
        assert job.targets, name
        assert set(job.targets) <= known


def test_what_somebody_says_is_no_part_of_a_command(configuration: Configuration) -> None:
    """GitLab hands variables to the shell, which reads them once, in quotation marks."""
    for job in configuration.jobs.values():
        for line in (*job["before_script"], *job["script"]):
            bare = re.sub(r'"[^"]*"', "", line)
            assert not re.search(r"\b(eval|source)\b|\$\[\[|\$(CONFIRM|WHY|MESSAGE|REASON|ENVIRONMENT)\b", bare), line


def test_files_are_short(project: Project) -> None:
    for path in files(project):
        assert len(path.read_text().splitlines()) <= 200, path.name


OWNED = {
    "/.gitlab/",
    "/.gitlab-ci.yml",
    "/.dvc/config",
    "/.template.json",
    "/Makefile",
    "/data/schema.yaml",
    "/params.yaml",
    "/pyproject.toml",
    "/requirements.lock",
    "/vendor/",
}
PIPELINE = OWNED | {"/deploy/", "/dvc.yaml"}
WATCHED = {
    "0": OWNED,
    "1": PIPELINE,
    "2": PIPELINE,
}


@pytest.mark.parametrize("level", LEVELS)
def test_owners_watch_over_what_the_others_rely_on(level: str, projects: dict[str, Project]) -> None:
    lines = projects[level].text(".gitlab/CODEOWNERS").splitlines()
    owned = {line.split()[0] for line in lines if line.startswith("/")}
    assert owned == WATCHED[level]
    assert [path for path in owned if not (projects[level].path / path.strip("/")).exists()] == []


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ("$ONE", True),
        ("$NONE", False),
        ('$ONE == "1" && $NONE', False),
        ('$NONE || ($ONE =~ /^(1|2)$/ && $ONE != "2")', True),
        ('$ONE !~ /2/ && ($NONE || $ONE == "2")', False),
    ],
)
def test_conditions_are_read_as_gitlab_reads_them(condition: str, answer: bool) -> None:
    assert holds(condition, {"ONE": "1"}) is answer


@pytest.mark.parametrize("condition", ["$ONE = 1", "$ONE ==", '($ONE == "1"', '"1" "2"'])
def test_a_condition_that_gitlab_would_refuse_is_refused(condition: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        holds(condition, {})


def test_files_are_yaml_without_anchors(project: Project) -> None:
    """GitLab's own way, `extends` and `!reference`, reaches over files."""
    for path in files(project):
        assert parsed(path)
        assert not [token for token in yaml.scan(path.read_text()) if isinstance(token, yaml.AnchorToken)]

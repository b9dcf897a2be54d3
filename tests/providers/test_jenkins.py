"""The emitted Jenkins files ask for no more than there is and than they need, and what belongs together agrees."""

import json
import re
import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Project, bake_into, run
from jenkins_ci import CHANGE, EXECUTOR, Files, Tree, calls, commands, directive, groovy, read, runs, stages
from jenkins_syntax import SYNTAX, mistakes, unknown_jobs

Answers = tuple[str, str, str]
COMBINATIONS = list(product("012", ("none", "aws", "gcp"), ("docker", "kubernetes")))
DEPLOYS = {"make deploy", "make rollback", "make stop", "make verify"}
BY_PEOPLE = {"promote": ["CONFIRM"], "rollback": ["ENV", "WHY"], "stop": ["ENV", "WHY"]}
LINTER = EXECUTOR / "node_modules" / ".bin" / "npm-groovy-lint"
RULES = EXECUTOR / "groovylint.json"
LIMITS = ("timeout", "environment")
REFERENCE = re.compile(r"\$\{(\w+)(?::-)?\}")


@pytest.fixture(scope="session")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[Answers, Project]:
    """A project for each level, cloud and target, not to be changed."""
    return {
        (level, cloud, target): bake_into(
            tmp_path_factory.mktemp(f"jenkins-{level}-{cloud}-{target}"),
            ci_provider="jenkins",
            maturity_level=level,
            cloud=cloud,
            deploy_target=target,
        )
        for level, cloud, target in COMBINATIONS
    }


@pytest.fixture(scope="session")
def readings(projects: dict[Answers, Project]) -> dict[Answers, Files]:
    """What stands in their files; the Java machine is started once."""
    return dict(zip(projects, read(list(projects.values())), strict=True))


@pytest.fixture(params=COMBINATIONS, ids=" ".join)
def which(request: pytest.FixtureRequest) -> Answers:
    found: Answers = request.param
    return found


@pytest.fixture
def project(which: Answers, projects: dict[Answers, Project]) -> Project:
    return projects[which]


@pytest.fixture
def files(which: Answers, readings: dict[Answers, Files]) -> Files:
    return readings[which]


def test_they_ask_for_nothing_that_there_is_not(files: Files) -> None:
    trees = files.pipelines | files.loaded
    assert [found for name, tree in trees.items() for found in mistakes(name, tree, files.functions)] == []
    assert list(unknown_jobs(files.jobs)) == []


def test_who_logs_in_logs_out_however_it_ends(which: Answers, project: Project, files: Files) -> None:
    ended = "finally {\n                sh 'make logout'"
    assert any(ended in project.text(name) for name in files.loaded) == (which[0] == "2")


def test_no_file_is_long(project: Project) -> None:
    found = [project.path / "Jenkinsfile", *(project.path / "jenkins").iterdir()]
    assert {path.name: length for path in found if (length := len(path.read_text().splitlines())) > 200} == {}


def test_a_line_is_no_longer_than_elsewhere(project: Project) -> None:
    found = [project.path / "Jenkinsfile", *(project.path / "jenkins").iterdir()]
    assert [path.name for path in found if max(map(len, path.read_text().splitlines())) > 120] == []


def test_commands_are_targets_of_the_makefile_and_no_value_speaks_in_them(project: Project, files: Files) -> None:
    targets = re.findall(r"^([a-z-]+):", project.text("Makefile"), re.MULTILINE)
    known = {f"make {target}" for target in targets} | {'git checkout --quiet --detach "$COMMIT"'}
    for tree in (files.pipelines | files.loaded).values():
        found = commands(tree)
        assert [command for command in found if not isinstance(command, str)] == []
        assert set(found) <= known


def test_every_command_ends_and_every_job_takes_its_turn(files: Files) -> None:
    for name, tree in files.pipelines.items():
        (pipeline,) = tree["statements"]
        options = [call["call"] for call in directive(pipeline["body"], "options")["body"]]
        assert {"buildDiscarder", "disableConcurrentBuilds"} <= set(options), name
        for stage, body in stages(tree).items():
            limited = "timeout" in options or any(calls_of(directive(body, "options"), "timeout"))
            unlimited = [] if limited else list(outside(directive(body, "steps")["body"]))
            assert [command for command in unlimited if command.startswith("make ")] == [], f"{name}: {stage}"


def test_deployments_to_an_environment_wait_for_one_another(which: Answers, files: Files) -> None:
    if which[0] == "0":
        return
    body = files.loaded["jenkins/access.groovy"]["methods"]["environment"]
    (lock,) = calls_of(body, "lock")
    assert lock["args"][0]["code"] == '"penguin-species-${name}"'
    # The time counts from its turn on, and nothing that deploys runs but so.
    assert [call["named"] for call in calls_of(lock["body"], "timeout")] == [{"time": 30, "unit": "MINUTES"}]
    for name, tree in files.pipelines.items():
        for stage, found in stages(tree).items():
            free = set(outside(directive(found, "steps")["body"], ("environment",)))
            assert free & DEPLOYS == set(), f"{name}: {stage} deploys beside other deployments"


def test_what_a_change_request_starts_has_no_secret_and_starts_nothing(files: Files) -> None:
    tree = files.pipelines["Jenkinsfile"]
    for stage, body in stages(tree).items():
        if runs(body, CHANGE):
            used = {call["call"] for call in calls(body)}
            assert not used & {"load", "withCredentials", "build", "credentials"}, stage
            assert stage == "checks"
    (pipeline,) = tree["statements"]
    assert directive(pipeline["body"], "environment")["body"] == []


@pytest.mark.parametrize("name", BY_PEOPLE)
def test_a_person_who_may_says_what_is_done_to_an_environment(name: str, readings: dict[Answers, Files]) -> None:
    for which, files in readings.items():
        if which[0] != "2":
            continue
        (pipeline,) = files.pipelines[f"jenkins/{name}.Jenkinsfile"]["statements"]
        assert directive(pipeline["body"], "triggers")["body"] == []
        # Nobody waits on an agent.
        assert directive(pipeline["body"], "agent")["args"][0]["code"] == "none"
        asked = directive(stages(files.pipelines[f"jenkins/{name}.Jenkinsfile"])[name], "input")["body"]
        assert directive(asked, "submitter")["args"] == ["releasers"]
        # The record of a deployment names the person.
        assert directive(asked, "submitterParameter")["args"] == ["BUILD_USER_ID"]
        given = directive(asked, "parameters")["body"]
        assert [parameter["named"]["name"] for parameter in given] == BY_PEOPLE[name]


def test_jobs_are_those_of_the_files_and_each_with_a_schedule_is_started_once(which: Answers, files: Files) -> None:
    assert set(files.scripts().values()) == set(files.pipelines)
    folders = {call["args"][0] for call in files.jobs if call["call"] == "folder"}
    inner = {"0": (), "1": ("main",), "2": ("main", "test")}[which[0]]
    assert folders == {"penguin-species", *(f"penguin-species/{name}" for name in inner)}
    assert {call["args"][0].split("/")[0] for call in files.jobs} == {"penguin-species"}
    timed = {name for name, tree in files.pipelines.items() if any(calls_of(tree, "cron"))}
    started = {call["args"][0].split("/", 1)[1] for call in files.jobs if call["call"] == "queue"}
    assert started == {job for job, name in files.scripts().items() if name in timed}
    if which[0] == "0":
        assert {call["call"] for call in files.jobs} == {"folder", "pipelineJob"}, "something runs by itself"


def test_jobs_see_all_branches_and_tags(files: Files) -> None:
    for job in files.jobs:
        if job["call"] == "multibranchPipelineJob":
            (tags,) = calls_of(job, "noTags")
            assert tags["args"] == ["false"]
        if job["call"] == "pipelineJob":
            assert [call["args"] for call in calls_of(job, "branch")] == [["main"]]
            # Without an empty list of extensions, the plug-in would tag each build.
            assert [call["body"] for call in calls_of(job, "extensions")] == [[]]


def test_credentials_and_variables_are_those_that_are_set_up(which: Answers, project: Project, files: Files) -> None:
    level = which[0]
    settings = yaml.safe_load(project.text("jenkins/jenkins.yaml"))
    names = ["production"] if level == "1" else ["test", "staging", "production"]
    text = "".join(project.text(name) for name in files.pipelines | files.loaded)
    used = set(re.findall(r"(?:secret\(|credentialsId: )[\"']([a-z-]+(?:\$\{name\})?)[\"']", text))
    used = {one.replace("${name}", name) for one in used for name in names}
    (domain,) = settings["credentials"]["system"]["domainCredentials"]
    everywhere = {fields["id"] for credential in domain["credentials"] for fields in credential.values()}
    # A token says itself which job asks.
    assert {one for one in everywhere if not one.endswith("-id-token")} == {"git"}
    kept = kept_in_folders(files)
    # Which of them a variable names, people choose: these are made for it.
    assert (everywhere | set().union(*kept.values())) - {"git", "prediction-log", "signing-key"} == used
    assert set(kept) == {"0": set(), "1": {"main"}, "2": {"main", "test"}}[level]
    assert {one for one in kept.get("test", ()) if not one.endswith("-test")} <= {"registry-token"}
    if level == "0":
        return
    (node,) = settings["jenkins"]["nodes"]
    variables = {entry["key"] for entry in node["permanent"]["nodeProperties"][0]["envVars"]["env"]}
    read_here = set(re.findall(r"\benv\.([A-Z_]+)\b", text)) | {
        f"{prefix}{name.upper()}" for prefix in re.findall(r'env\."([A-Z_]+_)\$\{name', text) for name in names
    }
    clouded = ["dependencies", *(["automation"] if level == "2" else []), *names]
    read_here |= {
        f"{prefix}{name.upper()}" for prefix in re.findall(r'env\."([A-Z_]+_)\$\{environment', text) for name in clouded
    }
    own = {"BRANCH", "BRANCH_NAME", "BUILD_URL", "CHANGE_TARGET", "COMMIT", "ENV", "GCP_ID_TOKEN_FILE", "JOB_NAME"}
    own |= {"GOOGLE_APPLICATION_CREDENTIALS", "OUTPUTS", "REASON", "TRAIN", "WHY", "WORKSPACE_TMP"}
    targets = {"IMAGE_REPOSITORY", "SERVICE_URL"}
    assert variables - targets == read_here - own


def kept_in_folders(files: Files) -> dict[str, set[str]]:
    """The credentials that each folder of the project has."""
    folders = [call for call in files.jobs if call["call"] == "folder" and call.get("body")]
    return {call["args"][0].split("/")[1]: {one["args"][0] for one in calls_of(call["body"], "id")} for call in folders}


def test_job_that_any_branch_changes_is_in_no_folder_with_secrets(which: Answers, files: Files) -> None:
    if which[0] == "0":
        return
    seen = {
        job["args"][0].split("/", 1)[1]: [next(calls_of(job, name))["args"][0] for name in ("includes", "excludes")]
        for job in files.jobs
        if job["call"] == "multibranchPipelineJob"
    }
    known = {"branches": ["*", "main"], "main/branches": ["main", ""]}
    if which[0] == "2":
        known |= {"branches": ["*", "main develop"], "test/branches": ["develop", ""]}
    assert seen == known


def test_no_secret_is_in_the_configuration_and_each_variable_of_it_is_explained(project: Project) -> None:
    text = project.text("jenkins/jenkins.yaml")
    settings = yaml.safe_load(text)
    (domain,) = settings["credentials"]["system"]["domainCredentials"]
    for credential in domain["credentials"]:
        for kind, fields in credential.items():
            secrets = {name: value for name, value in fields.items() if name in ("password", "secret", "username")}
            assert all(REFERENCE.fullmatch(value) for value in secrets.values()), kind
    explained = project.text("docs/jenkins.md")
    assert [name for name in set(REFERENCE.findall(text)) if f"`{name}`" not in explained] == []


def test_plugins_are_those_that_are_used(which: Answers, project: Project, files: Files) -> None:
    lines = [line for line in project.text("jenkins/plugins.txt").splitlines() if not line.startswith("#")]
    assert lines == sorted(lines)
    assert [line for line in lines if not re.fullmatch(r"[a-z-]+:\d[\w.]+", line)] == []
    listed = {line.split(":")[0] for line in lines}
    found = [*(files.pipelines | files.loaded).values(), files.jobs]
    used = {call["call"] for tree in found for call in calls(tree)}
    used |= set(re.findall(r"- (\w+):", project.text("jenkins/jenkins.yaml")))
    wanted = {plugin for name, plugin in SYNTAX["plugins"].items() if name in used}
    assert listed == wanted | {"configuration-as-code", "job-dsl", "pipeline-stage-view"} | (
        {"workflow-multibranch"} if which[0] != "0" else set()
    )


def test_linter_finds_nothing_but_what_was_planted(projects: dict[Answers, Project], tmp_path: Path) -> None:
    if not LINTER.exists():
        pytest.skip("not exercised: npm-groovy-lint is not installed (npm ci --prefix tests/jenkins)")
    # Each text once, and under a name that it takes for one of its files.
    contents = {
        path.read_text(): f"{path.stem}-{'-'.join(which)}.groovy"
        for which, project in projects.items()
        for path in (project.path / "Jenkinsfile", *(project.path / "jenkins").iterdir())
        if path.suffix in ("", ".groovy", ".Jenkinsfile")
    }
    for text, name in (contents | {"int  unused = 1;\n": "planted.groovy"}).items():
        (tmp_path / name).write_text(text)
    options = [
        "--noserver",
        "--nolintafter",
        "--path",
        ".",
        "--files",
        "**/*.groovy",
        "--config",
        str(RULES),
        "--output",
        "json",
    ]
    command = [str(LINTER), "--javaexecutable", str(shutil.which("java")), *options]
    done = run(command, tmp_path, check=False)
    files = json.loads(done.stdout[done.stdout.index("{") :])["files"]
    found = {Path(name).name: [error["rule"] for error in file["errors"]] for name, file in files.items()}
    assert found.pop("planted.groovy", []), done.stdout + done.stderr
    assert {name: rules for name, rules in found.items() if rules} == {}


MISTAKES = [
    ("sh 'make lint'", "shh 'make lint'", "no such step: shh"),
    ("sh 'make lint'", "sh 'make lint', 'make test'", "sh takes 1 arguments without a name"),
    ("sh 'make lint'", "if (env.A) { sh 'make lint' }", "only steps may stand here"),
    ("agent {", "agents {", "pipeline has no agents"),
    ("    agent { label 'penguin-species' }\n", "", "pipeline lacks agent"),
    ("disableConcurrentBuilds()", "disableConcurrentBuild()", "options has no disableConcurrentBuild"),
    ("time: 20, unit:", "time: 20, units:", "timeout has no argument units"),
    ("branch 'main'\n", "branches 'main'\n", "when has no branches"),
    ("not { changeRequest() }", "not { changeRequests() }", "not has no changeRequests"),
    ("wait: false", "await: false", "build has no argument await"),
    ("string(name: 'EVENT'", "text(name: 'EVENT'", "no such step: text"),
    (").project(", ").projects(", "no such method: projects"),
    ("testResults:", "results:", "junit lacks testResults"),
    (
        "            steps {\n                sh 'make setup'\n                sh 'make lint'",
        "            step {\n                sh 'make setup'\n                sh 'make lint'",
        "stage has no step",
    ),
    ("            post {\n                always {", "            post {\n                ever {", "post has no ever"),
    ("SUMMARY = 'reports/summary.md'", "SUMMARY = 1", "the value of SUMMARY must be a text"),
    ("    stages {", "    stages {{", "@ line"),
]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory, projects: dict[Answers, Project]) -> list[Tree]:
    """The Jenkinsfile of level 2 with one mistake each."""
    text = projects["2", "none", "docker"].text("Jenkinsfile")
    folder = tmp_path_factory.mktemp("planted")
    paths = [folder / f"{number}.Jenkinsfile" for number in range(len(MISTAKES))]
    for path, (right, wrong, _) in zip(paths, MISTAKES, strict=True):
        assert right in text
        path.write_text(text.replace(right, wrong, 1))
    trees = groovy({"trees": list(map(str, paths)), "jobs": []})["trees"]
    return [trees[str(path)] for path in paths]


@pytest.mark.parametrize("number", range(len(MISTAKES)), ids=[what for *_, what in MISTAKES])
def test_a_mistake_is_found(number: int, planted: list[Tree], readings: dict[Answers, Files]) -> None:
    functions = readings["2", "none", "docker"].functions
    found = list(mistakes("Jenkinsfile", planted[number], functions))
    assert any(MISTAKES[number][2] in line for line in found), found


def calls_of(node: object, name: str) -> Iterator[Tree]:
    """Each call of this name in a part of a tree."""
    return (call for call in calls(node) if call["call"] == name)


def outside(body: Any, blocks: tuple[str, ...] = LIMITS) -> Iterator[str]:
    """The commands that are not in one of these blocks."""
    for node in body:
        if node.get("call") in blocks:
            continue
        if node.get("call") == "sh":
            yield node["args"][0]
        yield from outside([*(node.get("body") or []), *node.get("then", ()), *node.get("else", ())], blocks)

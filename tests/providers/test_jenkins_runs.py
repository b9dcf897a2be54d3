"""The emitted Jenkins files are really run by the local executor: green on a new repository, red where they must be."""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import bake_into, clean_environment, run
from jenkins_ci import Built, Jenkins
from served import RECORD, serving
from test_delivery_workflows import DOCKER

# What differs by the provider; all suites are run elsewhere.
ONE = "tests/test_features.py"
FEW = f"tests/test_repository.py {ONE}"
PROMOTE = "from mlops_maturity.registry import versions; versions.assign(versions.register())"
CHANGE: dict[str, Any] = {"CHANGE_ID": "1", "CHANGE_TARGET": "main", "BRANCH_NAME": "PR-1"}
RELEASER = {"by": "ada", "groups": ["releasers"]}
Answer = dict[str, dict[str, Any]]


class Story:
    """A project with a repository that a Jenkins looks at, where nothing is set up yet."""

    def __init__(self, folder: Path, level: str, machine: Path | None = None) -> None:
        self.folder = folder
        self.project = bake_into(folder / "project", maturity_level=level, ci_provider="jenkins")
        origin, tools, notes = folder / "origin", folder / "tools", folder / "asked.log"
        tools.mkdir()
        for file in (notes, folder / "built"):
            file.touch()
        (tools / "docker").write_text(DOCKER)
        (tools / "docker").chmod(stat.S_IRWXU)
        run(["git", "init", "--quiet", "--bare", str(origin)], folder)
        self.git("remote", "add", "origin", str(origin))
        self.git("push", "--quiet", "origin", "main")
        # Without a machine that keeps an environment for the next job, each makes its own from nothing.
        first = machine or Path(sys.base_prefix, "bin")
        path = f"{tools}{os.pathsep}{first}{os.pathsep}{clean_environment()['PATH']}"
        self.jenkins = Jenkins(
            origin,
            folder / "builds",
            "penguin-species",
            environment={"PATH": path, "NOTES": str(notes)},
            jobs=["main/branches/main", "main/train"],
        )

    def git(self, *arguments: str) -> str:
        return self.project.run("git", *arguments).stdout.strip()

    def change(self, path: str, old: str, new: str, branch: str = "main") -> None:
        """Change a file, and push that to a branch."""
        file = self.project.path / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
        self.git("commit", "--quiet", "--all", "--message", "Change")
        self.git("push", "--quiet", "origin", f"HEAD:{branch}")

    def branch(self, name: str = "main", suites: str = FEW, **more: Any) -> Built:
        """Let Jenkins build a branch."""
        given = {"reference": f"origin/{name}", "BRANCH_NAME": name, "PYTEST_ADDOPTS": suites} | more
        folder = {"main": "main/", "develop": "test/"}.get(name, "")
        return self.jenkins.build(f"{folder}branches/{name}", "Jenkinsfile", **given)

    def job(self, name: str, **more: Any) -> Built:
        """Start a job."""
        return self.jenkins.build(f"main/{name}", f"jenkins/{name}.Jenkinsfile", **more)

    def remote(self, *patterns: str) -> list[str]:
        listed = self.git("ls-remote", "--refs", "origin", *patterns)
        return [line.split("\t")[1].removeprefix("refs/") for line in listed.splitlines()]


@pytest.mark.speed("deep")
def test_level_0_is_green_and_red_at_what_is_wrong(tmp_path: Path) -> None:
    story = Story(tmp_path, "0")
    done = story.jenkins.build("checks", "Jenkinsfile")
    done.ended("SUCCESS", checks="SUCCESS")
    assert list(done.commands) == ["make setup", "make lint", "make test", "make maturity"]
    assert done.kept == ["artifacts/reports/summary.md", "tests/reports/tests.xml"]

    # Data that do not fit the schema: the tests are red, and their results are kept.
    story.change("data/schema.yaml", ", Gentoo]", "]")
    done = story.jenkins.build("checks", "Jenkinsfile", PYTEST_ADDOPTS="--exitfirst tests/test_data.py")
    done.ended("FAILURE", checks="FAILURE")
    assert done.commands == {"make setup": 0, "make lint": 0, "make test": 2}
    assert done.kept == ["tests/reports/tests.xml"]

    # A file that is not formatted: red before that.
    story.change(f"src/{story.project.package}/data.py", "import pandas", "import  pandas")
    done = story.jenkins.build("checks", "Jenkinsfile")
    assert done.commands == {"make setup": 0, "make lint": 2}


@pytest.mark.speed("deep")
def test_level_1_checks_changes_and_trains(tmp_path: Path) -> None:
    story = Story(tmp_path, "1")
    main = story.git("rev-parse", "main")

    # A change request, of a fork say: no secret is bound, though there are some.
    story.jenkins.environment["GIT_CREDENTIALS"] = "git"
    story.jenkins.credentials = {"git": "secret"}
    done = story.jenkins.build("branches/PR-1", "Jenkinsfile", PYTEST_ADDOPTS=FEW, **CHANGE)
    done.ended("SUCCESS", checks="SUCCESS", **{"new data": "SKIPPED"})
    targets = ("setup", "lint", "check-commit", "test", "maturity", "diff")
    assert list(done.commands) == [f"make {target}" for target in targets]
    assert (done.bound, done.builds) == ([], [])
    assert done.kept == ["artifacts/reports/summary.md", "tests/reports/tests.xml"]
    del story.jenkins.environment["GIT_CREDENTIALS"]

    # New data on main ask for a training.
    done = story.branch(suites=ONE, changed=["data/raw/penguins.csv.dvc"])
    done.ended("SUCCESS", checks="SUCCESS", **{"new data": "SUCCESS"})
    assert [(asked["job"], asked["parameters"], asked["wait"]) for asked in done.builds] == [
        ("penguin-species/main/train", {"EVENT": "schedule"}, False)
    ]

    # The first night of a new repository: there is no model yet, and nowhere to deliver one to.
    done = story.job("train")
    done.ended("SUCCESS", decide="SUCCESS", train="SUCCESS")
    assert list(done.commands)[3:] == [
        f"make {target}" for target in ("run", "publish", "promote", "image", "deploy", "pull-request")
    ]
    done.says("NOT DEPLOYED: set DEPLOY_HOST")
    assert story.remote("refs/tags/*") == ["tags/model#prod#1", "tags/model@v1.0.0"]
    (branch,) = story.remote("refs/heads/training/*")
    assert story.git("ls-remote", "origin", "refs/heads/main").startswith(main)
    done.says(f"the branch {branch.removeprefix('heads/')} waits")
    assert {"artifacts/reports/pull_request.md", "artifacts/run.json"} <= set(done.kept)
    assert done.locked == [("train", "penguin-species-production")]

    # Nothing has changed since: the decision skips the training.
    done = story.job("train", parameters={"EVENT": "schedule"})
    done.ended("SUCCESS", decide="SUCCESS", train="SKIPPED")
    done.says("do not train: nothing asks for a new model")

    # Settings that the model was not trained with, on the branch that waits: dvc.lock is stale.
    story.git("fetch", "--quiet", "origin")
    story.git("switch", "--quiet", branch.removeprefix("heads/"))
    story.change("params.yaml", "max_leaf_nodes: 15", "max_leaf_nodes: 16", "topic")
    done = story.branch("topic")
    done.ended("FAILURE", checks="FAILURE")
    assert done.commands == {"make setup": 0, "make lint": 0, "make check-commit": 2}
    done.says("dvc.lock is stale: train would run")
    story.git("switch", "--quiet", "main")

    # A model that misses its target: red at the run, and nothing has changed for anybody.
    before = story.remote("refs/tags/*", "refs/heads/*")
    story.change("params.yaml", "targets: {accuracy: 0.9}", "targets: {accuracy: 0.999}")
    # Whatever is typed arrives as it is, and is not run.
    why = f"better: $(touch {tmp_path}/run) `x` \\u 'y' \"z\" ü"
    done = story.job("train", parameters={"EVENT": "demand", "WHY": why})
    done.ended("FAILURE", decide="SUCCESS", train="FAILURE")
    assert list(done.commands.items())[-1] == ("make run", 2)
    done.says(f"TRAIN: demand: {why}")
    assert not (tmp_path / "run").exists()
    done.says("FAIL target_accuracy")
    assert story.remote("refs/tags/*", "refs/heads/*") == before


def test_level_2_is_green_where_nothing_is_set_up(machine: Callable[[str], Path], tmp_path: Path) -> None:
    story = Story(tmp_path, "2", machine("2"))
    story.git("push", "--quiet", "origin", "main:develop")
    for branch, suites in (("main", FEW), ("develop", ONE)):
        done = story.branch(branch, suites)
        assert (done.result, done.stages["release"], done.stages["deploy"]) == ("SUCCESS", "SUCCESS", "SUCCESS"), (
            done.said
        )
        assert {"make audit", "make check-commit", "make test", "make release", "make deploy"} <= set(done.commands)
        done.says("NOT LOGGED IN: set IMAGE_REPOSITORY")
        done.says("NOT RELEASED: no model is trained yet")
        done.says("NOT DEPLOYED: set DEPLOY_HOST")
        assert ("make register" in done.commands) is (branch == "main")
        assert done.locked == [("deploy", f"penguin-species-{'staging' if branch == 'main' else 'test'}")]

    # A training goes through all environments and leaves a branch for people.
    done = story.job("train", parameters={"EVENT": "demand", "WHY": "a first model is wanted"})
    done.ended("SUCCESS", decide="SUCCESS", train="SUCCESS", staging="SUCCESS", production="SUCCESS")
    targets = ["run", "publish", "check-model", "release", "deploy", "verify"]
    assert [command for command in done.commands if command[5:] in targets] == [f"make {target}" for target in targets]
    done.says("NOT DEPLOYED: set DEPLOY_HOST")
    assert story.remote("refs/tags/*") == ["tags/model@v1.0.0"]
    (branch,) = story.remote("refs/heads/training/*")
    done.says(f"the branch {branch.removeprefix('heads/')} waits")
    assert [name for _, name in done.locked] == ["penguin-species-staging", "penguin-species-production"]


def test_people_say_what_is_done_to_an_environment(machine: Callable[[str], Path], tmp_path: Path) -> None:
    story = Story(tmp_path, "2", machine("2"))

    # Nobody answers, or somebody who may not.
    done = story.job("promote")
    assert (done.result, done.commands) == ("ABORTED", {})
    done = story.job("promote", answers={"promote": {"by": "eve", "groups": [], "values": {"CONFIRM": "0123"}}})
    assert (done.result, done.commands) == ("ABORTED", {})
    # Without a reason nothing is rolled back.
    asked: Answer = {"rollback": RELEASER | {"values": {"ENV": "production"}}}
    done = story.job("rollback", answers=asked)
    assert (done.result, done.commands) == ("FAILURE", {})
    done.says("NOT ROLLED BACK: say why")

    done = story.job("promote", answers={"promote": RELEASER | {"values": {"CONFIRM": "0123456789ab"}}})
    done.ended("SUCCESS", promote="SUCCESS")
    done.says("NOT DEPLOYED: set DEPLOY_HOST")
    asked = {"rollback": RELEASER | {"values": {"ENV": "staging", "WHY": "it is slow"}}}
    done = story.job("rollback", answers=asked)
    done.ended("SUCCESS", rollback="SUCCESS")
    done.says("NOT DEPLOYED: set DEPLOY_HOST")
    assert done.locked == [("rollback", "penguin-species-staging")]


@pytest.mark.speed("deep")
def test_what_is_set_up_is_bound_where_it_is_needed_and_shown_nowhere(
    machine: Callable[[str], Path], tmp_path: Path
) -> None:
    story = Story(tmp_path, "2", machine("2"))
    story.jenkins.environment |= {"DEPLOY_HOST_STAGING": "nobody@127.0.0.1", "REGISTRY_USER": "robot"}

    # A host whose credentials are missing is a mistake, not something that is not set up.
    done = story.job("verify")
    done.ended("FAILURE", verify="FAILURE")
    done.says("Could not find credentials entry with ID 'deploy-key-staging'")

    ids = ("deploy-key-staging", "known-hosts-staging", "service-settings-staging", "registry-token")
    story.jenkins.credentials = {name: f"very-secret-{name}" for name in ids}
    done = story.job("verify")
    assert done.bound == [("verify", name) for name in ids]
    assert "NOT DEPLOYED" not in done.said
    assert "very-secret" not in done.said
    # Of another environment, nothing is bound.
    asked: Answer = {"rollback": RELEASER | {"values": {"ENV": "test", "WHY": "it is slow"}}}
    done = story.job("rollback", answers=asked)
    assert done.bound == [("rollback", "registry-token")]
    done.says("NOT DEPLOYED: set DEPLOY_HOST")


@pytest.mark.speed("deep")
def test_monitoring_acts(environment: Callable[..., Path], machine: Callable[[str], Path], tmp_path: Path) -> None:
    story, python = Story(tmp_path, "2", machine("2")), environment("none", "2")
    project, log = story.project, f"sqlite:///{tmp_path / 'predictions.sqlite'}"
    story.jenkins.environment |= {
        "PREDICTION_LOG_CREDENTIALS": "prediction-log",
        "MONITORING_MAIL": "team@example.invalid",
    }
    story.jenkins.credentials = {"prediction-log": log}

    def with_python(*arguments: str) -> None:
        path = f"{python.parent}:{clean_environment()['PATH']}"
        project.run(str(python), *arguments, PATH=path, PYTHONPATH=str(project.path / "src"))

    with_python("-m", "dvc", "repro")
    with_python("-m", "dvc", "push")
    story.git("add", "--all")
    story.git("commit", "--quiet", "--message", "Train")
    story.git("push", "--quiet", "origin", "main")
    with_python("-c", PROMOTE)

    # Drift of a service that is well asks for a training, which decides itself whether it is due.
    heavy = {"records": [RECORD | {"body_mass_g": 5_500 + number} for number in range(100)]}
    with serving(project, python, PREDICTION_LOG=log) as service:
        for _ in range(25):
            assert service.ask("POST", "/predict", heavy)[0] == 200
        done = story.job("monitor", SERVICE_URL=f"http://127.0.0.1:{service.port}")
    done.ended("SUCCESS", watch="SUCCESS")
    (asked,) = done.builds
    assert (asked["job"], asked["parameters"]["EVENT"], asked["wait"]) == ("penguin-species/main/train", "drift", False)
    assert asked["parameters"]["WHY"]
    assert log not in done.said
    assert "artifacts/reports/monitoring.html" in done.kept

    # So soon after a training none is asked for; of a service that is gone, people are told, and written to once.
    project.step(python, "trigger", "--event", "demand", "--why", "asked for", "--claim")
    for before, written in (("SUCCESS", 1), ("UNSTABLE", 0)):
        done = story.job("monitor", before=before, SERVICE_URL="http://127.0.0.1:9")
        done.ended("UNSTABLE", watch="UNSTABLE")
        done.says("Monitoring asks for a look: unhealthy")
        assert (done.builds, len(done.mails)) == ([], written)

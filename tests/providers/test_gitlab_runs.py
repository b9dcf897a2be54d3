"""GitLab's pipelines are really run: green on a fresh repository, and red at the right job for what was planted.

The commands are real; a container engine, which other tests have, only notes here what it is told.
"""

import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import bake_into, clean_environment, run
from gitlab_ci import CHANGE, DEVELOP, FOUND, PUSH, Event, parsed
from gitlab_running import Ran, happens

# Stands for a container engine of which nobody asks more than what is built.
DOCKER = """#!/bin/sh
here="${0%/*}"
echo "docker $*" >> "$here/asked"
case "$1 $2" in
"build --file") echo "$5" >> "$here/built" ;;
"image inspect")
  grep -qxF "$5" "$here/built" || exit 1
  case "$4" in *Labels*) echo abcdef ;; *Size*) echo 380000000 ;; *) echo sha256:0123 ;; esac ;;
"run --rm") sed -n 's/ .$//; /==/p' deploy/requirements.lock | cut -d ' ' -f 1 ;;
"pull --quiet") exit 1 ;;
esac
"""
# All suites of a level are run in other tests: here, those that know of the provider.
FEW = "tests/test_repository.py tests/test_features.py"
CHECKS = ["setup", "lint", "check-commit", "test", "maturity", "diff"]
CLOCK = Event("schedule", variables={"WORKFLOW": "train"})


def by_hand(workflow: str, **variables: str) -> Event:
    return Event("web", variables={"WORKFLOW": workflow, **variables})


class Story:
    """A project with a remote repository, where nothing is set up yet."""

    def __init__(self, folder: Path, level: str, machine: Path) -> None:
        self.project = bake_into(folder / "project", maturity_level=level, ci_provider="gitlab")
        self.tools = folder / "tools"
        self.tools.mkdir()
        for name in ("asked", "built"):
            (self.tools / name).touch()
        (self.tools / "docker").write_text(DOCKER)
        (self.tools / "docker").chmod(stat.S_IRWXU)
        (self.tools / "python3").symlink_to(machine / "python3")
        run(["git", "init", "--quiet", "--bare", str(folder / "origin")], folder)
        self.git("remote", "add", "origin", str(folder / "origin"))
        self.git("push", "--quiet", "origin", "main")

    def git(self, *arguments: str) -> str:
        return self.project.run("git", *arguments).stdout.strip()

    def happens(self, event: Event, *by_hand: str, only: tuple[str, ...] = (), **variables: str) -> Ran:
        """Let an event start a pipeline, with what the remote repository has."""
        self.git("fetch", "--quiet", "--tags", "origin")
        return happens(self.project, event, by_hand=by_hand, only=only, tools=self.tools, **variables)

    def change(self, path: str, old: str, new: str) -> None:
        """Change a file and commit it to main."""
        text = self.project.text(path)
        assert old in text
        (self.project.path / path).write_text(text.replace(old, new))
        self.git("commit", "--quiet", "--all", "--message", "Change")
        self.git("push", "--quiet", "origin", "main")

    def train(self, python: Path) -> None:
        """Train by hand and commit what that leaves."""
        path = f"{python.parent}:{clean_environment()['PATH']}"
        for command in ("repro", "push"):
            self.project.run(str(python), "-m", "dvc", command, PATH=path, PYTHONPATH=str(self.project.path / "src"))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Train")
        self.git("push", "--quiet", "origin", "main")

    def remote(self, *patterns: str) -> list[str]:
        """The references of the remote repository."""
        listed = self.git("ls-remote", "--refs", "origin", *patterns).splitlines()
        return [line.split("\t")[1].removeprefix("refs/") for line in listed]


@pytest.fixture
def story(machine: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Story]:
    return lambda level: Story(tmp_path, level, machine(level))


@pytest.mark.parametrize(
    ("level", "event", "targets"),
    [
        pytest.param("0", by_hand(""), ["setup", "lint", "test", "maturity"], marks=pytest.mark.speed("deep")),
        ("1", CHANGE, CHECKS),
    ],
)
def test_checks_are_green_on_a_fresh_repository(
    level: str, event: Event, targets: list[str], story: Callable[[str], Story]
) -> None:
    new = story(level)
    (new.tools / "python3").unlink()  # from nothing
    checks = parsed(new.project.path / ".gitlab" / "checks.yml")["checks"]
    done = new.happens(event, PYTEST_ADDOPTS=f"{checks['variables']['PYTEST_ADDOPTS']} {FEW}")
    done.ended(checks="success")
    assert done.targets("checks") == targets
    reports = checks["artifacts"]["reports"]
    for path in (reports["junit"], reports["coverage_report"]["path"]):
        assert (done.folder / "builds" / "checks" / path).exists()
    assert re.search(r"^ PASS +checks +\d+% coverage$", done.said, re.MULTILINE)


@pytest.mark.speed("deep")
def test_red_on_a_file_that_is_not_formatted(story: Callable[[str], Story]) -> None:
    new = story("2")
    (new.tools / "python3").unlink()  # from nothing
    new.change("src/penguin_species/data.py", "import pandas as pd", "import  pandas as pd")
    done = new.happens(PUSH)
    done.ended(checks="failure")
    assert done.targets("checks") == ["setup", "lint"]
    assert not {"release", "deploy"} & set(done.commands), "what was not checked is released"


@pytest.mark.speed("deep")
def test_red_on_a_test_that_fails(story: Callable[[str], Story]) -> None:
    new = story("0")
    new.change("data/schema.yaml", ", Gentoo]", "]")
    done = new.happens(by_hand(""))
    done.ended(checks="failure")
    assert done.targets("checks") == ["setup", "lint", "test"]


def test_red_on_settings_that_the_model_was_not_trained_with(
    story: Callable[[str], Story], environment: Callable[..., Path]
) -> None:
    new = story("1")
    new.train(environment("none", "1"))
    new.change("params.yaml", "max_leaf_nodes: 15", "max_leaf_nodes: 16")
    done = new.happens(CHANGE)
    done.ended(checks="failure")
    assert done.targets("checks") == ["setup", "lint", "check-commit"]
    done.says("dvc.lock is stale")


@pytest.mark.speed("deep")
def test_training_starts_is_judged_and_leaves_main_alone(story: Callable[[str], Story]) -> None:
    new = story("1")
    main = new.git("rev-parse", "main")
    first = new.happens(CLOCK)
    first.ended(decide="success", train="success")
    delivered = ["setup", "run", "publish", "promote", "image", "deploy", "pull-request"]
    assert first.targets("train") == delivered
    first.says("NOT DEPLOYED: set DEPLOY_HOST", "train")
    assert new.remote("refs/tags/*") == ["tags/model#prod#1", "tags/model@v1.0.0"]
    (branch,) = new.remote("refs/heads/training/*")
    first.says(f"the branch {branch.removeprefix('heads/')} waits, but no merge request was opened", "train")
    assert new.git("ls-remote", "origin", "refs/heads/main").startswith(main)
    assert first.has("train", "reports/pull_request.md")

    # Something outside finds drift, but so soon after the last training it has to wait: the job says so and ends well.
    second = new.happens(FOUND, WHY="it drifts")
    second.ended(decide="success", train="success")
    second.says("wanted, drift: it drifts", "decide")
    second.says("no training, the last training is too recent", "train")
    assert second.targets("train") == []

    # A model that misses its target: red at the run, and nothing has changed for anybody.
    before = new.remote("refs/tags/*", "refs/heads/*")
    new.change("params.yaml", "targets: {accuracy: 0.9}", "targets: {accuracy: 0.999}")
    third = new.happens(by_hand("train", WHY="a better model is wanted"))
    third.ended(decide="success", train="failure")
    assert third.targets("train") == ["setup", "run"]
    third.says("FAIL target_accuracy", "train")
    assert new.remote("refs/tags/*", "refs/heads/*") == before


@pytest.mark.speed("deep")
def test_first_pushes_are_green_and_say_what_is_missing(story: Callable[[str], Story]) -> None:
    new = story("2")
    done = new.happens(PUSH, "promote", "stop", CONFIRM="0123456789ab", PYTEST_ADDOPTS=FEW)
    done.ended(checks="success", release="success", deploy="success", promote="success", stop="success")
    done.says("NOT RELEASED: no model is trained yet", "release")
    for job in ("deploy", "promote", "stop"):
        done.says("NOT DEPLOYED: set DEPLOY_HOST", job)
    assert done.targets("checks") == [*CHECKS[:2], "audit", *CHECKS[2:]]
    assert done.targets("release") == ["setup", "login", "check-model", "release"]
    done.says("nothing to register", "release")
    done.says("deploy environment: { name: staging }")

    new.git("switch", "--quiet", "--create", "develop")
    done = new.happens(DEVELOP, only=("deploy",))
    done.ended(deploy="success")
    done.says("deploy environment: { name: test }")
    assert (new.tools / "asked").read_text() == ""

    new.git("switch", "--quiet", "main")
    for job, event in {
        "rollback": by_hand("rollback", ENVIRONMENT="production", WHY="it is slow"),
        "verify": Event("schedule", variables={"WORKFLOW": "verify"}),
    }.items():
        done = new.happens(event)
        done.ended(**{job: "success"})
        done.says("NOT DEPLOYED: set DEPLOY_HOST", job)
    for event, jobs in ((by_hand("rollback"), ("rollback",)), (PUSH, ("promote",))):
        done = new.happens(event, only=jobs)
        done.ended(**dict.fromkeys(jobs, "failure"))
        assert done.targets(*jobs) == [], "nobody said which release, or why"
    done = new.happens(Event("schedule", variables={"WORKFLOW": "monitor"}))
    done.ended(watch="success")
    done.says("nothing is to be done", "watch")


@pytest.mark.speed("deep")
def test_merge_of_a_trained_model_is_built_and_registered(
    story: Callable[[str], Story], environment: Callable[..., Path]
) -> None:
    new = story("2")
    new.train(environment("none", "2"))
    done = new.happens(PUSH, only=("release",))
    done.ended(release="success")
    done.says("NOT SHARED: set IMAGE_REPOSITORY", "release")
    done.says("registered model v1", "release")
    assert new.remote("refs/tags/*") == ["tags/model@v1.0.0"]
    assert done.has("release", "dist/SHA256SUMS")


def test_training_goes_through_the_environments_and_asks_people_last(story: Callable[[str], Story]) -> None:
    new = story("2")
    done = new.happens(by_hand("train", WHY="a first model is wanted"))
    done.ended(decide="success", train="success", staging="success", production="success")
    assert done.targets("train") == ["setup", "run", "publish", "check-model", "login", "release"]
    assert done.targets("staging") == ["setup", "login", "deploy", "verify"]
    assert done.targets("production") == ["setup", "login", "deploy", "pull-request"]
    for job in ("staging", "production"):
        done.says("NOT DEPLOYED: set DEPLOY_HOST", job)
    (branch,) = new.remote("refs/heads/training/*")
    done.says(f"the branch {branch.removeprefix('heads/')} waits", "production")
    assert new.remote("refs/tags/*") == ["tags/model@v1.0.0"]

    done = new.happens(CLOCK)
    done.ended(decide="success", train="success", staging="success", production="success")
    for job in ("train", "staging", "production"):
        done.says("no training, ", job)
        assert done.targets(job) == []
    assert new.remote("refs/tags/*") == ["tags/model@v1.0.0"]

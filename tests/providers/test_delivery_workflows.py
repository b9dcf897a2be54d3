"""Delivery is really run: pushes, a training, promotion and rollback, each green where nothing is set up yet.

The commands of the workflows are real; a container engine, which other tests have, only notes here what it is told.
"""

import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from acting import Acted, act
from conftest import bake_into, clean_environment, run

# Stands for GitHub's own command line: it notes what it is asked for, and looks for the file that it is to read.
GH = """#!/bin/sh
case "$*" in "auth token") exit 1 ;; "pr create"*) test -f reports/pull_request.md || exit 1 ;; esac
echo "gh $*" >> "$NOTES"
"""
# Stands for a container engine of which nobody asks more than what is built.
DOCKER = """#!/bin/sh
echo "docker $*" >> "$NOTES"
built="${NOTES%/*}/built"
case "$1 $2" in
"build --file") echo "$5" >> "$built" ;;
"image inspect")
  grep -qxF "$5" "$built" || exit 1
  case "$4" in *Labels*) echo abcdef ;; *Size*) echo 380000000 ;; *) echo sha256:0123 ;; esac ;;
"run --rm") sed -n 's/ .$//; /==/p' deploy/requirements.lock | cut -d ' ' -f 1 ;;
"pull --quiet") exit 1 ;;
esac
"""
# All suites are run in other tests; here one is enough to see that the checks are asked.
FEW = "--env=PYTEST_ADDOPTS=tests/test_features.py"
PUBLIC = {"repository": {"visibility": "public"}}


class Story:
    """A project of level 2 with a remote repository, where nothing is set up yet."""

    def __init__(self, folder: Path, machine: Path) -> None:
        self.project = bake_into(folder / "project", maturity_level="2")
        self.asked = folder / "asked.log"
        self._tools = folder / "tools"
        self._artifacts = folder / "artifacts"
        for made in (self._tools, self._artifacts):
            made.mkdir()
        for file in (self.asked, folder / "built"):
            file.touch()
        for name, text in {"gh": GH, "docker": DOCKER}.items():
            (self._tools / name).write_text(text)
            (self._tools / name).chmod(stat.S_IRWXU)
        (self._tools / "python3").symlink_to(machine / "python3")
        self._origin = str(folder / "origin")
        run(["git", "init", "--quiet", "--bare", self._origin], folder)
        self.git("remote", "add", "origin", self._origin)
        self.git("push", "--quiet", "origin", "main")

    def git(self, *arguments: str) -> str:
        return self.project.run("git", *arguments).stdout.strip()

    def push(self, branch: str) -> Acted:
        """Push what is at hand to a branch, and let the workflow see it."""
        self.git("switch", "--quiet", "--force-create", branch)
        self.git("push", "--quiet", "origin", branch)
        return self.happens("push", "deliver.yml", FEW, ref=f"refs/heads/{branch}", **PUBLIC)

    def happens(self, event: str, workflow: str, *options: str, **payload: object) -> Acted:
        """Let an event reach a workflow."""
        file = self.asked.with_name("event.json")
        file.write_text(json.dumps(payload))
        path = f"{self._tools}{os.pathsep}{sys.base_prefix}/bin{os.pathsep}{clean_environment()['PATH']}"
        seen = {"PATH": path, "NOTES": str(self.asked), "ARTIFACTS": str(self._artifacts), "ORIGIN": self._origin}
        return act(self.project, event, workflow, f"--eventpath={file}", *options, **seen)

    def kept(self, artifact: str) -> list[str]:
        """The files of an artefact."""
        folder = self._artifacts / artifact
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    def train(self, python: Path) -> None:
        """Train by hand and commit what that leaves."""
        path = f"{python.parent}:{clean_environment()['PATH']}"
        for command in ("repro", "push"):
            self.project.run(str(python), "-m", "dvc", command, PATH=path, PYTHONPATH=str(self.project.path / "src"))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Train")


@pytest.fixture
def story(machine: Callable[[str], Path], tmp_path: Path) -> Story:
    return Story(tmp_path, machine("2"))


@pytest.mark.parametrize("branch", ["main", pytest.param("develop", marks=pytest.mark.speed("deep"))])
def test_first_push_of_a_new_repository_is_green_and_says_what_is_missing(branch: str, story: Story) -> None:
    done = story.push(branch)
    done.ended(checks="success", release="success", deploy="success")
    assert {"make audit", "make check-commit", "make test", "make release", "make deploy"} <= set(done.steps)
    done.says("NOT LOGGED IN: set IMAGE_REPOSITORY")
    done.says("NOT RELEASED: no model is trained yet")
    done.says("NOT DEPLOYED: set DEPLOY_HOST")
    assert ("make register" in done.steps) is (branch == "main")
    assert story.asked.read_text() == ""


@pytest.mark.speed("deep")
def test_merge_of_a_trained_model_is_built_and_registered(story: Story, environment: Callable[..., Path]) -> None:
    story.train(environment("none", "2"))
    done = story.push("main")
    done.ended(checks="success", release="success", deploy="success")
    done.says("NOT SHARED: set IMAGE_REPOSITORY")
    done.says("registered model v1")
    assert "model@v1.0.0" in story.git("ls-remote", "--tags", "origin")
    assert {"SHA256SUMS", "release.json", "sbom.cdx.json"} < {Path(name).name for name in story.kept("release")}
    # GitHub signs the checksums of a public repository's release.
    done.says("release.json: OK")


def test_training_goes_through_the_environments_and_asks_people_last(story: Story) -> None:
    done = story.happens("workflow_dispatch", "train.yml", inputs={"why": "a first model is wanted"})
    done.ended(decide="success", train="success", staging="success", production="success")
    wanted = ["make run", "make publish", "make check-model", "make release", "make deploy", "make verify"]
    assert [step for step in done.steps if step in wanted] == wanted
    done.says("NOT DEPLOYED: set DEPLOY_HOST")
    (branch,) = [name for name in story.git("ls-remote", "--heads", "origin").split() if "training/" in name]
    assert f"gh pr create --head {branch.removeprefix('refs/heads/')} --base main" in story.asked.read_text()
    assert "reports/pull_request.md" in story.kept("reports")
    assert "model@v1.0.0" in story.git("ls-remote", "--tags", "origin")


@pytest.mark.parametrize(
    ("workflow", "event", "inputs"),
    [
        pytest.param(*("promote", "workflow_dispatch", {"release": "0123456789ab"}), marks=pytest.mark.speed("deep")),
        ("rollback", "workflow_dispatch", {"environment": "production", "why": "it is slow"}),
        pytest.param("verify", "schedule", {}, marks=pytest.mark.speed("deep")),
    ],
)
def test_where_nothing_is_set_up_it_says_so(workflow: str, event: str, inputs: dict[str, str], story: Story) -> None:
    done = story.happens(event, f"{workflow}.yml", inputs=inputs)
    done.ended(**{workflow: "success"})
    done.says("NOT DEPLOYED: set DEPLOY_HOST")

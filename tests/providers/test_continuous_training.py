"""Continuous training is really run: started, judged, registered, delivered or said not to be, and refused."""

import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from acting import Acted, act
from conftest import bake_into, clean_environment, run

# Stands for GitHub's own command line: it notes what it is asked for.
GH = """#!/bin/sh
echo "gh $*" >> "$GH_LOG"
"""
# Stands for a container engine where none is at hand: the image itself is built elsewhere in these tests.
DOCKER = """#!/bin/sh
echo "docker $*" >> "$GH_LOG"
"""
TRAINED = ["make setup", "make run", "make publish", "make promote", "make image", "make deploy"]


# Live records of another kind than those that the model was trained on, but none that the schema refuses.
DRIFTED = """
import json
import sys
from pathlib import Path
from mlops_maturity.data.reading import read_table
from mlops_maturity.serving.log_tables import metadata, predictions
from mlops_maturity.model.predictor import Predictor
from sqlalchemy import create_engine
model = Predictor.load(Path("models/production.zip"))
rows = read_table(Path("data/raw/penguins.csv")).dropna().sample(3000, replace=True, random_state=7)
rows["body_mass_g"] += 1500
records = rows[list(model.schema.columns)].to_dict("records")
log = create_engine(sys.argv[1])
metadata.create_all(log)
answers = [answer["prediction"] for answer in model.answers(model.of_records(records))]
with log.begin() as connection:
    connection.execute(predictions.insert(), [
        dict(id=f"{number:06}", at=float(number), model_version=model.version, record=json.dumps(record),
             prediction=json.dumps(answer), probabilities=None)
        for number, (record, answer) in enumerate(zip(records, answers))
    ])
"""


class Story:
    """A project with a remote repository, and the workflow that trains it."""

    def __init__(self, folder: Path, tools: Path) -> None:
        self.project = bake_into(folder / "project", maturity_level="1")
        self.origin = folder / "origin"
        self.log = folder / "asked.log"
        self.log.touch()
        self.tools = tools
        run(["git", "init", "--quiet", "--bare", str(self.origin)], folder)
        self.project.run("git", "remote", "add", "origin", str(self.origin))
        self.project.run("git", "push", "--quiet", "origin", "main")

    def train(self, event: str, *options: str, **payload: object) -> Acted:
        """Let an event reach the workflow."""
        # As the real checkout does, of which act only copies the folder.
        self.project.run("git", "fetch", "--quiet", "--tags", "origin")
        file = self.origin.with_name("event.json")
        file.write_text(json.dumps(payload))
        path = f"{self.tools}{os.pathsep}{sys.base_prefix}/bin{os.pathsep}{clean_environment()['PATH']}"
        given = [f"--eventpath={file}", *options]
        return act(self.project, event, "train.yml", *given, PATH=path, GH_LOG=str(self.log))

    def remote(self, *patterns: str) -> list[str]:
        """The references of the remote repository."""
        listed = self.project.run("git", "ls-remote", "--refs", "origin", *patterns).stdout
        return [line.split("\t")[1].removeprefix("refs/") for line in listed.splitlines()]

    def change(self, path: str, old: str, new: str) -> None:
        """Change a file and commit it to main."""
        file = self.project.path / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
        self.project.run("git", "commit", "--quiet", "--all", "--message", "Change")
        self.project.run("git", "push", "--quiet", "origin", "main")

    def drifted(self, python: Path) -> str:
        """The address of a prediction log with drifted records."""
        self.project.run("git", "fetch", "--quiet", "--tags", "origin")
        self.project.step(python, "fetch")
        address = f"sqlite:///{self.origin.with_name('log.sqlite')}"
        self.project.python(python, "-c", DRIFTED, address)
        return address


@pytest.fixture
def story(machine: Callable[[str], Path], tmp_path: Path) -> Story:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "python3").symlink_to(machine("1") / "python3")
    for name, text in {"gh": GH, "docker": DOCKER}.items():
        (tools / name).write_text(text)
        (tools / name).chmod(stat.S_IRWXU)
    return Story(tmp_path, tools)


@pytest.mark.speed("deep")
def test_training_starts_is_judged_and_leaves_main_alone(story: Story, environment: Callable[..., Path]) -> None:
    main = story.project.run("git", "rev-parse", "main").stdout.strip()

    # The first push of a fresh repository: there is no model yet, and nowhere to deliver one to.
    first = story.train("push")
    first.ended(decide="success", train="success")
    assert [step for step in first.steps if step in TRAINED] == TRAINED
    first.says("NOT DEPLOYED: set DEPLOY_HOST")
    assert story.remote("refs/tags/*") == ["tags/model#prod#1", "tags/model@v1.0.0"]
    (branch,) = story.remote("refs/heads/training/*")
    assert story.project.run("git", "ls-remote", "origin", "refs/heads/main").stdout.startswith(main)
    assert f"gh pr create --head {branch.removeprefix('heads/')} --base main" in story.log.read_text()

    # Nothing has changed since.
    second = story.train("schedule")
    assert second.jobs["decide"] == "success"
    assert "make run" not in second.steps
    second.says("do not train: nothing asks for a new model")

    # Drift asks, but so soon after the last training it has to wait.
    log = f"--secret=PREDICTION_LOG={story.drifted(environment('none', '1'))}"
    third = story.train("schedule", log)
    third.says("wanted, drift: ")
    third.says("do not train: the last training is too recent")
    assert "make run" not in third.steps
    story.change("params.yaml", "cooldown_hours: 24", "cooldown_hours: 0")
    fourth = story.train("schedule", log)
    fourth.ended(decide="success", train="success")
    assert story.remote("refs/tags/*v2*") == ["tags/model@v2.0.0"]

    # A model that misses its target: red at the run, and nothing has changed for anybody.
    before = story.remote("refs/tags/*", "refs/heads/*")
    story.change("params.yaml", "targets: {accuracy: 0.9}", "targets: {accuracy: 0.999}")
    fifth = story.train("workflow_dispatch", inputs={"why": "a better model is wanted"})
    fifth.ended(decide="success", train="failure")
    assert fifth.steps["make run"] == "failure"
    fifth.says("FAIL target_accuracy")
    assert not {"make publish", "make promote", "make image", "make deploy"} & set(fifth.steps)
    assert story.remote("refs/tags/*", "refs/heads/*") == before

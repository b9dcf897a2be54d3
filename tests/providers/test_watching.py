"""The workflow that monitors is really run: it asks for a training or tells people, and leaves both where it should."""

import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from acting import Acted, act
from conftest import bake_into, clean_environment, run
from served import RECORD, serving

# Stands for GitHub's own command line: it notes what it is asked for, knows of no issue, and has no token for act.
GH = """#!/bin/sh
case "$*" in "auth token") exit 1 ;; *list*) echo "[]" ;; esac
echo "gh $*" >> "$GH_LOG"
"""
PROMOTE = "from mlops_maturity.registry import versions; versions.assign(versions.register())"


class Story:
    """A project with a model in production, and the workflow that watches it."""

    def __init__(self, folder: Path, python: Path, machine: Path) -> None:
        self.project = bake_into(folder / "project", maturity_level="2")
        self.python = python
        self.asked = folder / "asked.log"
        self.log = f"sqlite:///{folder / 'predictions.sqlite'}"
        self._tools = folder / "tools"
        self._tools.mkdir()
        (self._tools / "gh").write_text(GH)
        (self._tools / "gh").chmod(stat.S_IRWXU)
        (self._tools / "python3").symlink_to(machine / "python3")
        run(["git", "init", "--quiet", "--bare", str(folder / "origin")], folder)
        self.project.run("git", "remote", "add", "origin", str(folder / "origin"))
        self.project.run("git", "push", "--quiet", "origin", "main")

    def train_and_promote(self) -> None:
        self._python("-m", "dvc", "repro")
        self._python("-m", "dvc", "push")
        self.project.run("git", "add", "--all")
        self.project.run("git", "commit", "--quiet", "--message", "Train")
        self._python("-c", PROMOTE)

    def _python(self, *arguments: str) -> None:
        path = f"{self.python.parent}:{clean_environment()['PATH']}"
        self.project.run(str(self.python), *arguments, PATH=path, PYTHONPATH=str(self.project.path / "src"))

    def watch(self, *options: str) -> tuple[Acted, str]:
        """Let the hour strike: what became of the workflow, and what GitHub was asked for."""
        self.asked.write_text("")
        path = f"{self._tools}:{sys.base_prefix}/bin:{clean_environment()['PATH']}"
        done = act(self.project, "schedule", "monitor.yml", *options, PATH=path, GH_LOG=str(self.asked))
        done.ended(watch="success")
        return done, self.asked.read_text()

    def watch_drift(self) -> tuple[Acted, str]:
        """Ask the service about penguins that are heavier than any it has seen, and watch it."""
        heavy = {"records": [RECORD | {"body_mass_g": 5_500 + number} for number in range(100)]}
        with serving(self.project, self.python, PREDICTION_LOG=self.log) as service:
            for _ in range(25):
                assert service.ask("POST", "/predict", heavy)[0] == 200
            address = f"http://127.0.0.1:{service.port}"
            return self.watch(f"--secret=PREDICTION_LOG={self.log}", f"--var=SERVICE_URL={address}")


@pytest.fixture
def story(environment: Callable[..., Path], machine: Callable[[str], Path], tmp_path: Path) -> Story:
    return Story(tmp_path, environment("none", "2"), machine("2"))


def test_monitoring_acts(story: Story) -> None:
    # A new repository has nothing to watch, and that is no failure.
    done, asked = story.watch()
    done.says("not exercised: there is no models/")
    assert done.steps == {"make setup": "success", "make watch": "success"}
    assert asked == ""

    # Drift of a service that is well asks for a training, which decides itself whether it is due.
    story.train_and_promote()
    done, asked = story.watch_drift()
    done.says("drift: FIRES: ")
    done.says("unhealthy: quiet: ready: yes")
    assert "gh workflow run train.yml --raw-field event=drift --raw-field why=" in asked
    assert "gh issue create" not in asked

    # So soon after a training none is asked for; of a service that is gone, people are told.
    story.project.step(story.python, "trigger", "--event", "demand", "--why", "asked for", "--claim")
    done, asked = story.watch(f"--secret=PREDICTION_LOG={story.log}", "--var=SERVICE_URL=http://127.0.0.1:9")
    done.says("no training for drift: the last one is too recent")
    done.says("unhealthy: FIRES: health of the service: http://127.0.0.1:9 does not answer")
    assert "gh workflow run" not in asked
    assert "gh issue create --title Monitoring asks for a look --label monitoring" in asked

"""Running an emitted GitHub workflow on this machine with act: commands are real, an action may have a stand-in."""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from conftest import Project, clean_environment, run

ACT = Path(sys.executable).with_name("act")
STAND_INS = Path(__file__).with_name("act")
# Its commands are steps of the job, to act one step; the last of them is this one.
PREPARE = {"./.github/actions/prepare": "make setup"}
PINNED = re.compile(r"uses: (?P<action>[\w.-]+/[\w./-]+)@(?P<commit>[0-9a-f]{40}) # v\d+(\.\d+){2}")


@dataclass(frozen=True)
class Acted:
    """What came of a workflow.

    Attributes:
        steps: how each command ended, for those that were run.
        jobs: how each job ended.
        said: all that was printed.
    """

    steps: dict[str, str]
    jobs: dict[str, str]
    said: str

    def ended(self, **jobs: str) -> None:
        """Require how its jobs ended, or show what was said."""
        assert self.jobs == jobs, self.said

    def says(self, text: str) -> None:
        """Require that something was said, or show what was."""
        assert text in self.said, self.said


def act(project: Project, event: str, workflow: str, *options: str, **environment: str) -> Acted:
    """Run a workflow of a project for an event."""
    path = f".github/workflows/{workflow}"
    stand_ins = [
        f"--local-repository={pin['action']}@{pin['commit']}={STAND_INS / Path(pin['action']).name}"
        for file in (project.path / path, *project.path.glob(".github/actions/*/action.yml"))
        for pin in PINNED.finditer(file.read_text())
    ]
    command = [str(ACT), event, "--workflows", path, "--json", *dict.fromkeys(stand_ins), *options]
    offline = ["--use-new-action-cache", "--action-offline-mode", "--no-cache-server"]
    here = ["--platform", "ubuntu-24.04=-self-hosted"]
    seen = clean_environment(PATH=f"{sys.base_prefix}/bin:{clean_environment()['PATH']}") | environment
    done = run([*command, *offline, *here], project.path, check=False, environment=seen)
    log = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    ended = ((entry["step"], entry["stepResult"]) for entry in log if "stepResult" in entry)
    steps = {PREPARE.get(step, step): result for step, result in ended}
    jobs = {entry["jobID"]: entry["jobResult"] for entry in log if "jobResult" in entry}
    assert bool(done.returncode) == ("failure" in jobs.values()), done.stdout + done.stderr
    said = "".join(str(entry.get("msg", "")) for entry in log)
    return Acted({step: ended for step, ended in steps.items() if step.startswith("make ")}, jobs, said)


def outcome(project: Project, event: str, workflow: str, suites: str) -> dict[str, str]:
    """How each command of a workflow ended; it runs some suites, and ends at the first test that fails."""
    return act(project, event, workflow, "--env", f"PYTEST_ADDOPTS=--exitfirst {suites}").steps

"""The pipelines of Jenkins end, take turns, and run where they are meant to, with plug-ins of known versions."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PIPELINES = sorted([ROOT / "Jenkinsfile", *ROOT.glob("jenkins/*.Jenkinsfile")])


def code(path: Path) -> str:
    """A file without its comments."""
    return re.sub(r"(?<!:)//.*", "", path.read_text())


@pytest.mark.requirement("SEC-02")
def test_plug_ins_have_an_exact_version() -> None:
    lines = [line for line in (ROOT / "jenkins" / "plugins.txt").read_text().splitlines() if line and line[0] != "#"]
    open_ones = [line for line in lines if not re.fullmatch(r"[a-z-]+:\d[\w.-]*", line)]
    assert lines, "no plug-in is named"
    assert not open_ones, f"jenkins/plugins.txt does not say which version: {open_ones}"


@pytest.mark.requirement("SEC-03")
@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_pipeline_ends_takes_turns_and_names_its_machine(path: Path) -> None:
    text = code(path)
    # In an environment each has its time from its turn on, see jenkins/access.groovy.
    assert re.search(r"\btimeout\(time: \d+, unit: 'MINUTES'\)|\.environment\(", text), "it may run for hours"
    assert "disableConcurrentBuilds(" in text, "it may run beside itself"
    assert re.search(r"^    agent (none|\{ label '[\w-]+' \})$", text, re.MULTILINE), "it may run on any machine"


@pytest.mark.requirement("SEC-03")
@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_what_people_write_is_no_code(path: Path) -> None:
    filled = re.findall(r"\bsh\s*\(?(?:script:\s*)?\"(?:[^\"\\]|\\.)*\$.*", code(path))
    assert not filled, f"a shell gets what Groovy fills in: {filled}"
<% if cookiecutter.maturity_level != "0" %>


@pytest.mark.requirement("SEC-05")
@pytest.mark.ml_test_score("Monitor 1", 0.5)
def test_newer_packages_are_tried_and_proposed_each_week() -> None:
    text = code(ROOT / "jenkins" / "dependencies.Jenkinsfile")
    assert re.search(r"cron\('\S+ \S+ \* \* [0-7]'\)", text), "nothing looks for newer packages each week"
    verbs = ("setup", "lock", "setup", "run", "test", "propose", "pull-request")
    assert re.findall(r"sh '(.*)'", text) == [f"make {verb}" for verb in verbs]
<% endif %>

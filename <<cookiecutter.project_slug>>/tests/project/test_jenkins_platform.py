<% set level = cookiecutter.maturity_level | int %>
"""What is asked of Jenkins is said, and handed to the pipeline that asked."""

<% if level == 2 %>
from pathlib import Path

<% endif %>
import pytest

from << cookiecutter.__package_name >>.jenkins import platform
<% if level == 2 %>
from << cookiecutter.__package_name >>.paths import MONITORING_SUMMARY
<% endif %>


@pytest.mark.requirement("1-CD")
def test_branch_that_waits_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    platform.open_pull_request("training/abc")
    said = capsys.readouterr().out
    assert "the branch training/abc waits for somebody to merge it" in said
    assert "reports/pull_request.md" in said
<% if level == 2 %>


@pytest.mark.requirement("MON-02")
def test_training_and_people_are_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = tmp_path / "outputs.properties"
    monkeypatch.setenv("OUTPUTS", str(outputs))
    platform.start_training("degraded", "it got\nworse")
    said = platform.tell_people("Look", ["silent", "unhealthy"], MONITORING_SUMMARY)
    assert outputs.read_text().splitlines() == ["EVENT=degraded", "WHY=it got worse", "TELL=Look: silent, unhealthy"]
    assert said == f"this build becomes unstable and keeps {MONITORING_SUMMARY}"
<% endif %>

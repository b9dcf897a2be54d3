"""Jenkins is asked by outputs, which the pipeline that runs the command reads."""

from pathlib import Path

import pytest

from mlops_maturity.ci.jenkins import platform
from mlops_maturity.project.paths import MONITORING_SUMMARY


@pytest.mark.guards("1-CD")
def test_branch_that_waits_for_a_merge_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    platform.open_pull_request("training/abc")
    printed = capsys.readouterr().out
    assert "the branch training/abc waits for somebody to merge it" in printed
    assert "reports/pull_request.md" in printed


@pytest.mark.guards("MON-02")
def test_training_and_issue_become_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = tmp_path / "outputs.properties"
    monkeypatch.setenv("OUTPUTS", str(outputs))
    platform.start_training("degraded", "it got\nworse")
    said = platform.tell_people("Look", ["silent", "unhealthy"], MONITORING_SUMMARY)
    assert outputs.read_text().splitlines() == ["EVENT=degraded", "WHY=it got worse", "TELL=Look: silent, unhealthy"]
    assert said == f"this build becomes unstable and keeps {MONITORING_SUMMARY}"

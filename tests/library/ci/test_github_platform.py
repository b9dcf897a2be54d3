"""GitHub is asked by its own command; here a script stands for it, which records what it is asked for."""

import json
import shutil
from pathlib import Path

import pytest

from mlops_maturity.ci.github import platform
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import write_text

# Remembers one issue, as GitHub would; it refuses pull requests if a file says so.
GH = """
case "$*" in
  "pr create"*) [ ! -e "$0.refuses" ] || { echo "GitHub Actions is not permitted to do this" >&2; exit 1; } ;;
  "issue list"*) if [ -e "$0.issue" ]; then cat "$0.issue"; else echo "[]"; fi ;;
  "issue create"*) cat > "$0.body"; echo https://github.example/issues/1 ;;
  "issue"*) cat > /dev/null ;;
esac
"""


@pytest.fixture
def gh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that lists what the stand-in for GitHub's command was asked."""
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "gh"
    command.write_text(f'#!{shutil.which("sh")}\necho "$*" >> "$0.asked"\n{GH}')
    command.chmod(0o755)
    (folder / "gh.asked").touch()
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.delenv("GITHUB_RUN_ID", raising=False)
    return folder / "gh.asked"


@pytest.mark.guards("1-CD")
def test_pull_request_has_the_branch_and_the_text(gh: Path) -> None:
    platform.open_pull_request("training/abc")
    asked = "pr create --head training/abc --base main --fill-first --body-file reports/pull_request.md"
    assert gh.read_text().splitlines() == [asked]


@pytest.mark.guards("1-CD")
def test_refused_pull_request_leaves_a_warning(gh: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gh.with_name("gh.refuses").touch()
    platform.open_pull_request("training/abc")
    assert "::warning::the branch training/abc waits" in capsys.readouterr().out


@pytest.mark.guards("MON-02")
def test_training_is_started_as_a_workflow_run(gh: Path) -> None:
    platform.start_training("degraded", "it got worse")
    asked = "workflow run train.yml --raw-field event=degraded --raw-field why=it got worse"
    assert gh.read_text().splitlines() == [asked]


@pytest.mark.guards("MON-02")
def test_open_issue_is_edited_and_gets_a_comment_only_for_other_findings(gh: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.md"
    write_text(text, "what was seen\n")

    def asked(*names: str) -> list[str]:
        gh.write_text("")
        platform.tell_people("Look", names, text)
        return [" ".join(line.split()[:2]) for line in gh.read_text().splitlines()]

    assert asked("silent") == ["label create", "issue list", "issue create"]
    body = gh.with_name("gh.body").read_text()
    assert "what was seen" in body
    gh.with_name("gh.issue").write_text(json.dumps([{"number": 7, "body": body}]))
    assert asked("silent") == ["label create", "issue list", "issue edit"]
    assert asked("silent", "unhealthy") == ["label create", "issue list", "issue edit", "issue comment"]


@pytest.mark.guards("MON-02")
def test_issue_links_to_the_run_that_found_it(gh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_text(tmp_path / "text.md", "what was seen\n")
    run = {"SERVER_URL": "https://github.example", "REPOSITORY": "team/name", "RUN_ID": "12"}
    for name, value in run.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    platform.tell_people("Look", ["silent"], tmp_path / "text.md")
    assert "https://github.example/team/name/actions/runs/12" in gh.with_name("gh.body").read_text()


@pytest.mark.guards("MON-02")
def test_missing_command_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProjectError, match="gh is not installed"):
        platform.start_training("drift", "why")

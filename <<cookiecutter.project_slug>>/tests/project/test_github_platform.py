<% set level = cookiecutter.maturity_level | int %>
"""What is asked of GitHub is asked by its own command, which here only notes what it is asked for."""

<% if level == 2 %>
import json
<% endif %>
import shutil
from pathlib import Path

import pytest

<% if level == 2 %>
from << cookiecutter.__package_name >>.errors import ProjectError
from << cookiecutter.__package_name >>.files import write_text
<% endif %>
from << cookiecutter.__package_name >>.github import platform

# Remembers one issue, as GitHub would; it refuses pull requests if it is told to.
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
    """A command in the place of GitHub's, and the file of what it was asked."""
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "gh"
    command.write_text(f'#!{shutil.which("sh")}\necho "$*" >> "$0.asked"\n{GH}')
    command.chmod(0o755)
    (folder / "gh.asked").touch()
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.delenv("GITHUB_RUN_ID", raising=False)
    return folder / "gh.asked"


@pytest.mark.requirement("1-CD")
def test_pull_request_is_of_the_branch_and_tells_what_it_brings(gh: Path) -> None:
    platform.open_pull_request("training/abc")
    asked = "pr create --head training/abc --base main --fill-first --body-file reports/pull_request.md"
    assert gh.read_text().splitlines() == [asked]


@pytest.mark.requirement("1-CD")
def test_branch_that_no_pull_request_may_be_opened_for_is_told(gh: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gh.with_name("gh.refuses").touch()
    platform.open_pull_request("training/abc")
    assert "::warning::the branch training/abc waits" in capsys.readouterr().out
<% if level == 2 %>


@pytest.mark.requirement("MON-02")
def test_training_is_started_by_the_workflow(gh: Path) -> None:
    platform.start_training("degraded", "it got worse")
    asked = "workflow run train.yml --raw-field event=degraded --raw-field why=it got worse"
    assert gh.read_text().splitlines() == [asked]


@pytest.mark.requirement("MON-02")
def test_one_issue_is_open_and_commented_when_it_is_about_something_else(gh: Path, tmp_path: Path) -> None:
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


@pytest.mark.requirement("MON-02")
def test_refusal_of_the_platform_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProjectError, match="gh is not installed"):
        platform.start_training("drift", "why")
<% endif %>

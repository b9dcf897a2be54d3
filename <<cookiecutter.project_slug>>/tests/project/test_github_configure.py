"""GitHub is set up by its own command, which here only notes what it is asked for."""

import json
from pathlib import Path

import pytest

from << cookiecutter.__package_name >>.errors import ProjectError
from << cookiecutter.__package_name >>.github import configure
from << cookiecutter.__package_name >>.github.rules import ENVIRONMENTS, RULESETS
from << cookiecutter.__package_name >>.platform_settings import SETTINGS

pytestmark = pytest.mark.requirement("CD-07")

NOBODY = "/.github/ @OWNER\n"  # as the template leaves it
MAIN = '[{"object": {"sha": "abcdef"}}]'
# Has what lies in its folder; what is sent to it is kept there, too. It refuses what lies in `refused`.
GH = """#!/bin/sh
cd "${0%/*}"
case "$1 $2" in
"api --method")
  grep -q "^$4\\$" refused && { echo "gh: not in this plan (HTTP 422)" >&2; exit 1; }
  { echo "$3 $4"; cat; echo; } >> sent ;;
"api orgs"*) echo 7 ;;
"api users"*) echo 8 ;;
"api "*)
  name=$(echo "$2" | sed 's/?.*//; s/[^a-z]/_/g')
  cat "has$name" 2> /dev/null || { echo "gh: Not Found (HTTP 404)" >&2; exit 1; } ;;
*" list") cat "has_$1" ;;
*" set") { echo "$*"; cat; echo; } >> sent ;;
esac
"""


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for a new repository of GitHub: it has a branch main, and the rest is sent to it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "gh").write_text(GH)
    (folder / "gh").chmod(0o755)
    (folder / "refused").touch()
    (folder / "sent").touch()
    for kind in ("variable", "secret"):
        (folder / f"has_{kind}").write_text("[]")
    has(folder, "git/matching-refs/heads/main", MAIN)
    has(folder, "git/matching-refs/heads/develop", "[]")
    has(folder, "rulesets", "[]")
    (tmp_path / ".github").mkdir()
    monkeypatch.chdir(tmp_path)
    configure.OWNERS.write_text(NOBODY)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return folder


def has(github: Path, path: str, content: str) -> None:
    name = f"{configure.HERE}/{path}"
    (github / ("has" + "".join(letter if letter.islower() else "_" for letter in name))).write_text(content)


def sent(github: Path) -> dict[str, str]:
    """What GitHub was sent, by the line that says what it is for."""
    lines = [line for line in (github / "sent").read_text().splitlines() if line]
    return dict(zip(lines[::2], lines[1::2], strict=True))


def test_a_new_repository_gets_all_that_the_rules_say(github: Path) -> None:
    configure.run()
    said = {what.replace(configure.HERE, ""): json.loads(body) for what, body in sent(github).items()}
    assert said["POST /git/refs"] == {"ref": "refs/heads/develop", "sha": "abcdef"}
    assert said["POST /rulesets"] == RULESETS[-1]
    for environment in ENVIRONMENTS:
        policy = said[f"PUT /environments/{environment.name}"]["deployment_branch_policy"]
        assert policy == {"protected_branches": False, "custom_branch_policies": True}
        last = said[f"POST /environments/{environment.name}/deployment-branch-policies"]
        assert last == {"name": environment.branches[-1]}
    assert said["PUT /actions/permissions/workflow"] == {
        "default_workflow_permissions": "read",
        "can_approve_pull_request_reviews": True,
    }
    assert "PUT /private-vulnerability-reporting" in said


def test_main_takes_reviewed_and_checked_changes_alone() -> None:
    main = next(rules for rules in RULESETS if rules["name"] == "main")
    rules = {rule["type"]: rule.get("parameters", {}) for rule in main["rules"]}
    assert main["enforcement"] == "active"
    assert main["bypass_actors"] == []
    assert {"deletion", "non_fast_forward"} <= set(rules)
    assert rules["pull_request"]["required_approving_review_count"] >= 1
    assert rules["pull_request"]["require_code_owner_review"] is True
    assert [check["context"] for check in rules["required_status_checks"]["required_status_checks"]] == ["checks"]


def test_what_is_there_is_brought_up_to_date_and_not_made_twice(github: Path) -> None:
    names = [{"name": rules["name"], "id": number} for number, rules in enumerate(RULESETS, start=1)]
    policy = {"protected_branches": False, "custom_branch_policies": True}
    there = [{"name": each.name, "deployment_branch_policy": policy, "protection_rules": []} for each in ENVIRONMENTS]
    has(github, "git/matching-refs/heads/develop", MAIN)
    has(github, "rulesets", json.dumps(names))
    has(github, "environments", json.dumps({"environments": there}))
    for each in ENVIRONMENTS:
        branches = json.dumps({"branch_policies": [{"name": branch} for branch in each.branches]})
        has(github, f"environments/{each.name}/deployment-branch-policies", branches)
    configure.run()
    said = set(sent(github))
    assert {f"PUT {configure.HERE}/rulesets/{each['id']}" for each in names} <= said
    assert not [what for what in said if "POST" in what or "environments" in what]


def test_owners_of_the_workflows_approve_what_goes_to_production(github: Path) -> None:
    configure.OWNERS.write_text("/.github/ @team/owners @somebody\n")
    configure.run()
    asked = json.loads(sent(github)[f"PUT {configure.HERE}/environments/production"])
    assert asked["reviewers"] == [{"type": "Team", "id": 7}, {"type": "User", "id": 8}]


def test_without_an_owner_it_says_that_nobody_approves(github: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure.OWNERS.write_text(NOBODY)
    configure.run()
    assert "NOT SET: approval of production: put a team in the place of @OWNER" in capsys.readouterr().out
    assert "reviewers" not in (github / "sent").read_text()


def test_showing_says_it_and_does_nothing(github: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure.run(show=True)
    told = capsys.readouterr().out
    assert (github / "sent").read_text() == ""
    assert 'would set branch develop: POST git/refs {"ref": "refs/heads/develop", "sha": "abcdef"}' in told
    for rules in RULESETS:
        assert f"would set ruleset {rules['name']}: POST rulesets {json.dumps(rules)}" in told
    assert "not set: IMAGE_REPOSITORY (" in told


def test_what_a_plan_does_not_have_is_told_and_the_rest_is_set(
    github: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (github / "refused").write_text(f"{configure.HERE}/rulesets\n")
    with pytest.raises(ProjectError, match="GitHub refused: ruleset main, ruleset develop, ruleset models"):
        configure.run()
    assert "NOT SET: ruleset main: gh api --method: gh: not in this plan (HTTP 422)" in capsys.readouterr().out
    assert f"PUT {configure.HERE}/environments/production" in sent(github)


def test_values_are_asked_for_and_a_secret_is_read_from_a_file(
    github: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret file").write_text("a secret\n")
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return "secret file" if question.startswith("a file with PREDICTION_LOG") else "a value" * ("URL" in question)

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", answer)
    configure.run()
    said = sent(github)
    assert said["secret set PREDICTION_LOG"] == "a secret"
    assert said["variable set SERVICE_URL"] == "a value"
    assert len(asked) == sum(1 if setting.everywhere else len(ENVIRONMENTS) for setting in SETTINGS)


def test_what_is_set_is_not_asked_for_again(github: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind in ("variable", "secret"):
        (github / f"has_{kind}").write_text(json.dumps([{"name": setting.name} for setting in SETTINGS]))
    configure.run()
    assert "not set:" not in capsys.readouterr().out

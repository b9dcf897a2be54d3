"""GitHub is set up by its own command; here a script stands for it, which records what it is asked for."""

import json
from pathlib import Path

import pytest

from library.ci.conftest import Project
from mlops_maturity.ci.github import configure
from mlops_maturity.ci.github.rules import ENVIRONMENTS, rulesets
from mlops_maturity.ci.settings import settings_of
from mlops_maturity.project import answers, signing
from mlops_maturity.project.errors import ProjectError

RULESETS = rulesets()

# git signs with ssh-keygen, which not every machine has.
pytestmark = [pytest.mark.guards("CD-07"), pytest.mark.speed("all")]

NOBODY = "/.github/ @OWNER\n"  # as the template leaves it
MAIN = '[{"object": {"sha": "abcdef"}}]'
# Answers from the files in its folder and appends what it is sent to `sent`. It refuses the paths in `refused`.
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
  cat "has$name" 2> /dev/null || { cat error; exit 1; } >&2 ;;
*" list") cat "has_$1" ;;
*" set") { echo "$*"; tr -d "\\n"; echo; } >> sent ;;
esac
"""


@pytest.fixture
def github(project_of: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a command that stands for a new repository of GitHub: it has a branch main, and nothing else."""
    project = project_of("github")
    folder = project / "bin"
    folder.mkdir()
    (folder / "gh").write_text(GH)
    (folder / "gh").chmod(0o755)
    (folder / "refused").touch()
    (folder / "sent").touch()
    (folder / "error").write_text("gh: Not Found (HTTP 404)\n")
    for kind in ("variable", "secret"):
        (folder / f"has_{kind}").write_text("[]")
    has(folder, "git/matching-refs/heads/main", MAIN)
    has(folder, "git/matching-refs/heads/develop", "[]")
    has(folder, "rulesets", "[]")
    (project / ".github").mkdir()
    configure.OWNERS.write_text(NOBODY)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return folder


def has(github: Path, path: str, content: str) -> None:
    name = f"{configure.HERE}/{path}"
    (github / ("has" + "".join(letter if letter.islower() else "_" for letter in name))).write_text(content)


def sent(github: Path) -> dict[str, str]:
    """The body of each request, by its method and path."""
    lines = [line for line in (github / "sent").read_text().splitlines() if line]
    return dict(zip(lines[::2], lines[1::2], strict=True))


def test_new_repository_gets_all_rules(github: Path) -> None:
    configure.run()
    said = {
        what.replace(configure.HERE, ""): json.loads(body)
        for what, body in sent(github).items()
        if "secret" not in what
    }
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


def test_repository_without_branch_main_is_refused(github: Path) -> None:
    has(github, "git/matching-refs/heads/main", "[]")
    with pytest.raises(ProjectError, match="GitHub has no branch main yet; `git push"):
        configure.run()


def test_error_other_than_not_found_stops_the_setup(github: Path) -> None:
    (github / "error").write_text("gh: Bad credentials (HTTP 401)\n")
    with pytest.raises(ProjectError, match=r"Bad credentials \(HTTP 401\)"):
        configure.run()


def test_rules_of_main_require_review_and_green_checks() -> None:
    main = next(rules for rules in RULESETS if rules["name"] == "main")
    rules = {rule["type"]: rule.get("parameters", {}) for rule in main["rules"]}
    assert main["enforcement"] == "active"
    assert main["bypass_actors"] == []
    assert {"deletion", "non_fast_forward"} <= set(rules)
    assert rules["pull_request"]["required_approving_review_count"] >= 1
    assert rules["pull_request"]["require_code_owner_review"] is True
    assert [check["context"] for check in rules["required_status_checks"]["required_status_checks"]] == ["checks"]


def test_existing_rules_are_updated_and_not_created_twice(github: Path) -> None:
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


def test_owners_of_the_workflows_become_reviewers_of_production(github: Path) -> None:
    configure.OWNERS.write_text("/.github/ @team/owners @somebody\n")
    configure.run()
    asked = json.loads(sent(github)[f"PUT {configure.HERE}/environments/production"])
    assert asked["reviewers"] == [{"type": "Team", "id": 7}, {"type": "User", "id": 8}]


def test_missing_owner_is_reported_and_nobody_becomes_reviewer(
    github: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure.run()
    assert "NOT SET: approval of production: put a team in the place of @OWNER" in capsys.readouterr().out
    assert "reviewers" not in (github / "sent").read_text()


def test_show_prints_what_would_be_set_in_readable_lines_and_sends_nothing(
    github: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure.run(show=True)
    printed = capsys.readouterr().out
    assert (github / "sent").read_text() == ""
    assert "would set branch develop\n    ref: refs/heads/develop\n    sha: abcdef\n" in printed
    assert (
        "would set ruleset main\n    target: branch\n    enforcement: active\n"
        "    conditions: ref name include refs/heads/main\n    bypass actors: none\n    rules: deletion\n"
        "    rules: non fast forward\n    rules: required status checks: context checks"
    ) in printed
    assert "    rules: pull request: required approving review count 1, require code owner review yes" in printed
    assert not set('{}"[]') & set(printed.partition("not set:")[0])
    assert "not set: IMAGE_REPOSITORY (" in printed


def test_show_without_the_command_of_github_prints_what_a_new_repository_would_get(
    github: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (github / "gh").unlink()
    monkeypatch.setenv("PATH", str(github))
    configure.OWNERS.write_text("/.github/ @org/team\n")
    configure.run(show=True)
    printed = capsys.readouterr().out
    assert printed.startswith("GitHub was not asked (gh is not installed")
    for rules in RULESETS:
        assert f"would set ruleset {rules['name']}\n" in printed
    assert "would set approval of production" in printed
    assert "not set: IMAGE_REPOSITORY (" in printed
    with pytest.raises(ProjectError, match="gh is not installed"):
        configure.run()


@pytest.mark.parametrize(("people", "approvals"), [(1, 0), (2, 1)])
def test_sole_maintainer_can_merge_what_is_green(github: Path, people: int, approvals: int) -> None:
    has(github, "collaborators", json.dumps([{"login": str(number)} for number in range(people)]))
    configure.run()
    lines = [json.loads(line) for line in (github / "sent").read_text().splitlines() if line.startswith("{")]
    (main,) = (each for each in lines if each.get("name") == "main" and each.get("target") == "branch")
    rules = {rule["type"]: rule.get("parameters", {}) for rule in main["rules"]}
    assert rules["pull_request"]["required_approving_review_count"] == approvals
    assert rules["pull_request"]["require_code_owner_review"] is (approvals > 0)
    assert "required_status_checks" in rules


def test_refused_rules_are_reported_and_the_rest_is_set(github: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (github / "refused").write_text(f"{configure.HERE}/rulesets\n")
    with pytest.raises(ProjectError, match="GitHub refused: ruleset main, ruleset develop, ruleset models"):
        configure.run()
    assert "NOT SET: ruleset main: gh api --method: gh: not in this plan (HTTP 422)" in capsys.readouterr().out
    assert f"PUT {configure.HERE}/environments/production" in sent(github)


def test_values_are_asked_for_and_secrets_are_read_from_files(github: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("secret file").write_text("a secret\n")
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return "secret file" if question.startswith("a file with PREDICTION_LOG") else "a value" * ("URL" in question)

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", answer)
    configure.run()
    said = sent(github)
    assert said["secret set PREDICTION_LOG --env automation"] == "a secret"
    assert said["variable set SERVICE_URL"] == "a value"
    settings = settings_of(answers.load())
    assert len(asked) == sum(len(setting.environments or "*") for setting in settings if not setting.made)


def test_values_that_are_set_are_not_asked_for_again(github: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [{"name": setting.name} for setting in settings_of(answers.load())]
    for kind in ("variable", "secret"):
        (github / f"has_{kind}").write_text(json.dumps(names))
    configure.run()
    assert "not set:" not in capsys.readouterr().out


def test_key_that_ci_signs_with_is_made_once_for_environments_of_reviewed_code(github: Path) -> None:
    configure.run(show=True)
    assert not signing.is_required()
    configure.run()
    given = {what: key for what, key in sent(github).items() if "SIGNING_KEY" in what}
    assert list(given) == [f"secret set SIGNING_KEY --env {each}" for each in ("automation", "staging", "production")]
    assert all("PRIVATE KEY" in key for key in given.values())
    before = signing.SIGNERS.read_text()
    configure.run()
    assert signing.SIGNERS.read_text() == before

"""GitLab is set up over HTTP; here a server on this machine stands for it, which records what it is sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from library.ci.conftest import Project
from library.ci.gitlab_server import PROJECT, TOKEN, GitLab, serving
from mlops_maturity.ci.gitlab import configure, rules
from mlops_maturity.ci.settings import settings_of
from mlops_maturity.project import answers, signing
from mlops_maturity.project.errors import ProjectError

# git signs with ssh-keygen, which not every machine has.
pytestmark = [pytest.mark.guards("CD-07"), pytest.mark.speed("all")]

SCHEDULES = {"train": "17 4 * * *", "monitor": "47 * * * *"}


@pytest.fixture
def gitlab(project_of: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitLab]:
    """A new project of GitLab: it has a branch main, and nothing else."""
    project = project_of("gitlab")
    (project / ".gitlab").mkdir()
    configure.SCHEDULES.write_text("".join(f'{name} = "{cron}"\n' for name, cron in SCHEDULES.items()))
    with serving() as server:
        monkeypatch.setenv("CI_API_V4_URL", f"{server.url}/api/v4")
        monkeypatch.setenv("CI_PROJECT_ID", PROJECT.rpartition("/")[2])
        monkeypatch.setenv("CI_PROJECT_URL", f"{server.url}/group/name")
        monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
        yield server


def test_new_project_gets_all_rules(gitlab: GitLab) -> None:
    configure.run()
    assert gitlab.project == rules.PROJECT
    assert gitlab.body("POST", "repository/branches") == {"branch": "develop", "ref": "main"}
    protected = [body for method, path, body in gitlab.sent if (method, path) == ("POST", "protected_branches")]
    assert protected == list(rules.BRANCHES)
    assert {each["name"] for each in gitlab.lists["protected_tags"]} == {"model@*", "model#*"}
    assert tuple(each["name"] for each in gitlab.lists["environments"]) == rules.ENVIRONMENTS
    assert gitlab.body("POST", "protected_environments") == rules.DEPLOYERS


def test_rules_of_main_and_develop_allow_merge_requests_only() -> None:
    for branch in rules.BRANCHES:
        assert branch["push_access_level"] == rules.NOBODY
        assert branch["allow_force_push"] is False
    assert rules.PROJECT["only_allow_merge_if_pipeline_succeeds"] is True


def test_schedules_have_a_variable_that_names_their_workflow(gitlab: GitLab) -> None:
    configure.run()
    made = {each["description"]: each for each in gitlab.lists["pipeline_schedules"]}
    assert {name: each["cron"] for name, each in made.items()} == SCHEDULES
    for name, each in made.items():
        assert [(said["key"], said["value"]) for said in each["variables"]] == [("WORKFLOW", name)]


def test_second_run_changes_nothing(gitlab: GitLab) -> None:
    configure.run()
    gitlab.sent.clear()
    configure.run()
    assert gitlab.sent == []


def test_changed_settings_are_restored(gitlab: GitLab) -> None:
    configure.run()
    gitlab.sent.clear()
    gitlab.lists["protected_branches"][0]["push_access_levels"] = [{"access_level": 40}]
    gitlab.lists["pipeline_schedules"][0]["cron"] = "0 0 * * *"
    gitlab.project["ci_pipeline_variables_minimum_override_role"] = "developer"
    configure.run()
    assert [f"{method} {path}".strip() for method, path, _ in gitlab.sent] == [
        "PUT",
        "DELETE protected_branches/main",
        "POST protected_branches",
        "PATCH protected_branches/main",
        "PUT pipeline_schedules/1",
    ]


def test_show_prints_what_would_be_set_in_readable_lines_and_sends_nothing(
    gitlab: GitLab, capsys: pytest.CaptureFixture[str]
) -> None:
    configure.run(show=True)
    printed = capsys.readouterr().out
    assert gitlab.sent == []
    assert "would set branch develop\n    branch: develop\n    ref: main\n" in printed
    assert (
        "would set protection of main\n    push access level: nobody\n"
        "    merge access level: maintainers\n    allow force push: no\n"
    ) in printed
    assert "would set schedule train\n    description: train\n" in printed
    assert "    deploy access levels: access level maintainers\n" in printed
    assert not set('{}"[]') & set(printed.partition("not set:")[0])
    assert "not set: IMAGE_REPOSITORY (" in printed
    assert "not set: PROJECT_TOKEN (" in printed


def test_show_without_a_token_prints_what_a_new_project_would_get(
    gitlab: GitLab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GITLAB_TOKEN")
    configure.run(show=True)
    printed = capsys.readouterr().out
    assert printed.startswith("GitLab was not asked (GITLAB_TOKEN is not set")
    assert "would set protection of develop\n" in printed
    assert "would set schedule train\n" in printed
    assert "not set: PROJECT_TOKEN (" in printed
    assert gitlab.sent == []
    with pytest.raises(ProjectError, match="GITLAB_TOKEN is not set"):
        configure.run()


def test_feature_of_a_paid_plan_is_reported_and_is_no_error(gitlab: GitLab, capsys: pytest.CaptureFixture[str]) -> None:
    gitlab.refuses["protected_environments"] = 404
    configure.run()
    assert "NOT SET: deployers to production: not in this plan of GitLab" in capsys.readouterr().out


def test_refused_rules_are_reported_and_the_rest_is_set(gitlab: GitLab, capsys: pytest.CaptureFixture[str]) -> None:
    gitlab.refuses["protected_tags"] = 403
    with pytest.raises(ProjectError, match=r"GitLab refused: protection of model@\*, protection of model#\*"):
        configure.run()
    assert (
        "NOT SET: protection of model@*: GitLab refuses POST protected_tags: 403 not in this plan"
        in capsys.readouterr().out
    )
    assert gitlab.lists["pipeline_schedules"]


def test_project_without_branch_main_is_refused(gitlab: GitLab) -> None:
    gitlab.lists["repository/branches"].clear()
    with pytest.raises(ProjectError, match="no branch main yet"):
        configure.run()


def test_values_are_asked_for_and_secrets_are_read_from_files(
    gitlab: GitLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one line").write_text("postgresql://host/log\n")
    (tmp_path / "lines").write_text("several\nlines\n")

    def answer(question: str) -> str:
        if question.startswith("a file with PREDICTION_LOG of automation ("):
            return str(tmp_path / "one line")
        if question.startswith("a file with ") and " of staging (" in question:
            return str(tmp_path / "lines")
        return "a value" * question.startswith("SERVICE_URL")

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", answer)
    configure.run()
    made = {each["key"]: each for each in gitlab.lists["variables"]}
    # No merge request sees them, and nothing in them is taken for the name of another variable.
    assert all(each["protected"] and each["raw"] for each in made.values())
    assert (made["PREDICTION_LOG"]["value"], made["PREDICTION_LOG"]["masked"]) == ("postgresql://host/log", True)
    assert (made["SERVICE_URL"]["value"], made["SERVICE_URL"]["masked"]) == ("a value", False)
    assert made["PREDICTION_LOG"]["environment_scope"] == "automation"
    kept = [each for each in made.values() if each["environment_scope"] == "staging"]
    assert kept
    # GitLab cannot hide several lines.
    assert {(each["value"], each["masked"]) for each in kept} == {("several\nlines", False)}


def test_missing_file_of_a_secret_is_named(gitlab: GitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: "no/such/file" * question.startswith("a file"))
    with pytest.raises(ProjectError, match=r"no/such/file cannot be read: No such file or directory; \w+ is not set"):
        configure.run()
    assert {each["key"] for each in gitlab.lists["variables"]} == {"SIGNING_KEY"}


def test_values_that_are_set_are_not_asked_for_again(gitlab: GitLab, capsys: pytest.CaptureFixture[str]) -> None:
    settings = (*settings_of(answers.load()), configure.ACCESS)
    gitlab.lists["variables"] = [
        {"key": setting.name, "environment_scope": scope}
        for setting in settings
        for scope in setting.environments or ["*"]
    ]
    configure.run()
    assert "not set:" not in capsys.readouterr().out


def test_key_that_ci_signs_with_is_made_once_for_environments_of_reviewed_code(gitlab: GitLab) -> None:
    configure.run(show=True)
    assert not signing.is_required()
    configure.run()
    made = [each for each in gitlab.lists["variables"] if each["key"] == "SIGNING_KEY"]
    assert [each["environment_scope"] for each in made] == ["automation", "staging", "production"]
    assert all(each["protected"] and "PRIVATE KEY" in each["value"] for each in made)
    before = signing.SIGNERS.read_text()
    configure.run()
    assert signing.SIGNERS.read_text() == before

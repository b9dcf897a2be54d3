"""GitLab is set up over HTTP; here a server of this machine stands for it, and remembers what it is sent."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from gitlab_server import PROJECT, TOKEN, GitLab, serving

from << cookiecutter.__package_name >>.errors import ProjectError
from << cookiecutter.__package_name >>.gitlab import configure, rules

pytestmark = pytest.mark.requirement("CD-07")


@pytest.fixture
def gitlab(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitLab]:
    """A new project of GitLab: it has a branch main, and nothing else."""
    with serving() as server:
        monkeypatch.setenv("CI_API_V4_URL", f"{server.url}/api/v4")
        monkeypatch.setenv("CI_PROJECT_ID", PROJECT.rpartition("/")[2])
        monkeypatch.setenv("CI_PROJECT_URL", f"{server.url}/group/name")
        monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
        yield server


def test_a_new_project_gets_all_that_the_rules_say(gitlab: GitLab) -> None:
    configure.run()
    assert gitlab.project == rules.PROJECT
    assert gitlab.body("POST", "repository/branches") == {"branch": "develop", "ref": "main"}
    protected = [body for method, path, body in gitlab.sent if (method, path) == ("POST", "protected_branches")]
    assert protected == list(rules.BRANCHES)
    assert {each["name"] for each in gitlab.lists["protected_tags"]} == {"model@*", "model#*"}
    assert tuple(each["name"] for each in gitlab.lists["environments"]) == rules.ENVIRONMENTS
    assert gitlab.body("POST", "protected_environments") == rules.DEPLOYERS


def test_main_and_develop_take_merge_requests_alone() -> None:
    for branch in rules.BRANCHES:
        assert branch["push_access_level"] == rules.NOBODY
        assert branch["allow_force_push"] is False
    assert rules.PROJECT["only_allow_merge_if_pipeline_succeeds"] is True


def test_each_schedule_says_what_it_is_for(gitlab: GitLab) -> None:
    configure.run()
    made = {each["description"]: each for each in gitlab.lists["pipeline_schedules"]}
    wanted = tomllib.loads(configure.SCHEDULES.read_text())
    assert {name: each["cron"] for name, each in made.items()} == wanted
    for name, each in made.items():
        assert [(said["key"], said["value"]) for said in each["variables"]] == [("WORKFLOW", name)]


def test_what_is_there_already_is_left_alone(gitlab: GitLab) -> None:
    configure.run()
    gitlab.sent.clear()
    configure.run()
    assert gitlab.sent == []


def test_what_somebody_changed_becomes_what_it_should_be(gitlab: GitLab) -> None:
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


def test_showing_says_it_and_does_nothing(gitlab: GitLab, capsys: pytest.CaptureFixture[str]) -> None:
    configure.run(show=True)
    told = capsys.readouterr().out
    assert gitlab.sent == []
    assert 'would set branch develop: POST repository/branches {"branch": "develop", "ref": "main"}' in told
    assert "would set schedule train: POST pipeline_schedules" in told
    assert "not set: IMAGE_REPOSITORY (" in told
    assert "not set: PROJECT_TOKEN (" in told


def test_what_a_plan_does_not_have_is_told_and_is_no_error(gitlab: GitLab, capsys: pytest.CaptureFixture[str]) -> None:
    gitlab.refuses["protected_environments"] = 404
    configure.run()
    assert "NOT SET: deployers to production: not in this plan of GitLab" in capsys.readouterr().out


def test_what_is_refused_is_told_and_the_rest_is_set(gitlab: GitLab, capsys: pytest.CaptureFixture[str]) -> None:
    gitlab.refuses["protected_tags"] = 403
    with pytest.raises(ProjectError, match=r"GitLab refused: model@\*, model#\*"):
        configure.run()
    assert "NOT SET: model@*: GitLab refuses POST protected_tags: 403 not in this plan" in capsys.readouterr().out
    assert gitlab.lists["pipeline_schedules"]


def test_a_project_without_a_branch_is_told_to_be_pushed_first(gitlab: GitLab) -> None:
    gitlab.lists["repository/branches"].clear()
    with pytest.raises(ProjectError, match="no branch main yet"):
        configure.run()


def test_values_are_asked_for_and_a_secret_is_read_from_a_file(
    gitlab: GitLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one line").write_text("postgresql://host/log\n")
    (tmp_path / "lines").write_text("several\nlines\n")

    def answer(question: str) -> str:
        if question.startswith("a file with PREDICTION_LOG ("):
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
    assert made["PREDICTION_LOG"]["environment_scope"] == "*"
    kept = [each for each in made.values() if each["environment_scope"] == "staging"]
    assert kept
    # GitLab cannot hide several lines.
    assert {(each["value"], each["masked"]) for each in kept} == {("several\nlines", False)}


def test_a_file_that_is_not_there_is_named(gitlab: GitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: "no/such/file" * question.startswith("a file"))
    with pytest.raises(ProjectError, match=r"no/such/file cannot be read: No such file or directory; \w+ is not set"):
        configure.run()
    assert "variables" not in gitlab.lists


def test_what_is_set_is_not_asked_for_again(gitlab: GitLab, capsys: pytest.CaptureFixture[str]) -> None:
    scopes = {setting.name: ["*"] if setting.everywhere else rules.ENVIRONMENTS for setting in configure.ASKED}
    gitlab.lists["variables"] = [
        {"key": name, "environment_scope": scope} for name, each in scopes.items() for scope in each
    ]
    configure.run()
    assert "not set:" not in capsys.readouterr().out

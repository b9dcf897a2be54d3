"""GitLab is asked over HTTP; here a server on this machine stands for it, which records what it is sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from library.ci.gitlab_server import PROJECT, TOKEN, GitLab, serving
from mlops_maturity.ci.gitlab import interface, platform
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import write_text
from mlops_maturity.project.paths import PULL_REQUEST
from mlops_maturity.project.repository import git

BRANCH = "training/abc"
REQUESTS = "merge_requests"


@pytest.fixture
def gitlab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitLab]:
    """A project of GitLab, and a job of it that has the project's token and a text for people."""
    monkeypatch.chdir(tmp_path)
    write_text(PULL_REQUEST, "## Model v1\n\nIt is better.\n")
    with serving() as server:
        for name, value in {
            "CI_API_V4_URL": f"{server.url}/api/v4",
            "CI_PROJECT_ID": PROJECT.rpartition("/")[2],
            "CI_PROJECT_URL": f"{server.url}/group/name",
            "CI_JOB_URL": f"{server.url}/group/name/-/jobs/3",
            "PROJECT_TOKEN": TOKEN,
        }.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.mark.guards("1-CD")
def test_merge_request_has_the_branch_and_the_text(gitlab: GitLab) -> None:
    platform.open_pull_request(BRANCH)
    asked = gitlab.body("POST", REQUESTS)
    assert (asked["source_branch"], asked["target_branch"]) == (BRANCH, "main")
    assert (asked["title"], asked["description"]) == ("Model v1", "It is better.")


@pytest.mark.guards("1-CD")
def test_open_merge_request_is_updated(gitlab: GitLab) -> None:
    gitlab.lists[REQUESTS] = [{"id": 4, "iid": 4, "web_url": f"{gitlab.url}/4"}]
    platform.open_pull_request(BRANCH)
    assert gitlab.sent == [("PUT", f"{REQUESTS}/4", {"title": "Model v1", "description": "It is better."})]


@pytest.mark.guards("1-CD")
@pytest.mark.parametrize("why", ["no token", "refused"])
def test_refused_merge_request_leaves_a_link(
    why: str, gitlab: GitLab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if why == "no token":
        monkeypatch.delenv("PROJECT_TOKEN")
    gitlab.refuses[REQUESTS] = 403
    platform.open_pull_request(BRANCH)
    printed = capsys.readouterr().out
    assert f"the branch {BRANCH} waits, but no merge request was opened (" in printed
    assert f"{gitlab.url}/group/name/-/merge_requests/new?merge_request[source_branch]={BRANCH}" in printed


@pytest.mark.guards("1-CD")
def test_nothing_changed_asks_for_nothing(gitlab: GitLab, capsys: pytest.CaptureFixture[str]) -> None:
    platform.open_pull_request("")
    PULL_REQUEST.unlink()
    platform.open_pull_request("dependencies")
    assert gitlab.sent == []
    assert capsys.readouterr().out.count("nothing has changed") == 2


@pytest.mark.guards("1-CD")
@pytest.mark.parametrize(
    ("origin", "page"),
    [
        ("git@gitlab.example:group/sub/name.git", "https://gitlab.example/group/sub/name"),
        ("https://gitlab.example:8443/group/name", "https://gitlab.example:8443/group/name"),
        ("ssh://git@gitlab.example:2222/group/name.git", "https://gitlab.example/group/name"),
        ("https://user:word@gitlab.example/group/name.git", "https://gitlab.example/group/name"),
    ],
)
def test_project_outside_of_a_job_is_that_of_the_remote(
    origin: str, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in (["init", "--quiet"], ["remote", "add", "origin", origin]):
        git(*command, folder=tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("CI_API_V4_URL", "GITLAB_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    project = interface.here("GITLAB_TOKEN")
    assert project.page == page
    assert project.address.endswith("/api/v4/projects/" + page.split("/", 3)[3].replace("/", "%2F"))
    assert TOKEN not in repr(project)


@pytest.mark.guards("1-CD")
@pytest.mark.usefixtures("gitlab")
def test_refusal_and_unreachable_server_are_one_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROJECT_TOKEN", "of another project")
    with pytest.raises(ProjectError, match="GitLab refuses GET issues: 401 401 Unauthorized"):
        interface.here("PROJECT_TOKEN").listed("issues")
    monkeypatch.setenv("CI_API_V4_URL", "http://127.0.0.1:9/api/v4")
    with pytest.raises(ProjectError, match=r"GitLab cannot be reached at http://127\.0\.0\.1:9"):
        interface.here("PROJECT_TOKEN").ask("GET")


@pytest.mark.guards("1-CD")
def test_list_longer_than_a_page_is_read_to_its_end(gitlab: GitLab) -> None:
    gitlab.lists["issues"] = [{"id": number} for number in range(250)]
    assert len(interface.here("PROJECT_TOKEN").listed("issues")) == 250


@pytest.mark.guards("MON-02")
def test_training_is_started_as_a_pipeline(gitlab: GitLab) -> None:
    platform.start_training("degraded", "it got worse")
    asked = gitlab.body("POST", "pipeline")
    assert asked["ref"] == "main"
    said = {each["key"]: each["value"] for each in asked["variables"]}
    assert said == {"WORKFLOW": "train", "EVENT": "degraded", "WHY": "it got worse"}


@pytest.mark.guards("MON-02")
def test_missing_token_is_refused(gitlab: GitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROJECT_TOKEN")
    for act in (
        lambda: platform.start_training("drift", "it drifts"),
        lambda: platform.tell_people("Look", ["silent"], PULL_REQUEST),
    ):
        with pytest.raises(ProjectError, match=r"PROJECT_TOKEN is not set; docs/gitlab\.md says what it is"):
            act()
    assert gitlab.sent == []


@pytest.mark.guards("MON-02")
def test_open_issue_is_edited_and_gets_a_comment_only_for_other_findings(gitlab: GitLab) -> None:
    write_text(Path("text.md"), "what was seen\n")

    def asked(*names: str) -> list[str]:
        gitlab.sent.clear()
        platform.tell_people("Look", names, Path("text.md"))
        return [f"{method} {path}" for method, path, _ in gitlab.sent]

    assert asked("silent") == ["POST issues"]
    made = gitlab.body("POST", "issues")
    assert (made["title"], made["labels"]) == ("Look", "monitoring")
    assert "what was seen" in made["description"]
    assert f"{gitlab.url}/group/name/-/jobs/3" in made["description"]
    assert asked("silent") == ["PUT issues/1"]
    assert asked("silent", "unhealthy") == ["PUT issues/1", "POST issues/1/notes"]


@pytest.mark.guards("1-CD")
def test_project_without_a_remote_or_with_a_wrong_server_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("init", "--quiet", folder=tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI_API_V4_URL", raising=False)
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    with pytest.raises(ProjectError, match="no remote repository `origin` says which project this is"):
        interface.here("GITLAB_TOKEN")
    git("remote", "add", "origin", "git@gitlab.example:group/name.git")
    monkeypatch.setenv("GITLAB_URL", "ftp://gitlab.example")
    with pytest.raises(ProjectError, match=r"GITLAB_URL is ftp://gitlab\.example, which is no address of a web server"):
        interface.here("GITLAB_TOKEN")


@pytest.mark.parametrize(
    ("answered", "why"),
    [
        (b"<html>", "no reason given"),
        (b'{"message": {"name": ["is taken"]}}', '{"name": ["is taken"]}'),
        (b"[1]", "[1]"),
    ],
)
def test_reason_of_a_refusal_is_read_from_any_answer(answered: bytes, why: str) -> None:
    assert interface._why(answered) == why

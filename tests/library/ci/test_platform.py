"""A project asks the CI system that it was generated for."""

from pathlib import Path

import pytest

from library.ci.conftest import Project
from mlops_maturity.ci import platform
from mlops_maturity.ci.settings import settings_of
from mlops_maturity.project import answers
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import MONITORING_SUMMARY


@pytest.mark.guards("MON-02")
def test_requests_go_to_the_provider_of_the_project(
    project_of: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = project_of("jenkins") / "outputs"
    monkeypatch.setenv("OUTPUTS", str(outputs))
    platform.start_training("drift", "it drifts")
    assert platform.tell_people("Look", ["silent"], MONITORING_SUMMARY).startswith("this build becomes unstable")
    platform.open_pull_request("training/abc")
    assert outputs.read_text().splitlines() == ["EVENT=drift", "WHY=it drifts", "TELL=Look: silent"]
    assert "the branch training/abc waits" in capsys.readouterr().out


@pytest.mark.guards("CD-07")
def test_configure_runs_the_setup_of_the_provider(project_of: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project_of("github")
    shown: list[bool] = []
    monkeypatch.setattr("mlops_maturity.ci.github.configure.run", shown.append)
    platform.configure(show=True)
    assert shown == [True]


@pytest.mark.guards("CD-07")
def test_configure_of_jenkins_names_its_own_files(project_of: Project) -> None:
    project_of("jenkins")
    with pytest.raises(ProjectError, match=r"its own files in jenkins/: see docs/jenkins\.md"):
        platform.configure()


def test_platform_outside_of_a_project_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProjectError, match=r"\.template\.json is missing"):
        platform.of_project()


@pytest.mark.guards("SEC-04")
@pytest.mark.parametrize(
    ("cloud", "names"),
    [
        ("none", set()),
        ("aws", {"AWS_ROLE", "AWS_REGION"}),
        ("gcp", {"GCP_WORKLOAD_IDENTITY_PROVIDER", "GCP_SERVICE_ACCOUNT"}),
    ],
)
def test_settings_of_a_cloud_are_an_identity_and_no_key(cloud: str, names: set[str], project_of: Project) -> None:
    project_of("github", "kubernetes", cloud)
    settings = {setting.name: setting for setting in settings_of(answers.load())}
    assert {name for name in settings if name.startswith(("AWS", "GCP"))} == names
    assert not any(settings[name].secret for name in names)
    assert {"DEPLOY_CONTEXT", "DEPLOY_KUBECONFIG"} <= set(settings)

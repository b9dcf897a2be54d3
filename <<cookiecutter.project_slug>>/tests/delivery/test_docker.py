"""Delivery to a machine with Docker."""

from collections.abc import Callable
from pathlib import Path

import pytest

from << cookiecutter.__package_name >>.delivery import docker
from << cookiecutter.__package_name >>.errors import ProjectError

pytestmark = pytest.mark.requirement("1-CD")

Stage = Callable[[str, str], Path]

# Says where it is told to work, and answers as the service would.
DOCKER = """
case "$*" in
  *exec*) echo 0123456789ab ;;
  *up*) echo "$IMAGE at ${DOCKER_HOST:-this machine}" ;;
esac
"""


def test_nothing_is_delivered_before_a_place_is_named(
    model: Path,
    stage: Stage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    notes, summary = stage("docker", DOCKER), tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    docker.run(model)
    told = capsys.readouterr().out
    assert told.startswith("NOT DELIVERED: set DEPLOY_HOST")
    assert summary.read_text() == told
    assert notes.read_text() == ""


def test_this_machine_starts_the_image_and_is_asked(
    model: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    notes = stage("docker", DOCKER)
    monkeypatch.setenv("DEPLOY_HOST", "local")
    docker.run(model)
    told = capfd.readouterr().out.splitlines()
    assert told[0].endswith(":0123456789ab at this machine")
    assert told[1] == "delivered model 0123456789ab to local: it answers"
    assert "save" not in notes.read_text()


def test_another_machine_gets_the_image_first(
    model: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    notes = stage("docker", DOCKER)
    monkeypatch.setenv("DEPLOY_HOST", "me@there")
    docker.run(model)
    assert " at ssh://me@there\n" in capfd.readouterr().out
    done = [line.split()[0] for line in notes.read_text().splitlines()]
    assert sorted(done[1:3]) == ["load", "save"]
    assert done[3:] == ["compose", "compose"]


def test_what_was_not_built_is_not_delivered(model: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage("docker", "exit 1")
    monkeypatch.setenv("DEPLOY_HOST", "local")
    with pytest.raises(ProjectError, match="run `make image` first"):
        docker.run(model)


def test_a_service_that_does_not_start_is_a_failed_delivery(
    model: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = stage("docker", 'case "$*" in *up*) exit 1 ;; esac')
    monkeypatch.setenv("DEPLOY_HOST", "local")
    with pytest.raises(ProjectError, match="did not get ready at local"):
        docker.run(model)
    assert "logs" in notes.read_text()

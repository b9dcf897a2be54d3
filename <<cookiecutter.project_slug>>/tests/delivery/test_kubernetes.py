"""Delivery to a Kubernetes cluster."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from << cookiecutter.__package_name >>.delivery import kubernetes
from << cookiecutter.__package_name >>.errors import ProjectError

pytestmark = pytest.mark.requirement("1-CD")

Stage = Callable[[str, str], Path]

REPOSITORY = "registry.example/team/service"
DIGEST = f"sha256:{64 * '1'}"
DIGESTS = json.dumps([f"other@sha256:{64 * '2'}", f"{REPOSITORY}@{DIGEST}"])
DOCKER = f"case \"$*\" in *RepoDigests*) echo '{DIGESTS}' ;; esac"
# Keeps what it is to apply, and answers as the service would.
KUBECTL = """
case "$*" in
  *apply*) for folder in "$@"; do :; done; cat "$folder/kustomization.yaml" > applied.yaml ;;
  *exec*) echo 0123456789ab ;;
esac
"""


@pytest.fixture
def place(model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cluster, and where it pulls images from; gives the model to deliver."""
    monkeypatch.setenv("DEPLOY_CONTEXT", "there")
    monkeypatch.setenv("IMAGE_REPOSITORY", REPOSITORY)
    return model


@pytest.mark.parametrize("missing", ["DEPLOY_CONTEXT", "IMAGE_REPOSITORY"])
def test_nothing_is_delivered_before_a_place_is_named(
    missing: str, place: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = stage("docker", DOCKER), stage("kubectl", KUBECTL)
    monkeypatch.delenv(missing)
    kubernetes.run(place)
    assert capsys.readouterr().out.startswith("NOT DELIVERED: set DEPLOY_CONTEXT")
    assert [note.read_text() for note in notes] == ["", ""]


def test_the_cluster_gets_the_image_by_its_digest(
    place: Path, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage("docker", DOCKER)
    notes = stage("kubectl", KUBECTL)
    kubernetes.run(place)
    applied = yaml.safe_load(Path("applied.yaml").read_text(encoding="utf-8"))
    assert applied["images"] == [{"name": "prediction", "newName": REPOSITORY, "digest": DIGEST}]
    assert [Path(resource).name for resource in applied["resources"]] == ["production"]
    done = [line.split()[:5] for line in notes.read_text().splitlines()]
    assert [words[4] for words in done] == ["apply", "rollout", "exec"]
    assert all(words[:2] == ["--context", "there"] for words in done)
    assert capsys.readouterr().out == "delivered model 0123456789ab to there: it answers\n"


@pytest.mark.parametrize("refused", ["apply", "rollout"])
def test_what_the_cluster_refuses_is_a_failed_delivery(refused: str, place: Path, stage: Stage) -> None:
    stage("docker", DOCKER)
    stage("kubectl", f'case "$*" in *{refused}*) exit 1 ;; esac')
    with pytest.raises(ProjectError, match=f"{refused}.*failed"):
        kubernetes.run(place)


def test_an_image_without_a_digest_is_not_delivered(place: Path, stage: Stage) -> None:
    stage("docker", "")
    notes = stage("kubectl", KUBECTL)
    with pytest.raises(ProjectError, match="does not know the digest"):
        kubernetes.run(place)
    assert notes.read_text() == ""

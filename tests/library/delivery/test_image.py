"""The image of one model and its code, and waiting for the model that was deployed."""

import io
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request

import pytest

from library.delivery.conftest import Stage
from mlops_maturity.delivery import arrival, image
from mlops_maturity.delivery.arrival import answering, await_model
from mlops_maturity.delivery.place import Address
from mlops_maturity.project.errors import ProjectError

pytestmark = pytest.mark.guards("1-CD", "CI-07")

THERE = Address("http://127.0.0.1:1")


def test_image_of_a_model_is_named_by_what_is_in_it(
    model: Path, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = stage("docker", "echo 380000000")
    image.run(model)
    build, _ = notes.read_text().splitlines()
    built = image.image_of(model)
    assert built.name.endswith(f":{built.key}")
    assert built.name.startswith(f"{image.project_name()}:")
    assert build.startswith(f"build --file deploy/Dockerfile --tag {built.name} --build-arg MODEL={model} ")
    assert "--build-arg VERSION=0123456789ab" in build
    assert capsys.readouterr().out.endswith(f"built {built.name}: 380 MB\n")


def test_image_without_a_model_is_not_built(model: Path, stage: Stage) -> None:
    notes = stage("docker", "")
    with pytest.raises(ProjectError, match="run `make fetch` first"):
        image.run(model.with_name("other.zip"))
    assert notes.read_text() == ""


def test_image_of_a_model_outside_of_models_is_refused(model: Path, stage: Stage) -> None:
    notes = stage("docker", "")
    elsewhere = model.rename("elsewhere.zip")
    with pytest.raises(ProjectError, match="is not in models/"):
        image.run(elsewhere)
    assert notes.read_text() == ""


def test_image_whose_build_fails_reports_it(model: Path, stage: Stage) -> None:
    stage("docker", "exit 1")
    with pytest.raises(ProjectError, match="could not build"):
        image.run(model)


def answers(monkeypatch: pytest.MonkeyPatch, *models: str) -> None:
    """Let one model after the other answer, and then the last one again and again."""
    found = list(models)
    monkeypatch.setattr(arrival, "answering", lambda _: found.pop(0) if len(found) > 1 else found[0])
    monkeypatch.setattr("time.sleep", lambda _: None)


def test_await_model_returns_when_the_deployed_model_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "", "old", "new")
    await_model("new", THERE, "there")


@pytest.mark.parametrize(("found", "told"), [("", "nobody answers"), ("old", "model old answers at there instead of")])
def test_await_model_while_another_answers_fails(found: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, found)
    with pytest.raises(ProjectError, match=told):
        await_model("new", THERE, "there", seconds=0.01)


@pytest.mark.parametrize("ready", [True, False])
def test_answering_before_it_is_ready_is_no_answer(ready: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: Request, timeout: float) -> io.BytesIO:
        if request.full_url.endswith("/ready") and not ready:
            raise URLError(f"not ready within {timeout} s")
        return io.BytesIO(b'{"model_version": "new"}')

    monkeypatch.setattr(arrival, "urlopen", answer)
    assert answering(THERE) == ("new" if ready else "")

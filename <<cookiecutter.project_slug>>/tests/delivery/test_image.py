"""One image for one model and its code, and the end of every delivery."""

import io
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request

import pytest

from << cookiecutter.__package_name >>.delivery import arrival, image
from << cookiecutter.__package_name >>.delivery.arrival import answering, await_model
from << cookiecutter.__package_name >>.delivery.place import Address
from << cookiecutter.__package_name >>.errors import ProjectError

pytestmark = pytest.mark.requirement("1-CD")

Stage = Callable[[str, str], Path]
THERE = Address("http://127.0.0.1:1")


def test_the_image_is_named_by_what_is_in_it(model: Path, stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    notes = stage("docker", "echo 380000000")
    image.run(model)
    build, _ = notes.read_text().splitlines()
    built = image.image_of(model)
    assert built.name.endswith(f":{built.key}")
    assert built.name.startswith(f"{image.project_name()}:")
    assert build.startswith(f"build --file deploy/Dockerfile --tag {built.name} --build-arg MODEL={model} ")
    assert "--build-arg VERSION=0123456789ab" in build
    assert capsys.readouterr().out.endswith(f"built {built.name}: 380 MB\n")


def test_without_a_model_there_is_nothing_to_build(model: Path, stage: Stage) -> None:
    notes = stage("docker", "")
    with pytest.raises(ProjectError, match="run `make fetch` first"):
        image.run(model.with_name("other.zip"))
    assert notes.read_text() == ""


def test_a_model_that_the_build_would_not_see_is_refused(model: Path, stage: Stage) -> None:
    notes = stage("docker", "")
    elsewhere = model.rename("elsewhere.zip")
    with pytest.raises(ProjectError, match="is not in models/"):
        image.run(elsewhere)
    assert notes.read_text() == ""


def test_a_build_that_fails_is_told(model: Path, stage: Stage) -> None:
    stage("docker", "exit 1")
    with pytest.raises(ProjectError, match="could not build"):
        image.run(model)


def answers(monkeypatch: pytest.MonkeyPatch, *models: str) -> None:
    """Let one model after the other answer, and then the last one again and again."""
    found = list(models)
    monkeypatch.setattr(arrival, "answering", lambda _: found.pop(0) if len(found) > 1 else found[0])
    monkeypatch.setattr("time.sleep", lambda _: None)


def test_the_model_that_was_deployed_must_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "", "old", "new")
    await_model("new", THERE, "there")


@pytest.mark.parametrize(("found", "told"), [("", "nobody answers"), ("old", "model old answers at there instead of")])
def test_another_model_is_a_failed_deployment(found: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, found)
    with pytest.raises(ProjectError, match=told):
        await_model("new", THERE, "there", seconds=0.01)


@pytest.mark.parametrize("ready", [True, False])
def test_who_is_not_ready_is_no_answer(ready: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: Request, timeout: float) -> io.BytesIO:
        if request.full_url.endswith("/ready") and not ready:
            raise URLError(f"not ready within {timeout} s")
        return io.BytesIO(b'{"model_version": "new"}')

    monkeypatch.setattr(arrival, "urlopen", answer)
    assert answering(THERE) == ("new" if ready else "")

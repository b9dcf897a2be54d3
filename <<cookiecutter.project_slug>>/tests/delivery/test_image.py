"""One image for one model, and the end of every delivery."""

import io
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from urllib.error import URLError

import pytest

from << cookiecutter.__package_name >>.delivery import image
from << cookiecutter.__package_name >>.delivery.arrival import ASK, await_version
from << cookiecutter.__package_name >>.errors import ProjectError

pytestmark = pytest.mark.requirement("1-CD")

Stage = Callable[[str, str], Path]


def test_the_image_is_named_by_its_model(model: Path, stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    notes = stage("docker", "echo 380000000")
    image.run(model)
    build, _ = notes.read_text().splitlines()
    name = image.image_of(model).name
    assert name.endswith(":0123456789ab")
    assert build.startswith(f"build --file deploy/Dockerfile --tag {name} --build-arg MODEL=models/production.zip ")
    assert "--build-arg VERSION=0123456789ab" in build
    assert capsys.readouterr().out.endswith(f"built {name}: 380 MB\n")


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


def test_the_version_that_was_delivered_must_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    found = iter(["", "old", "new"])
    await_version("new", "there", lambda: next(found))


@pytest.mark.parametrize(("found", "told"), [("", "nobody answers"), ("old", "model old answers at there instead of")])
def test_another_version_is_a_failed_delivery(found: str, told: str) -> None:
    with pytest.raises(ProjectError, match=told):
        await_version("new", "there", lambda: found, seconds=0.01)


@pytest.mark.parametrize("ready", [True, False])
def test_who_is_not_ready_is_no_answer(
    ready: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(url: str, timeout: float) -> io.StringIO:
        if url.endswith("/ready") and not ready:
            raise URLError(f"not ready within {timeout} s")
        return io.StringIO('{"model_version": "new"}')

    monkeypatch.setattr("urllib.request.urlopen", answer)
    with nullcontext() if ready else pytest.raises(URLError):
        exec(ASK[-1], {})  # noqa: S102
    assert capsys.readouterr().out == ("new\n" if ready else "")

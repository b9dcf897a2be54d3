"""Services in a thread of this process, correct or with a defect, and a release that runs on this machine."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn

from library import in_process
from mlops_maturity.delivery.arrival import await_model
from mlops_maturity.delivery.checks import inside
from mlops_maturity.delivery.place import Address
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.artefact import Artefact
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.paths import ARTEFACT
from mlops_maturity.serving.live import LiveApp
from mlops_maturity.serving.log import PredictionLog
from mlops_maturity.serving.server import listen

# Answers with a model, over HTTP, as long as the block lasts.
Serve = Callable[[Predictor], AbstractContextManager[Address]]


@pytest.fixture(scope="session")
def model(trained_workspace: Path) -> Path:
    """The packaged model of the sample project."""
    return trained_workspace / ARTEFACT


@pytest.fixture
def predictor(model: Path) -> Predictor:
    """The same, to be changed."""
    return Predictor.load(model)


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Serve a model in a thread."""

    @contextmanager
    def serving(predictor: Predictor) -> Iterator[Address]:
        log = PredictionLog(f"sqlite:///{tmp_path_factory.mktemp('log') / 'predictions.sqlite'}")
        listening = listen("127.0.0.1", 0)
        address = Address(f"http://127.0.0.1:{listening.getsockname()[1]}")
        config = uvicorn.Config(LiveApp(predictor, log), log_level="warning", access_log=False, ws="none")
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            await_model(predictor.version, address, "here", seconds=20)
            yield address
        finally:
            server.should_exit = True
            thread.join()

    return serving


@pytest.fixture(scope="session")
def service(serve: Serve, model: Path) -> Iterator[Address]:
    """A correct service of the packaged model."""
    with serve(Predictor.load(model)) as address:
        yield address


@pytest.fixture
def trial(model: Path, in_workspace: Path) -> Any:  # noqa: ARG001 - the settings are read there
    """A release of the packaged model on trial in staging, which is this machine."""

    def try_out(_: object, arguments: list[str]) -> CompletedProcess[str]:
        told = [str(model) if argument == inside.MODEL else argument for argument in arguments]
        return in_process.run(*told)

    place = SimpleNamespace(name="here", try_out=try_out)
    release = SimpleNamespace(model=Predictor.load(model).version)
    return SimpleNamespace(environment="staging", release=release, place=place)


@pytest.fixture
def of_old(model: Path, predictor: Predictor, tmp_path: Path) -> tuple[Path, str]:
    """The same model with another name of a column, and the column's present name."""
    name = predictor.features.numbers[-1]
    artefact = artefacts.read(model, made_by="make package")
    manifest = json.loads(json.dumps(artefact.manifest).replace(json.dumps(name), json.dumps(f"{name} of old")))
    artefacts.write(Artefact(artefact.model, manifest), tmp_path / "old.zip")
    return tmp_path / "old.zip", name

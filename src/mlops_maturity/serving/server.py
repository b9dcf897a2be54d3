"""Running the prediction service on this machine."""

import socket
from pathlib import Path

import uvicorn

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.serving.service import create_app


def run(model: Path, host: str, port: int) -> None:
    """Answer with a packaged model until the process is told to end.

    Raises:
        ProjectError: the model is missing or damaged, or the address is not to be had.
    """
    app = create_app(opened(model))
    listening = listen(host, port)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listening])


def opened(model: Path) -> Predictor:
    """A packaged model that is ready to answer.

    Raises:
        ProjectError: it is missing or damaged, or the features at hand are not those that it was trained with.
    """
    predictor = Predictor.load(model)
    predictor.own_features  # noqa: B018 - now, and not at the first request
    return predictor


def listen(host: str, port: int) -> socket.socket:
    """Take an address, and tell people where it is.

    Raises:
        ProjectError: the address is not to be had.
    """
    try:
        listening = socket.create_server((host, port), backlog=2048)
    except OSError as error:
        raise ProjectError(f"{host}:{port} is not to be had ({error.strerror}); choose another with --port") from None
    # Port 0 asks for any that is free.
    print(f"try it: http://{host}:{listening.getsockname()[1]}/docs", flush=True)
    return listening

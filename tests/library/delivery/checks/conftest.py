"""Services as processes of their own, sound or with a fault, and a release that runs on this machine."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from types import SimpleNamespace
from typing import Any

import pytest
from sandbox import ROOT, environment

from mlops_maturity.delivery.arrival import await_model
from mlops_maturity.delivery.checks import inside
from mlops_maturity.delivery.place import Address
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.artefact import Artefact
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.paths import ARTEFACT

SERVICE = """
import time
from pathlib import Path
from mlops_maturity.serving import live
from mlops_maturity.model.predictor import Predictor
{fault}
live.run(Path({model!r}), "127.0.0.1", 0)
"""
# An image has what serving needs, and no data, no settings and no git.
IN_AN_IMAGE = """
import sys

for name in ("gto", "matplotlib", "pandas", "pandera", "pyarrow", "scipy", "skl2onnx", "sklearn"):
    sys.modules[name] = None  # an import of it fails
from mlops_maturity.__main__ import main
sys.exit(main(sys.argv[1:]))
"""

Serve = Callable[..., AbstractContextManager[Address]]
Inside = Callable[..., CompletedProcess[str]]


@pytest.fixture(scope="session")
def model(workspace: Path) -> Path:
    """The packaged model."""
    return workspace / ARTEFACT


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Serve a packaged model in a process of its own, after some lines of code that plant a fault."""

    @contextmanager
    def serving(model: Path, fault: str = "") -> Iterator[Address]:
        log = tmp_path_factory.mktemp("log") / "predictions.sqlite"
        code = SERVICE.format(fault=fault, model=str(model))
        command = [sys.executable, "-c", code]
        variables = environment(ROOT) | {"PREDICTION_LOG": f"sqlite:///{log}"}
        with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                port = process.stdout.readline().rsplit(":", 1)[1].split("/")[0]
                address = Address(f"http://127.0.0.1:{port}")
                await_model(Predictor.load(model).version, address, "here", seconds=20)
                yield address
            finally:
                process.kill()

    return serving


@pytest.fixture(scope="session")
def service(serve: Serve, model: Path) -> Iterator[Address]:
    """A sound service of the packaged model."""
    with serve(model) as address:
        yield address


@pytest.fixture
def in_an_image(model: Path, predictor: Predictor, tmp_path: Path) -> Inside:
    """Run a command of the package as in the image of a model, here that of the packaged one unless told another."""
    if predictor.manifest["format"] != "onnx":
        pytest.skip("not exercised: a model that ONNX cannot say needs scikit-learn")

    def run(arguments: Sequence[str], of: Path = model) -> CompletedProcess[str]:
        told = [str(of) if argument == inside.MODEL else argument for argument in arguments]
        command = [sys.executable, "-c", IN_AN_IMAGE, *told]
        return subprocess.run(command, cwd=tmp_path, env=environment(ROOT), capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def trial(in_an_image: Inside, predictor: Predictor) -> Any:
    """A release of the packaged model on trial in staging, which is this machine."""
    place = SimpleNamespace(name="here", try_out=lambda _, arguments: in_an_image(arguments))
    return SimpleNamespace(environment="staging", release=SimpleNamespace(model=predictor.version), place=place)


@pytest.fixture
def of_old(model: Path, predictor: Predictor, tmp_path: Path) -> tuple[Path, str]:
    """The same model, but that it calls a column otherwise; and what the column is called now."""
    name = predictor.features.columns[0]
    artefact = artefacts.read(model, made_by="make package")
    manifest = json.loads(json.dumps(artefact.manifest).replace(json.dumps(name), json.dumps(f"{name} of old")))
    artefacts.write(Artefact(artefact.model, manifest), tmp_path / "old.zip")
    return tmp_path / "old.zip", name

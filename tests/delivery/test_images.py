"""The image of the service is really built, run as it is delivered, asked, and ended."""

import json
import re
import shutil
import sqlite3
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import Project, bake_into
from engines import Engine, Running, ask, base_of, free_port, serving

LARGEST = 200_000_000

ASK_IN_PROCESS = """
import json, sys
from mlops_maturity.model.predictor import Predictor
predictor = Predictor.load()
records = json.loads(sys.argv[1])
print(json.dumps({"version": predictor.version, "answers": predictor.answers(predictor.of_records(records))}))
"""
COUNTED = """
import os, sys
os.chdir(sys.argv[1])
from mlops_maturity.delivery.image import CODE, files_of
print(*files_of(CODE), sep="\\n")
"""
LOAD = ("python", "-c", "import onnxruntime")
RECORDS = [
    {
        "island": island,
        "bill_length_mm": 38.0 + 5 * number,
        "bill_depth_mm": 18.5,
        "flipper_length_mm": 187.0,
        "body_mass_g": 3600.0,
        "sex": None,
        "year": 2008,
    }
    for number, island in enumerate(("Torgersen", "Biscoe", "Dream"))
]


@dataclass(frozen=True)
class Built:
    """A project with a trained model and its image."""

    project: Project
    python: Path
    engine: Engine
    image: str
    version: str
    base: str
    expected: list[dict[str, Any]]

    def command(self, *arguments: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the project."""
        return self.engine.command(self.project, self.python, *arguments, check=check, **more)


@pytest.fixture(scope="module")
def built(
    engine: Engine,
    make_image: Callable[..., None],
    environment: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Built]:
    python = environment("none", "1")
    project = bake_into(tmp_path_factory.mktemp("image"), maturity_level="1")
    base = base_of(project)
    make_image(base)
    project.step(python, "ingest", "validate-data", "split", "train", "evaluate", "validate-model", "package")
    in_process = json.loads(project.python(python, "-c", ASK_IN_PROCESS, json.dumps(RECORDS)).stdout)
    shutil.copyfile(project.path / "models/model.zip", project.path / "models/production.zip")
    version = in_process["version"]
    (told,) = re.findall("^built .*$", engine.command(project, python, "image").stdout, re.MULTILINE)
    print(told)
    image = told.removeprefix("built ").rpartition(": ")[0]
    it = Built(project, python, engine, image, version, base, in_process["answers"])
    yield it
    engine("rmi", "--force", it.image, check=False)


def predict(port: int, records: list[dict[str, Any]]) -> dict[str, Any]:
    status, answer = ask(port, "POST", "/predict", json.dumps({"records": records}).encode())
    assert status == 200, answer
    return dict(answer)


@pytest.fixture(scope="module")
def service(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(built.engine, built.image, tmp_path_factory.mktemp("log") / "predictions") as running:
        yield running


def inside(built: Built, service: Running, *command: str) -> subprocess.CompletedProcess[str]:
    return built.engine("exec", service.name, *command, check=False)


def test_answers_are_those_of_the_model_in_process(built: Built, service: Running) -> None:
    answer = predict(service.port, RECORDS)
    assert answer["model_version"] == built.version
    for one, other in zip(answer["predictions"], built.expected, strict=True):
        assert one["prediction"] == other["prediction"]
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-6)


def test_the_image_says_which_model_and_which_source_it_has(built: Built) -> None:
    labels = json.loads(built.engine.inspect(built.image, "{{json .Config.Labels}}"))
    assert labels["org.opencontainers.image.version"] == built.version
    assert labels["org.opencontainers.image.revision"] == built.project.run("git", "rev-parse", "HEAD").stdout.strip()


def test_the_image_is_small(built: Built) -> None:
    image, base = (int(built.engine.inspect(name, "{{.Size}}")) for name in (built.image, built.base))
    print(f"the image is {(image - base) / 1e6:.0f} MB on top of its base")
    assert image - base < LARGEST


def test_nothing_to_install_or_build_with_is_inside(built: Built, service: Running) -> None:
    for tool in ("apk", "cc", "curl", "g++", "gcc", "git", "make", "pip", "pip3", "uv", "wget"):
        assert inside(built, service, "sh", "-c", f"command -v {tool}").stdout == ""
    found = inside(built, service, "find", "/", "-xdev", "-type", "d", "-path", "*-packages/pip").stdout
    assert found == ""


def test_it_is_not_root_and_writes_nowhere_but_to_its_log(built: Built, service: Running) -> None:
    assert built.engine.inspect(built.image, "{{.Config.User}}") == "10001:10001"
    assert inside(built, service, "id", "-u").stdout.strip() == "10001"
    for place in ("/service/x", "/x", "/service/environment/x", "/home/x"):
        assert "Read-only file system" in inside(built, service, "touch", place).stderr
    assert inside(built, service, "touch", "/var/lib/predictions/x").returncode == 0


def test_bytecode_is_there(built: Built, service: Running) -> None:
    """Without it every start would compile hundreds of modules, and could keep none of it."""
    find = "find /service -name '*.py' -newer /service/model.zip -o -name '*.pyc' | grep -c pyc"
    assert int(inside(built, service, "sh", "-c", find).stdout) > 500


def test_nobody_is_told_of_its_use(built: Built, service: Running) -> None:
    """ONNX Runtime would note who it is on disk and report: it says so where it cannot."""
    told = built.engine("logs", service.name)
    assert "telemetry" not in (told.stdout + told.stderr).lower()
    assert "telemetry" in built.engine("run", "--rm", "--env", "ORT_DISABLE_TELEMETRY=0", built.image, *LOAD).stderr


def test_the_health_check_asks_whether_it_is_ready(built: Built, service: Running) -> None:
    assert built.engine("healthcheck", "run", service.name, check=False).returncode == 0
    asleep = built.engine("run", "--detach", built.image, "sleep", "60").stdout.strip()
    try:
        assert built.engine("healthcheck", "run", asleep, check=False).returncode == 1
    finally:
        built.engine("rm", "--force", "--time", "1", asleep)


def test_told_to_end_it_keeps_what_it_acknowledged(built: Built, tmp_path: Path) -> None:
    with serving(built.engine, built.image, tmp_path / "predictions") as running:
        acknowledged = sum(len(predict(running.port, RECORDS)["predictions"]) for _ in range(50))
        built.engine("stop", "--time", "15", running.name)
        assert built.engine.inspect(running.name, "{{.State.ExitCode}}") == "0"
        with sqlite3.connect(running.log / "predictions.sqlite") as log:
            rows = log.execute("SELECT count(*), min(model_version), max(model_version) FROM predictions").fetchone()
    assert rows == (acknowledged, built.version, built.version)


def test_nothing_but_what_the_image_is_made_of_comes_near_it(built: Built, tmp_path: Path) -> None:
    context = tmp_path / "context"
    shutil.copytree(built.project.path, context)
    package = f"src/{built.project.package}"
    for path in (".env", "deploy/service.env", ".venv/x", "storage/x", f"{package}/__pycache__/x.pyc"):
        (context / path).parent.mkdir(exist_ok=True, parents=True)
        (context / path).write_text("secret")
    (context / package / "table.csv").write_text("code or not, the image has it")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    name, archive = "context:test", tmp_path / "context.tar"
    built.engine("build", "--file", str(tmp_path / "Dockerfile"), "--tag", name, str(context))
    container = built.engine("create", name, "nothing").stdout.strip()
    built.engine("export", "--output", str(archive), container)
    built.engine("rm", container)
    built.engine("rmi", name)
    with tarfile.open(archive) as tar:
        found = {member.name for member in tar if member.isfile()}
    counted = built.project.python(built.python, "-c", COUNTED, str(context))
    models = {f"models/{path.name}" for path in (context / "models").glob("*.zip")}
    # The hash of the library's wheel is counted, in vendor/requirements.lock.
    found -= {f"vendor/{path.name}" for path in (context / "vendor").glob("*.whl")}
    assert found - models == set(counted.stdout.splitlines()) - {".dockerignore", "deploy/Dockerfile"}
    assert f"{package}/table.csv" in found
    assert models < found


def test_without_a_model_in_production_there_is_no_image(built: Built) -> None:
    missing = built.command("image", "--model", "models/missing.zip", check=False)
    assert missing.returncode == 1
    assert missing.stderr == "image: models/missing.zip is missing; run `make fetch` first\n"


def test_it_is_deployed_to_this_machine(built: Built, make_image: Callable[..., None]) -> None:
    (proxy,) = re.findall(r"image: (haproxy:\S+)", built.project.text("deploy/compose.yaml"))
    make_image(proxy, "proxy-image")
    port, stack = free_port(), "penguin-species-production"
    try:
        done = built.command("deploy", DEPLOY_HOST="local", PORT=str(port))
        assert f"with model {built.version} to production (local): it answers" in done.stdout
        assert predict(port, RECORDS)["model_version"] == built.version
        (name,) = built.engine("ps", "--quiet", "--filter", f"name={stack}-blue").stdout.split()
        assert built.engine.inspect(name, "{{.HostConfig.ReadonlyRootfs}}") == "true"
        assert built.engine.inspect(name, "{{.HostConfig.SecurityOpt}}") == "[no-new-privileges]"
        status = built.engine("exec", name, "cat", "/proc/1/status").stdout
        assert "CapPrm:\t0000000000000000\n" in status
    finally:
        containers = built.engine("ps", "--all", "--quiet", "--filter", f"name={stack}").stdout.split()
        built.engine("rm", "--force", "--time", "1", *containers, check=False)
        built.engine("volume", "rm", "--force", f"{stack}-predictions", check=False)
        built.engine("network", "rm", "--force", stack, check=False)


def test_name_server_that_left_its_process_id_signals_no_other_process(built: Built) -> None:
    """The engine of these tests, and not what it tests: a signal to a stranger once ended another test's command."""
    network, note = "stale-name-server", Path("/run/containers/networks/aardvark-dns/aardvark.pid")
    note.parent.mkdir(parents=True, exist_ok=True)
    built.engine("network", "create", network)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            note.write_text(str(stranger.pid))
            assert built.engine("run", "--rm", "--network", network, built.base, "echo", "ran").stdout == "ran\n"
            assert stranger.poll() is None
        finally:
            stranger.kill()
            built.engine("network", "rm", "--force", network)


def test_a_new_repository_has_nowhere_to_deliver_to_and_says_so(built: Built, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    done = built.command("deploy", GITHUB_STEP_SUMMARY=str(summary))
    assert done.stdout.startswith("NOT DEPLOYED: set DEPLOY_HOST")
    assert summary.read_text() == done.stdout

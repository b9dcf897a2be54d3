"""Tuning on a Dask cluster: scheduler and workers are processes of their own, and the result is this machine's."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from conftest import Project, bake_into, clean_environment

# As few fits as leave two rungs.
SMALL = {
    "candidates: 27": "candidates: 6",
    "factor: 3": "factor: 2",
    "folds: 5": "folds: 3",
    "max_iter: 100": "max_iter: 40",
}
# So slow a start, and so strong a penalty, that something better is found.
POOR = {"learning_rate: 0.1": "learning_rate: 0.002", "penalty: 1.0": "penalty: 1.0e+6"}
PATIENCE = 300
SETS = ("ingest", "validate-data", "split")


@pytest.fixture(scope="module")
def python(environment: Callable[..., Path]) -> Path:
    return environment("none", "1")


@pytest.fixture(scope="module")
def project(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with its sets, whose code the workers have."""
    project = bake_into(tmp_path_factory.mktemp("project"), maturity_level="1")
    project.step(python, *SETS)
    return project


def wait_for(done: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)


@contextmanager
def dask(python: Path, folder: Path, command: list[str], code: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A process of Dask's, and the file that it logs to."""
    log = folder / f"{command[0]}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [str(python), "-m", "dask", *command, "--host", "127.0.0.1", "--no-dashboard"],
            cwd=folder,
            env=clean_environment(PYTHONPATH=code),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process, log
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def scheduler(python: Path, folder: Path) -> Iterator[str]:
    """A scheduler on a free port; gives its address."""
    about = folder / "scheduler.json"
    command = ["scheduler", "--port", "0", "--scheduler-file", str(about)]
    with dask(python, folder, command, "") as (process, log):
        wait_for(about.exists, process, log)
        yield json.loads(about.read_text())["address"]


@contextmanager
def worker(python: Path, folder: Path, address: str, code: str, threads: int = 1) -> Iterator[None]:
    """A worker that has reached its scheduler."""
    folder.mkdir()
    command = ["worker", address, "--nthreads", str(threads), "--no-nanny", "--local-directory", str(folder)]
    with dask(python, folder, command, code) as (process, log):
        wait_for(lambda: "Registered to" in log.read_text(), process, log)
        yield


def source(project: Project) -> str:
    return str(project.path / "src")


@pytest.fixture(scope="module")
def address(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler that has no workers of its own."""
    with scheduler(python, tmp_path_factory.mktemp("scheduler")) as address:
        yield address


@pytest.fixture(scope="module")
def cluster(python: Path, project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler with two workers."""
    folder = tmp_path_factory.mktemp("cluster")
    with ExitStack() as stack:
        address = stack.enter_context(scheduler(python, folder))
        for name in ("first", "second"):
            stack.enter_context(worker(python, folder / name, address, source(project)))
        yield address


def tune(project: Project, python: Path, code: str, **where: str) -> subprocess.CompletedProcess[str]:
    return project.run(str(python), "-m", "mlops_maturity", "tune", check=False, PYTHONPATH=code, **where)


@pytest.mark.parametrize(
    "target", ["species", *(pytest.param(name, marks=pytest.mark.speed("deep")) for name in ("sex", "body_mass_g"))]
)
def test_cluster_and_this_machine_find_the_same(
    target: str, project: Project, python: Path, cluster: str, tmp_path: Path
) -> None:
    other = bake_into(tmp_path, maturity_level="1", target=target)
    other.step(python, *SETS)
    params = other.path / "params.yaml"
    text = params.read_text()
    for old, new in (SMALL | POOR).items():
        assert f"  {old}\n" in text
        text = text.replace(f"  {old}\n", f"  {new}\n")
    found = {}
    places = {
        "on one core": {"LOKY_MAX_CPU_COUNT": "1"},
        "on two cores": {"LOKY_MAX_CPU_COUNT": "2"},
        "on a cluster": {"DASK_SCHEDULER_ADDRESS": cluster},
    }
    for name, where in places.items():
        params.write_text(text)
        done = tune(other, python, source(project), **where)
        assert done.returncode == 0, done.stderr
        assert (f"on {cluster}, 2 at a time" in done.stdout) == (name == "on a cluster")
        assert "rung 2: 3 candidates" in done.stdout
        found[name] = params.read_bytes(), (other.path / "reports" / "tuning.csv").read_bytes()
    first, *rest = found.values()
    assert first[0] != text.encode(), "nothing was tuned, so nothing was compared"
    assert all(result == first for result in rest)


def refused(project: Project, python: Path, address: str) -> str:
    """The one line that a cluster is refused with."""
    before = (project.path / "params.yaml").read_bytes()
    done = tune(project, python, source(project), DASK_SCHEDULER_ADDRESS=address)
    assert done.returncode == 1
    assert (project.path / "params.yaml").read_bytes() == before
    (line,) = done.stderr.splitlines()
    return line


def test_cluster_without_workers_is_refused(python: Path, address: str, project: Project) -> None:
    assert refused(project, python, address).startswith(f"tune: {address} has no workers; start each with")


def other_code(project: Project, folder: Path) -> str:
    code = folder / "code"
    shutil.copytree(source(project), code)
    module = code / project.package / "model.py"
    module.write_text(module.read_text() + "\n# another one\n")
    return str(code)


def other_version(project: Project, folder: Path) -> str:
    """A scikit-learn that says it is another."""
    about = folder / "scikit_learn-0.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: scikit-learn\nVersion: 0.1\n")
    return f"{folder}:{source(project)}"


@pytest.mark.parametrize(
    ("code", "threads", "says"),
    [
        (lambda project, _: source(project), 2, "has 2 threads"),
        (other_code, 1, "has code of penguin_species"),
        (other_version, 1, "has scikit-learn 0.1, this project"),
    ],
    ids=["two threads", "other code", "another version"],
)
def test_worker_that_could_find_something_else_is_refused(  # noqa: PLR0913
    code: Callable[[Project, Path], str],
    threads: int,
    says: str,
    *,
    python: Path,
    address: str,
    project: Project,
    tmp_path: Path,
) -> None:
    with worker(python, tmp_path / "worker", address, code(project, tmp_path), threads):
        line = refused(project, python, address)
    assert says in line
    assert "make setup" in line

"""What the template's tests share: generating projects, and one environment that they are run with."""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import libraries
import no_skips
import pytest
import ready_made
import speeds
from _pytest.terminal import TerminalReporter
from cookiecutter.environment import StrictEnvironment
from cookiecutter.main import cookiecutter
from filelock import FileLock

pytest_plugins = ["engines", "guards", "terraforming"]

TEMPLATE = Path(__file__).resolve().parent.parent
PROJECT_FOLDER = TEMPLATE / "<<cookiecutter.project_slug>>"
SAMPLE_SLUG = "penguin-species"

# The real command line, for the answers that follow.
COOKIECUTTER = [sys.executable, "-m", "cookiecutter", "--default-config", str(TEMPLATE)]

# What a new machine has: nothing of this one but the way to the package registry, and what was found out before.
KEPT = ("HOME", "LANG", "MYPY_CACHE_DIR", "PATH")
KEPT_PREFIXES = ("PIP_", "UV_", "SSL_", "REQUESTS_CA")
# The speeds of the tests that are not run.
LEFT_OUT = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--speed", choices=list(speeds.SPEEDS), help="run what this speed has; see tests/speeds.py")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "speed(name): another speed than that of the folder")
    config.pluginmanager.register(no_skips)
    config.stash[LEFT_OUT] = []


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not of the speed that is asked for, and begin with what takes longest."""
    found = [(item, speeds.speed_of(item, TEMPLATE / "tests")) for item in items]
    asked = config.getoption("speed")
    runs = speeds.SPEEDS[asked].runs if asked else tuple(speeds.SPEEDS)
    left_out = [item for item, speed in found if speed not in runs]
    config.hook.pytest_deselected(items=left_out)
    config.stash[LEFT_OUT] = [speed for _, speed in found if speed not in runs]
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    items[:] = speeds.share_out([item for item, speed in found if speed in runs], workers)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells the process that started it what it left out."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["left_out"] = session.config.stash[LEFT_OUT]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", node.config.stash[LEFT_OUT])


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    if asked := config.getoption("speed"):
        left_out: list[str] = config.stash[LEFT_OUT]
        for line in speeds.not_covered(asked, left_out):
            terminalreporter.write_line(line)


def clean_environment(**more: str) -> dict[str, str]:
    """The environment of a command that must not lean on this process's own."""
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_PREFIXES)}
    return kept | more


def run(
    command: list[str],
    folder: Path,
    *,
    check: bool = True,
    environment: Mapping[str, str] | None = None,
    typed: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run a command and, unless told otherwise, fail with all that it printed if it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=dict(environment or clean_environment()),
        capture_output=True,
        text=True,
        input=typed,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)} exited with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


@dataclass(frozen=True)
class Project:
    """A generated project."""

    path: Path

    @property
    def package(self) -> str:
        return self.path.name.replace("-", "_")

    def run(self, *command: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the project."""
        return run(list(command), self.path, check=check, environment=clean_environment(**more))

    def python(self, python: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run Python of a shared environment on this project's own package."""
        return self.run(str(python), *arguments, check=check, PYTHONPATH=str(self.path / "src"))

    def step(self, python: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the project's package."""
        return self.python(python, "-m", "mlops_maturity", *arguments, check=check)

    def files(self) -> set[str]:
        """Every file but those of git."""
        paths = (path.relative_to(self.path) for path in self.path.rglob("*") if path.is_file())
        return {str(path) for path in paths if path.parts[0] != ".git" and path.parent.name != "__pycache__"}

    def text(self, path: str) -> str:
        return (self.path / path).read_text(encoding="utf-8")


def contents(folder: Path) -> dict[str, bytes | None]:
    """Everything in a folder: folders as None, files with their bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def write_csv(path: Path, *columns: str, rows: int = 40) -> Path:
    """A small table of numbers, no two alike, to generate projects from."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [columns, *([f"{row}.{column}" for column in range(len(columns))] for row in range(rows))]
        )
    return path


Bake = Callable[..., Project]


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A home of the tests' own: no user settings come in, and cookiecutter's replays do not go out."""
    libraries.keep()
    # Nor need libraries be analysed again that have not changed. Each process has notes of its own: mypy locks them.
    os.environ["MYPY_CACHE_DIR"] = str(tmp_path_factory.getbasetemp() / "mypy")
    compile_templates_once()
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text("[user]\n\tname = Tester\n\temail = tester@example.invalid\n")
    os.environ["HOME"] = str(home)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]


@cache
def compile_templates_once() -> None:
    """Have no template compiled again: some hundred projects are generated from the same files and names."""
    compiled: dict[object, object] = {}
    really = StrictEnvironment.compile

    def once(self: Any, source: Any, name: Any = None, filename: Any = None, raw: bool = False, **more: Any) -> Any:
        # The name is for messages only; what else matters is which signs open and close.
        key = (source, filename, raw, self.block_start_string, self.variable_start_string, self.keep_trailing_newline)
        if key not in compiled:
            compiled[key] = really(self, source, name, filename, raw, **more)
        return compiled[key]

    StrictEnvironment.compile = once


def bake_into(folder: Path, **answers: str) -> Project:
    """Generate a project, as `cookiecutter --no-input` does."""
    path = cookiecutter(
        str(TEMPLATE), no_input=True, extra_context=answers, output_dir=str(folder), default_config=True
    )
    return Project(Path(path))


@pytest.fixture
def bake(tmp_path: Path) -> Bake:
    """Generate a project in a folder of the test's own."""
    return lambda **answers: bake_into(tmp_path, **answers)


@pytest.fixture(scope="session")
def baked(tmp_path_factory: pytest.TempPathFactory) -> Bake:
    """The project of some answers, generated once in this process; not to be changed."""
    made: dict[frozenset[tuple[str, str]], Project] = {}

    def project(**answers: str) -> Project:
        key = frozenset(answers.items())
        if key not in made:
            made[key] = bake_into(tmp_path_factory.mktemp("baked"), **answers)
        return made[key]

    return project


@pytest.fixture
def copy_of(baked: Bake, tmp_path: Path) -> Bake:
    """The same, to be changed: where what is tested is not that it is generated, a copy is quicker."""

    def project(**answers: str) -> Project:
        path = baked(**answers).path
        return Project(shutil.copytree(path, tmp_path / path.name, symlinks=True))

    return project


@pytest.fixture(scope="session")
def sample(baked: Bake) -> Project:
    """The project of all default answers, not to be changed."""
    return baked()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run have in common."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def environment(shared: Path) -> Callable[..., Path]:
    """The Python of an environment made once from a cloud's and level's lock, for the projects of all tests."""

    def python(cloud: str, level: str = "0") -> Path:
        folder = shared / f"environment-{level}-{cloud}"
        with FileLock(f"{folder}.lock"):
            venv = folder / SAMPLE_SLUG / ".venv"
            if not (venv / "ready").exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                bake_into(folder, cloud=cloud, maturity_level=level).run("make", "setup", PYTHON=sys.executable)
        return venv / "bin" / "python"

    return python


@pytest.fixture(scope="session")
def machine(shared: Path, environment: Callable[..., Path]) -> Callable[[str], Path]:
    """The folder of a `python3` that comes before any other where the jobs of a level are run, to save their time."""

    def bin_folder(level: str) -> Path:
        folder = shared / f"machine-{level}"
        whole = environment("none", level).parents[1]
        with FileLock(f"{folder}.lock"):
            if not (folder / "python3").exists():
                shutil.rmtree(folder, ignore_errors=True)
                ready_made.make(whole, folder)
        return folder

    return bin_folder


@pytest.fixture(scope="session", autouse=True)
def _libraries_are_compiled(_own_home: None, environment: Callable[..., Path], pytestconfig: pytest.Config) -> None:
    """For the long commands it takes a minute and saves many; for a few tests it does not."""
    if "PYTEST_XDIST_WORKER" in os.environ and pytestconfig.getoption("speed") in ("all", "deep"):
        libraries.compile_once(PROJECT_FOLDER / "requirements.lock", lambda: environment("none", "2"))


@pytest.fixture(scope="session")
def project_python(environment: Callable[..., Path]) -> Path:
    """The Python of the projects that need no cloud."""
    return environment("none")

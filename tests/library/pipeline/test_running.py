"""`make run`: at level 0 the steps, from level 1 on the pipeline; what others made is not made again."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from library.sandbox import RAW, Repository
from mlops_maturity.pipeline import running
from mlops_maturity.project import answers
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import ARTEFACT, RUN_RECORD, SCHEMA

pytestmark = pytest.mark.guards("1-PIPE", "1-SYM")

DVC = [sys.executable, "-m", "dvc"]


class Commands:
    """The commands that were started, with what is special in their environment."""

    def __init__(self) -> None:
        self.started: list[list[str]] = []
        self.environment: dict[str, str] = {}
        self.code = 0

    def run(self, command: list[str], environment: dict[str, str]) -> int:
        self.started.append(command)
        self.environment = environment
        return self.code


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Nothing is started by `make run`, but noted."""
    found = Commands()
    monkeypatch.setattr(running, "_run", found.run)
    return found


@pytest.fixture
def here(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A clone whose pipeline ran, as the current folder."""
    monkeypatch.chdir(repository.path)
    return repository


@pytest.fixture
def at_level_0(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "load", lambda: SimpleNamespace(level=0))


@pytest.mark.parametrize(
    ("part", "target"),
    [(None, []), ("data", ["split"]), ("train", ["train"]), ("evaluate", ["validate-model"]), ("package", ["package"])],
)
@pytest.mark.usefixtures("here")
def test_run_from_level_1_on_is_one_run_of_the_pipeline(
    part: str | None, target: list[str], commands: Commands
) -> None:
    running.run(part)
    assert commands.started == [[*DVC, "repro", *target]]
    assert commands.environment["RUN_ID"].endswith("Z")
    assert commands.environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)


@pytest.mark.usefixtures("here")
def test_run_whose_pipeline_stops_fails(commands: Commands) -> None:
    commands.code = 1
    with pytest.raises(ProjectError, match="the pipeline stopped, see above; the next `make run` starts at that stage"):
        running.run()


def test_run_in_a_clone_begins_with_what_the_remote_has(here: Repository, commands: Commands) -> None:
    model = ARTEFACT.read_bytes()
    for folder in (".dvc/cache", "data/processed", "models"):
        shutil.rmtree(here.path / folder)
    running.run()
    assert ARTEFACT.read_bytes() == model
    assert commands.started == [[*DVC, "repro"]]


def test_run_in_a_clone_without_the_remote_makes_everything_anew(
    here: Repository, commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(here.path.parent / "storage" / "files")
    shutil.rmtree(here.path / ".dvc" / "cache")
    ARTEFACT.unlink()
    running.run()
    assert "not everything could be pulled: the pipeline makes the rest again" in capsys.readouterr().out
    assert commands.started == [[*DVC, "repro"]]


def test_run_on_new_data_proposes_their_schema_first(
    fresh: Repository, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fresh.path)
    SCHEMA.unlink()
    RAW.unlink()
    taken: list[Sequence[str]] = []
    monkeypatch.setattr(running, "run_steps", taken.append)
    running.run()
    assert RAW.exists(), "it was pulled"
    assert taken == [["ingest"]]
    assert commands.started == [[*DVC, "repro"]]


def test_run_on_data_that_differ_from_their_pointer_is_refused_before_dvc_rewrites_it(
    fresh: Repository, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fresh.path)
    pointer = RAW.with_name(f"{RAW.name}.dvc")
    new = pointer.read_text().replace("md5: ", "md5: 0", 1)
    pointer.write_text(new)
    with pytest.raises(
        ProjectError,
        match=r"to keep the new file, run .*dvc add data/raw/.*; to get the old one back, .*dvc pull --force",
    ):
        running.run()
    assert not commands.started
    assert pointer.read_text() == new


@pytest.mark.guards("0-PROC", "0-DATA")
@pytest.mark.parametrize(
    ("part", "steps"),
    [
        (None, ["ingest", "validate-data", "split", "train", "evaluate", "validate-model", "package"]),
        ("data", ["ingest", "validate-data", "split"]),
        ("train", ["train"]),
        ("package", ["package"]),
    ],
)
@pytest.mark.usefixtures("here", "at_level_0")
def test_run_at_level_0_takes_the_steps_and_keeps_the_model_by_dvc(
    part: str | None, steps: list[str], commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    told: list[tuple[str, ...]] = []
    monkeypatch.setattr(running, "run_steps", taken.extend)
    monkeypatch.setattr(running, "dvc", lambda *arguments: told.append(arguments))
    running.run(part)
    assert taken == steps
    assert told == ([("add", "--quiet", "models/model.zip")] if "package" in steps else [])
    assert commands.started == []


@pytest.mark.parametrize(("level", "is_noted"), [(0, False), (1, True)])
def test_steps_from_level_1_on_are_noted_in_the_record_of_the_run(
    level: int, here: Repository, monkeypatch: pytest.MonkeyPatch, *, is_noted: bool
) -> None:
    monkeypatch.setattr(answers, "load", lambda: SimpleNamespace(level=level))
    before = RUN_RECORD.read_text()
    running.run_steps(["validate-model"])
    assert (RUN_RECORD.read_text() != before) is is_noted
    assert here.path == Path.cwd()


@pytest.mark.usefixtures("here")
def test_steps_after_one_that_fails_are_not_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise ProjectError("why")

    monkeypatch.setattr("mlops_maturity.training.gates.run", refuse)
    with pytest.raises(running.StepError, match=r"^validate-model: why$"):
        running.run_steps(["validate-model", "package"])
    assert "packaged" not in capsys.readouterr().out


SAID = """\
'data/raw/penguins.csv.dvc' didn't change, skipping
Stage 'split' didn't change, skipping
Running stage 'train':
> mlops-maturity train
trained on 206 rows

To track the changes with git, run:

\tgit add dvc.lock
Use `dvc push` to send your updates to remote storage.
"""


@pytest.mark.parametrize(("verbose", "printed"), [("", "Running stage 'train':\ntrained on 206 rows\n"), ("1", SAID)])
def test_run_prints_what_dvc_says_of_itself_only_if_asked(
    verbose: str, printed: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("V", verbose)
    assert running._run([sys.executable, "-c", f"print({SAID!r}, end=''); raise SystemExit(3)"], os.environ) == 3
    assert capfd.readouterr().out == printed

"""The command line: a level has its own commands, and what a person can fix is printed in one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from library.in_process import command, run
from mlops_maturity.__main__ import _options, main
from mlops_maturity.commands import EXAMPLES, GROUPS, commands
from mlops_maturity.delivery.environments import AUTOMATION, DELIVERY
from mlops_maturity.pipeline.steps import STEPS
from mlops_maturity.project import storage


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def generated(level: int) -> None:
    answers = {"project_slug": "a", "maturity_level": level, "ci_provider": "", "cloud": "", "deploy_target": ""}
    Path(".template.json").write_text(json.dumps({"answers": answers}))


def refused(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What is printed of a command that does not exist, or is not called right."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    return capsys.readouterr().err


@pytest.mark.guards("0-NOT")
def test_commands_of_a_level_are_not_those_of_a_higher_one() -> None:
    by_level = [set(commands(level)) for level in (0, 1, 2)]
    assert {"deploy", "register", "trigger", "monitor"}.isdisjoint(by_level[0])
    assert {"release", "verify", "watch", "check-api"}.isdisjoint(by_level[1])
    assert {"deploy", "register", "trigger", "monitor"} <= by_level[1]
    assert {"release", "verify", "watch", "check-api", "predict"} <= by_level[2]
    assert "level-up" not in by_level[2]


@pytest.mark.parametrize("level", [0, 1, 2])
def test_help_names_each_command_of_the_level(level: int, capsys: pytest.CaptureFixture[str]) -> None:
    generated(level)
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = capsys.readouterr().out
    assert [name for name in (*STEPS, *commands(level)) if f"\n    {name}" not in printed] == []


@pytest.mark.parametrize("level", [0, 1, 2])
def test_each_command_is_in_one_group_and_no_other(level: int) -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert len(grouped) == len(set(grouped))
    assert {*STEPS, *commands(level)} <= set(grouped)


def test_examples_of_the_help_name_commands_and_options_that_there_are() -> None:
    for least, example, _ in EXAMPLES:
        generated(least)
        assert _options(example.split()[1:])["command"] in {*STEPS, *commands(least)}


def test_completion_names_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    generated(2)
    main(["completion"])
    script = f"{capsys.readouterr().out}compgen -W 'evaluate deploy' -- dep; complete -p mlops-maturity"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert "check-load" in done.stdout


def test_command_that_succeeds_says_what_is_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(storage, "_with_progress", lambda *_: None)
    assert main(["push"]) == 0
    assert capsys.readouterr().out.startswith("next: commit ")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["deploy", "--environment", ""], "argument --environment: '' is not allowed; with make: ENV=test|staging|"),
        (["trigger", "--event", "x"], "argument --event: 'x' is not allowed; with make: EVENT=demand|"),
        (["propose", "--branch", "", "--message", "why"], "argument --branch: nothing is given; with make: BRANCH=..."),
    ],
)
def test_variable_of_make_that_is_missing_or_wrong_is_named_in_one_line(
    given: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    generated(2)
    printed = refused(*given, capsys=capsys)
    assert printed.startswith(f"mlops-maturity {given[0]}: {says}")
    assert printed.count("\n") == 1


@pytest.mark.parametrize("environment", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])
def test_output_that_nobody_reads_ends_without_a_traceback(environment: dict[str, str]) -> None:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "mlops_maturity", "--help"]
    with subprocess.Popen(command, env=kept | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        printed = process.stderr.read().decode()
    assert printed == ""
    assert process.returncode in (0, 1)  # argparse passes over a pipe that nobody reads


def test_other_pipe_that_breaks_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise BrokenPipeError("of a socket")

    monkeypatch.setattr("mlops_maturity.__main__.run_steps", broken)
    with pytest.raises(BrokenPipeError, match="of a socket"):
        main(["train"])


@pytest.mark.parametrize(("level", "names"), [(1, AUTOMATION), (2, DELIVERY)])
def test_environment_that_the_level_does_not_have_is_refused(
    level: int, names: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    generated(level)
    printed = refused("deploy", "--environment", "moon", capsys=capsys)
    assert f"with make: ENV={'|'.join(names)}" in printed


def test_command_of_a_higher_level_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    generated(0)
    assert "'deploy' is a command of level 1 and 2, and this project is at level 0" in refused("deploy", capsys=capsys)


@pytest.mark.parametrize(
    ("level", "name", "says"),
    [
        (
            0,
            "register",
            "'register' is a command of level 1 and 2, and this project is at level 0; `make level-up LEVEL=1`",
        ),
        (
            1,
            "dashboard",
            "'dashboard' is a command of level 2, and this project is at level 1; `make level-up LEVEL=2`",
        ),
        (2, "promote", "'promote' is a command of level 1, and this project is at level 2; `make help`"),
        (0, "ingest", "make has no target 'ingest'; run `.venv/bin/mlops-maturity ingest`"),
        (0, "tset", "there is no such target; did you mean 'test' or 'setup'; `make help`"),
        (0, "requirements.lock", "the file requirements.lock is missing; `git restore requirements.lock`"),
    ],
)
def test_target_that_make_does_not_have_is_refused_with_what_to_do(
    level: int, name: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    generated(level)
    Path("Makefile").write_text("setup: ## Make .venv\ntest: $(READY) ## Run every test\n")
    assert main(["target", name]) == 1
    assert f"make {name}: {says}" in capsys.readouterr().err


def test_misspelt_command_is_refused_with_the_one_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    generated(0)
    assert "there is no command 'predct'; did you mean 'predict'" in refused("predct", capsys=capsys)


def test_step_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "'trian'" in refused("train", "trian", capsys=capsys)


@pytest.mark.parametrize("name", ["serve", "check-api"])
def test_command_that_fails_says_why_in_one_line(name: str) -> None:
    generated(2)
    done = run(name, "--model", "nowhere.zip")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{name}: nowhere.zip is missing; run `make ")
    assert done.stderr.count("\n") == 1


def test_file_that_the_system_refuses_is_named_in_one_line() -> None:
    generated(0)
    Path("params.yaml").mkdir()
    done = run("train")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "train: [Errno 21] Is a directory: 'params.yaml'\n"


def test_step_that_fails_names_itself_once() -> None:
    generated(1)
    assert command("evaluate", "package", check=False).startswith("evaluate: ")

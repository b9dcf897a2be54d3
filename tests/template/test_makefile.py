"""A value that is given to `make` reaches its command as it was typed, whatever signs are in it."""

import os
from pathlib import Path

import pytest
from conftest import Bake, Project, clean_environment, run
from makefiles import Makefile

VALUE = """it's "my" (new) *data*; `id` {} é.csv"""
# Those that only switch something on, or that make and the shell take for themselves; PACKAGE may name several.
NOT_HANDED_ON = {"ENOUGH", "IF_ANY", "MAKE", "PACKAGE", "PYTHON", "SHOW", "UPGRADE"}
# Adds what it is called with to a file, a line for each argument.
NOTING = '#!/bin/sh\nprintf "%s\\n" "$@" "$STACK" >> "$NOTES"\n'
COMMANDS = (
    *(f".venv/bin/{name}" for name in ("jupyter", "mlops-maturity", "pre-commit", "python", "uv")),
    "bin/docker",
)


def noting(command: Path) -> Path:
    """A command that only notes how it was called."""
    command.parent.mkdir(parents=True, exist_ok=True)
    command.write_text(NOTING)
    command.chmod(0o755)
    return command


def called(project: Project, *words: str, **given: str) -> list[str]:
    """What the commands get that a target calls."""
    notes = project.path.parent / "notes.txt"
    notes.unlink(missing_ok=True)
    path = f"{project.path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    run(["make", *words], project.path, environment=clean_environment(NOTES=str(notes), PATH=path, **given))
    return notes.read_text().splitlines()


@pytest.mark.parametrize("level", ["0", "1", "2"])
def test_value_with_blanks_and_quotes_reaches_its_command(level: str, copy_of: Bake) -> None:
    project = copy_of(maturity_level=level)
    for name in COMMANDS:
        noting(project.path / name)
    (project.path / ".venv/ready").touch()
    tried = 0
    for target, read in Makefile.of(project.text("Makefile")).reads.items():
        given = {name: VALUE.format(name) for name in sorted(read - NOT_HANDED_ON)}
        for found in (
            called(project, target, *(f"{name}={value}" for name, value in given.items())) if given else [],
            called(project, target, **given) if given else [],
        ):
            tried += len(given)
            handed = [value for value in given.values() if not any(line.endswith(value) for line in found)]
            assert handed == [], f"{target} does not hand on {handed}, but {found}"
    assert tried > 5


def test_python_at_a_path_with_blanks_and_quotes_makes_the_environment(copy_of: Bake) -> None:
    project = copy_of()
    python = noting(project.path.parent / """it's "my" python""" / "python3")
    python.write_text(f'{NOTING}echo "$0"\n')  # as it answers which Python has pip
    for name in COMMANDS:
        noting(project.path / name)
    found = called(project, "setup", f"PYTHON={python}")
    assert any("Python 3.11 or newer" in line for line in found)
    assert "sync" in found


def test_target_that_there_is_not_is_explained_by_the_library(copy_of: Bake) -> None:
    project = copy_of(maturity_level="0")
    unready = run(["make", "register"], project.path, environment=clean_environment(), check=False)
    assert (unready.returncode, unready.stdout) == (
        2,
        "make register: there is no such target at this level; make help lists the targets\n",
    )
    noting(project.path / ".venv" / "bin" / "mlops-maturity")
    notes = project.path / "notes.txt"
    ready = run(["make", "register"], project.path, environment=clean_environment(NOTES=str(notes)), check=False)
    assert (ready.returncode, notes.read_text().split()) == (0, ["target", "register"])

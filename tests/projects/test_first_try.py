"""A new user's first ten minutes: a fresh clone, an environment that has nothing, and only the README's commands."""

import csv
import json
import os
import random
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import TEMPLATE, Bake, Project, clean_environment, run

from mlops_maturity.data import reading
from mlops_maturity.data import schema as schemas
from mlops_maturity.maturity import catalogue

BLOCK = re.compile(r"^    (make \S+)", re.MULTILINE)


# What a run leaves is what a person reviews and commits, and nothing else.
FILLED = ["docs/data_sheet.md", "docs/model_card.md"]
LEFT = {
    "0": [*FILLED, "metrics.json", "models/.gitignore", "models/model.zip.dvc"],
    "1": [*FILLED, "dvc.lock", "metrics.json", "run.json"],
    "2": [*FILLED, "dvc.lock", "metrics.json", "run.json"],
}
# What gives the committed model a version, and what tells of it.
REGISTERS = {"1": ("check-commit", "register", "promote"), "2": ("check-commit", "register")}


def make(clone: Project, *words: str) -> str:
    """Run targets in a clone, with nothing but what a new machine has, and return what they print."""
    return run(["make", *words], clone.path, environment={**clean_environment(), "PYTHON": sys.executable}).stdout


@pytest.mark.guards("T-09", "T-12")
@pytest.mark.parametrize(
    "level",
    [
        pytest.param("0", marks=pytest.mark.speed("test")),
        *(pytest.param(level, marks=pytest.mark.speed("deep")) for level in ("1", "2")),
    ],
)
def test_readmes_commands_are_green_in_a_fresh_clone(level: str, bake: Bake, tmp_path: Path) -> None:
    run(["git", "clone", "--quiet", str(bake(maturity_level=level).path), "clone"], tmp_path)
    clone = Project(tmp_path / "clone")
    commands = BLOCK.findall(clone.text("README.md"))[:2]
    assert commands == ["make run", "make test"]
    for command in commands:
        said = make(clone, *command.split()[1:])
    assert " passed" in said
    assert "skipped" not in said
    changed = clone.run("git", "status", "--porcelain", "--untracked-files=all").stdout.split("\n")
    assert sorted(line[3:] for line in changed if line) == LEFT[level]
    make(clone, "lint")
    says_where_it_stands(clone, level)
    shutil.copyfile(clone.path / "data/raw/penguins.csv", tmp_path / "new birds.csv")
    assert "predicted 344 rows of ../new birds.csv: reports/predictions.csv" in make(
        clone, "predict", "INPUT=../new birds.csv"
    )
    # And what was committed comes back from the storage in the next clone.
    make(clone, "push")
    clone.run("git", "add", "--all")
    clone.run("git", "commit", "--quiet", "--message", "Train")
    assert (clone.path / "models" / "model.zip").exists()
    if level != "0":
        make(clone, *REGISTERS[level])
        assert "version: v1" in make(clone, "lineage", "VERSION=v1")
        shutil.rmtree(clone.path / ".dvc" / "cache")
        AFTERWARDS[level](clone)
        # The next clone starts from what this one has trained.
        for folder in ("data/processed", "models", "reports"):
            shutil.rmtree(clone.path / folder)
        shutil.rmtree(clone.path / ".dvc" / "cache", ignore_errors=True)
        assert "Data and pipelines are up to date" in make(clone, "run")


@pytest.mark.guards("T-09")
def test_set_up_that_was_killed_is_done_again(bake: Bake) -> None:
    project = bake()
    # A Python without pip gives the environment one, any other lends its own.
    project.run(sys.executable, "-m", "venv", "--without-pip", "bare")
    project.run("make", "setup", PYTHON="bare/bin/python")
    assert (project.path / ".venv/bin/pip").exists()
    (package,) = project.path.glob(".venv/lib/python3*/site-packages/numpy/__init__.py")
    content = package.read_bytes()
    package.unlink()
    (project.path / ".venv/ready").unlink()
    (project.path / ".venv/begun").touch()
    # The set-up that deletes what the killed one left may be killed, too.
    kill = project.path / "bin" / "find"
    kill.parent.mkdir()
    kill.write_text("#!/bin/sh\nrm -rf .venv/lib/python3*/site-packages/scipy\nexit 1\n")
    kill.chmod(0o755)
    there = f"{kill.parent}{os.pathsep}{os.environ['PATH']}"
    assert project.run("make", "setup", check=False, PYTHON=sys.executable, PATH=there).returncode != 0
    make(project, "setup")
    assert list(project.path.glob(".venv/lib/python3*/site-packages/scipy/__init__.py"))
    assert package.read_bytes() == content
    assert not (project.path / ".venv/begun").exists()
    assert not (project.path / ".venv/bin/pip").exists()


@pytest.mark.guards("T-09")
@pytest.mark.speed("all")
def test_set_up_in_the_activated_environment_installs_a_changed_lock(bake: Bake) -> None:
    """`python3` is then the environment's own, which has no pip."""
    project = bake()
    make(project, "setup")
    ready = project.path / ".venv/ready"
    os.utime(ready, (0, 0))
    project.run("make", "setup", PATH=f"{project.path / '.venv/bin'}{os.pathsep}{os.environ['PATH']}")
    assert ready.stat().st_mtime > 0
    assert not (project.path / ".venv/begun").exists()


def says_where_it_stands(clone: Project, level: str) -> None:
    """The tests that passed show every requirement that tests can show; the rest a new project has not done yet."""
    said = make(clone, "maturity", "REPORT=reports/tests.xml")
    facts = json.loads(clone.text("reports/maturity.json"))
    states = {row["id"]: row["state"] for row in facts["rows"]}
    unused = {name for name, state in states.items() if state == "provided, not exercised"}
    assert {state for name, state in states.items() if name not in unused} == {"holds"}, said
    # The run that was just made is on record.
    assert not unused & {"1-PIPE", "1-SKEW", "1-META", "CI-06"}
    assert bool(unused) == (level != "0")
    points = {test["id"]: test["points"] for test in facts["ml_test_score"]["tests"]}
    answers = json.loads(clone.text(".template.json"))["answers"]
    assert points == {score.id: score.usual(answers, int(level)) for score in catalogue.scores()}


def brings_the_model_in_production(clone: Project) -> None:
    (clone.path / "models" / "production.zip").unlink()
    make(clone, "fetch")
    assert (clone.path / "models" / "production.zip").exists()


def says_that_nothing_is_deployed(clone: Project) -> None:
    """Nowhere to deploy to is set yet."""
    for target in ("deploy", "verify", "rollback"):
        assert make(clone, target, "ENV=staging").startswith("NOT DEPLOYED: set DEPLOY_HOST")
    assert make(clone, "login").startswith("NOT LOGGED IN: set IMAGE_REPOSITORY")
    assert "production: nothing was deployed yet" in make(clone, "status")


AFTERWARDS = {"1": brings_the_model_in_production, "2": says_that_nothing_is_deployed}


def houses(path: Path) -> Path:
    """A table with blanks and accents in its names, truth values, dates, gaps, and a price that depends on them."""
    chance = random.Random(7)  # noqa: S311
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "Größe (m²)", "has garden", "été", "self", "sold at", "price €"])
        for number in range(600):
            size, garden = round(chance.uniform(20, 200), 1), chance.random() < 0.4
            city = chance.choice(["Köln", "A & B", "x<y", ""])
            sold = f"2024-{1 + number // 50:02}-{1 + number % 28:02} 08:{number % 60:02}:00"
            price = round(3000 * size + 50_000 * garden + chance.gauss(0, 20_000))
            table.writerow([number, size, garden, chance.choice(["oui", "non"]), city, sold, price])
    return path


@pytest.mark.speed("deep")
@pytest.mark.parametrize("target", ["sex", "body_mass_g", "price €"])
def test_every_suite_of_level_1_is_green_for_other_targets(
    target: str, bake: Bake, environment: Callable[..., Path], tmp_path: Path
) -> None:
    """Two classes, with missing ones among them, a number, and a number of one's own table."""
    own = {"dataset": str(houses(tmp_path / "my houses.csv"))} if "€" in target else {}
    project, python = bake(maturity_level="1", target=target, **own), environment("none", "1")
    project.step(python, "ingest")
    done = project.python(python, "-m", "pytest", "--quiet")
    assert " passed" in done.stdout
    # Only a person can declare which scores a model must reach and how it must behave.
    personal = ("params.yaml declares no gates.targets", "behaviour")
    skipped = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    assert not [line for line in skipped if not any(reason in line for reason in personal)]


@pytest.mark.speed("test")
def test_sample_is_what_the_first_run_would_propose(
    sample: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emitted schema of the sample is the inferred one, so there is one truth about it."""
    monkeypatch.chdir(tmp_path)
    schemas.save(
        reading.inferred(reading.read_table(sample.path / "data" / "raw" / "penguins.csv")), tmp_path / "proposed"
    )
    assert (tmp_path / "proposed").read_text() == sample.text("data/schema.yaml")


@pytest.mark.speed("test")
def test_template_has_the_same_two_commands() -> None:
    assert {"make demo", "make test"} <= set(BLOCK.findall((TEMPLATE / "README.md").read_text()))

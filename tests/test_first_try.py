"""A new user's first ten minutes: a fresh clone, an environment that has nothing, and only the README's commands."""

import re
import sys
from pathlib import Path

from conftest import TEMPLATE, Project, clean_environment, run

INFER = """
import sys
from pathlib import Path
from {package}.data import inference, reading, schema
schema.save(inference.infer_schema(reading.read_table(Path("data/raw/penguins.csv"))), Path(sys.argv[1]))
"""
BLOCK = re.compile(r"^    (make \S+)", re.MULTILINE)


def test_readmes_commands_are_green_in_a_fresh_clone(sample: Project, tmp_path: Path) -> None:
    run(["git", "clone", "--quiet", str(sample.path), "clone"], tmp_path)
    clone = Project(tmp_path / "clone")
    commands = BLOCK.findall(clone.text("README.md"))[:2]
    assert commands == ["make run", "make test"]
    environment = {**clean_environment(), "PYTHON": sys.executable}
    for command in commands:
        done = run(command.split(), clone.path, environment=environment)
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
    # What a run leaves is what a person reviews and commits, and nothing else.
    changed = clone.run("git", "status", "--porcelain", "--untracked-files=all").stdout.split("\n")
    assert sorted(line[3:] for line in changed if line) == [
        "docs/data_sheet.md",
        "docs/model_card.md",
        "metrics.json",
        "models/.gitignore",
        "models/model.zip.dvc",
    ]
    assert run(["make", "lint"], clone.path, environment=environment).returncode == 0
    # And what was committed comes back from the storage in the next clone.
    clone.run("git", "add", "--all")
    clone.run("git", "commit", "--quiet", "--message", "Train")
    run(["make", "push"], clone.path, environment=environment)
    assert (clone.path / "models" / "model.zip").exists()


def test_sample_is_what_the_first_run_would_propose(sample: Project, project_python: Path, tmp_path: Path) -> None:
    """The emitted schema of the sample is the inferred one, so there is one truth about it."""
    proposed = tmp_path / "schema.yaml"
    sample.python(project_python, "-c", INFER.format(package=sample.package), str(proposed))
    assert proposed.read_text() == sample.text("data/schema.yaml")


def test_template_has_the_same_two_commands() -> None:
    assert {"make demo", "make test"} <= set(BLOCK.findall((TEMPLATE / "README.md").read_text()))

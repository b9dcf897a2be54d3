"""What teams do to their projects between two versions of the template: each edit, and how to see that it is there."""

import json
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Act = Callable[[Path], None]
See = Callable[[Path], bool]


@dataclass(frozen=True)
class Edit:
    """One of them.

    Attributes:
        name: what a person would call it.
        make: does it, in a project of level 0.
        is_there: whether a project has it.
    """

    name: str
    make: Act
    is_there: See


def change(name: str, path: str, old: str, new: str) -> Edit:
    """Put one text for another in a file of the template's."""

    def make(project: Path) -> None:
        file = project / path
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name}: {path} has changed, the edit cannot be made"
        file.write_text(text.replace(old, new), encoding="utf-8")

    return Edit(name, make, lambda project: new in (project / path).read_text(encoding="utf-8"))


def add(name: str, path: str, text: str) -> Edit:
    """A file of the team's own."""

    def make(project: Path) -> None:
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_bytes(text.encode())

    return Edit(name, make, lambda project: (project / path).read_bytes() == text.encode())


def append(name: str, path: str, text: str) -> Edit:
    """Lines at the end of a file of the template's."""

    def make(project: Path) -> None:
        with (project / path).open("a", encoding="utf-8") as file:
            file.write(text)

    return Edit(name, make, lambda project: text in (project / path).read_text(encoding="utf-8"))


def move(name: str, path: str, to: str, knows: str) -> Edit:
    """A file of the template's at another place; `knows` is what it must still say there."""

    def make(project: Path) -> None:
        (project / to).parent.mkdir(parents=True, exist_ok=True)
        (project / path).rename(project / to)

    return Edit(name, make, lambda project: not (project / path).exists() and knows in (project / to).read_text())


def delete(name: str, path: str) -> Edit:
    """A file of the template's that the team does without."""
    return Edit(name, lambda project: (project / path).unlink(), lambda project: not (project / path).exists())


def _add_cell(project: Path) -> None:
    path = project / "notebooks/exploration.ipynb"
    book = json.loads(path.read_text())
    cell = {"cell_type": "markdown", "id": "own", "metadata": {}, "source": ["Gentoos are the heaviest."]}
    path.write_text(json.dumps(book | {"cells": [*book["cells"], cell]}, indent=1, ensure_ascii=False) + "\n")


def _own(project: Path) -> None:
    path = project / ".github" / "CODEOWNERS"
    path.write_text(path.read_text().replace("@OWNER", "@penguins"))


def _owners(project: Path) -> str:
    return (project / ".github" / "CODEOWNERS").read_text()


def _add_script(project: Path) -> None:
    script = project / "scripts" / "weekly.sh"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\nmake run\n")
    script.chmod(0o755)


def _is_executable(project: Path) -> bool:
    return bool((project / "scripts" / "weekly.sh").stat().st_mode & stat.S_IXUSR)


NOTE = "src/penguin_species/own/notes.py"
EDITS = [
    # Features, data, model, metrics
    change(
        "a feature of the team's own",
        "src/penguin_species/features.py",
        'columns["bill_depth_mm"]}',
        'columns["bill_depth_mm"],\n        "bill_area": columns["bill_length_mm"] * columns["bill_depth_mm"],\n    }',
    ),
    change(
        "another way to read the data",
        "src/penguin_species/data.py",
        "    return read_table(load_params().data.raw)\n",
        "    return read_table(load_params().data.raw).drop_duplicates(ignore_index=True)\n",
    ),
    change("another simple model", "src/penguin_species/model.py", 'strategy="median"', 'strategy="mean"'),
    change(
        "a metric of the team's own",
        "src/penguin_species/metrics.py",
        'return {"worst_recall": float(min(recalls))}',
        'return {"worst_recall": float(min(recalls)), "mean_recall": float(np.mean(recalls))}',
    ),
    # Settings
    change("another learning rate", "params.yaml", "learning_rate: 0.1\n", "learning_rate: 0.08\n"),
    change(
        "fewer iterations",
        "params.yaml",
        "learning_rate: 0.08\n    max_iter: 100\n",
        "learning_rate: 0.08\n    max_iter: 90 # see the curve\n",
    ),
    change("a larger validation set", "params.yaml", "validation: 0.2\n", "validation: 0.25\n"),
    change("a reason beside a setting", "params.yaml", "  test: 0.2\n", "  test: 0.2 # agreed with the biologists\n"),
    change(
        "one more case that any model gets right",
        "params.yaml",
        "      expect: Gentoo\n",
        "      expect: Gentoo\n"
        "    - why: the typical Adelie\n"
        "      record: {island: Torgersen, bill_length_mm: 38, bill_depth_mm: 19, flipper_length_mm: 185, "
        "body_mass_g: 3600, sex: female, year: 2008}\n"
        "      expect: Adelie\n",
    ),
    change("a gate of the team's own", "params.yaml", "{accuracy: 0.9}", "{accuracy: 0.9, mean_recall: 0.8}"),
    change(
        "one more change that moves the prediction",
        "params.yaml",
        "      effect: down\n",
        "      effect: down\n"
        "    - why: the longer the flippers, the likelier a Gentoo\n"
        "      feature: flipper_length_mm\n"
        "      add: 20\n"
        "      outcome: Gentoo\n"
        "      effect: up\n",
    ),
    change(
        "text of the data sheet",
        "docs/data_sheet.md",
        "## What to know before",
        "Agreed in May.\n\n## What to know before",
    ),
    # Own code
    add("a package of the team's own", "src/penguin_species/own/__init__.py", '"""What is ours."""\n'),
    add("a module of the team's own", NOTE, '"""Notes."""\n\nAGREED = ("May", 2026)\n'),
    append(
        "a function beside the template's",
        "src/penguin_species/data.py",
        '\n\ndef months() -> list[str]:\n    """When we counted."""\n    return ["May", "June"]\n',
    ),
    change(
        "a comment in the template's code",
        "src/penguin_species/features.py",
        "\nimport numpy as np\n",
        "\n# Agreed with the biologists in May.\nimport numpy as np\n",
    ),
    # Tests
    add(
        "a file of tests of the team's own",
        "tests/own/test_notes.py",
        'from penguin_species.own.notes import AGREED\n\n\ndef test_month() -> None:\n    assert AGREED[0] == "May"\n',
    ),
    append(
        "a test in the template's file",
        "tests/test_data.py",
        '\n\ndef test_own_word() -> None:\n    assert "data" in __name__\n',
    ),
    move("a file of tests at another place", "tests/test_numerics.py", "tests/agreed/test_numerics.py", "def test_"),
    change("a marker", "pyproject.toml", "\nmarkers = [\n", '\nmarkers = [\n  "own: of the team",\n'),
    # Dependencies and tools
    change(
        "a dependency for training",
        "pyproject.toml",
        "train = []\n",
        'train = ["tabulate"]\n',
    ),
    change("a rule of the linter", "pyproject.toml", '  "PLR2004", #', '  "S101", # we assert\n  "PLR2004", #'),
    change("a line length", "pyproject.toml", "line-length = 120\n", "line-length = 120 # as everywhere here\n"),
    append(
        "a git hook",
        ".pre-commit-config.yaml",
        "      - id: own\n        name: own\n        entry: 'true'\n        language: system\n",
    ),
    # Targets of make, and CI
    append("a target at the end", "Makefile", "\n.PHONY: own\nown: ## Say hello\n\t@echo hello\n"),
    change(
        "a target in the middle",
        "Makefile",
        "notebook: $(READY) ##",
        "words: ## Count\n\t@wc README.md\n\nnotebook: $(READY) ##",
    ),
    change("another Python", "Makefile", "PYTHON ?= python3\n", "PYTHON ?= python3.11\n"),
    change("more time for CI", ".github/workflows/checks.yml", "timeout-minutes: 20", "timeout-minutes: 25"),
    change("another runner", ".github/workflows/checks.yml", "runs-on: ubuntu-24.04", "runs-on: ubuntu-24.04 # x64"),
    add(
        "a workflow of the team's own",
        ".github/workflows/own.yml",
        "name: own\non:\n  workflow_dispatch:\npermissions: {}\nconcurrency: own\n"
        "jobs:\n  own:\n    runs-on: ubuntu-24.04\n"
        "    timeout-minutes: 5\n    permissions: {}\n    steps:\n      - run: 'true'\n",
    ),
    Edit(
        "a team that owns what others rely on", _own, lambda project: "params.yaml       @penguins" in _owners(project)
    ),
    append("an owner of the team's own code", ".github/CODEOWNERS", "/src/penguin_species/own/ @penguins\n"),
    # Documents
    change("an introduction", "README.md", "# Penguin Species\n", "# Penguin Species\n\nKept by the Antarctic team.\n"),
    change("a note on the data", "README.md", "\n## Data\n", "\n## Data\n\nAsk Ada for newer birds.\n"),
    change(
        "purpose of the model",
        "docs/model_card.md",
        "Say here who uses the predictions, to decide what",
        "Keepers use them",
    ),
    change(
        "fairness of the model", "docs/model_card.md", "Say here which groups of people the data are about", "No people"
    ),
    change("another year of the licence", "LICENSE", "Copyright", "Copyright (c) the penguins, Copyright"),
    add("a document of the team's own", "docs/Größen und Maße.md", "# Größen\n\nIn Millimetern.\n"),
    add("a picture", "docs/logo.svg", '<svg xmlns="http://www.w3.org/2000/svg"/>\n'),
    Edit("an executable script", _add_script, _is_executable),
    Edit(
        "a link",
        lambda project: (project / "docs" / "latest.md").symlink_to("model_card.md"),
        lambda project: (project / "docs" / "latest.md").is_symlink(),
    ),
    # Notebooks
    Edit(
        "a cell of the notebook",
        _add_cell,
        lambda project: "Gentoos are the heaviest." in (project / "notebooks/exploration.ipynb").read_text(),
    ),
    add(
        "a notebook of the team's own",
        "notebooks/weights.ipynb",
        '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}\n',
    ),
    # What git and DVC are told
    append(".gitignore of the team's own", ".gitignore", "\n/scratch/\n"),
    append(".gitattributes of the team's own", ".gitattributes", "*.svg -diff\n"),
    append("a second storage", ".dvc/config", "['remote \"backup\"']\n    url = ../backup\n"),
    add(
        "a second table that DVC tracks",
        "data/external/islands.csv.dvc",
        "outs:\n- md5: d8e8fca2dc0f896fd7cb4cb0031ba249\n  size: 5\n  hash: md5\n  path: islands.csv\n",
    ),
    # What the team does without
    delete("no settings for editors", ".editorconfig"),
]

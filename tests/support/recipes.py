"""The recipes of docs/your_own_code.md, read from the page and applied to a project as a person would."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from conftest import Project
from ruamel.yaml import YAML

PAGE = Path(__file__).resolve().parents[2] / "docs" / "your_own_code.md"
SECTION = re.compile(
    r"^### (?P<title>[^\n]+)\n<!-- recipe: (?P<options>\{.*?\}) -->\n(?P<body>.*?)(?=^##|\Z)", re.M | re.S
)
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.M | re.S)
# The last file that is named before a block is the one that it is of.
FILE = re.compile(r"`((?:src/<package>|data|params|dvc)[\w/<>.]*\.(?:py|yaml|csv))`")


@dataclass(frozen=True)
class Block:
    """A block of the page: a file, keys of a YAML file, commands, or what is printed.

    Attributes:
        path: of the file; nothing for the others.
        language: of the block.
        text: in it.
    """

    path: str
    language: str
    text: str


@dataclass(frozen=True)
class Recipe:
    """A section of the page.

    Attributes:
        title: of the section.
        options: how it is tested: the target of the project, what its run prints, the files that it leaves, other words
            that the text says to write instead of some of its own.
        blocks: what is done, and what is printed then.
        is_variant: whether it has other words than the section.
    """

    title: str
    options: dict[str, Any]
    blocks: tuple[Block, ...]
    is_variant: bool = False

    def apply(self, root: Path, package: str) -> None:
        """Do what it says to a project.

        Args:
            root: of the project.
            package: its name.
        """
        for block in self.blocks:
            text, path = block.text.replace("<package>", package), root / block.path.replace("<package>", package)
            if block.language == "sh":
                for line in text.splitlines():
                    _run(line, root)
            elif block.language == "text":
                continue
            elif block.language == "yaml":
                _merge(path, yaml.safe_load(text))
            else:
                path.write_text(text, encoding="utf-8")

    def not_printed(self, printed: str) -> list[str]:
        """The lines that it says are printed, and that are not; `...` stands for anything.

        Args:
            printed: by its run and its suites.
        """
        lines = [line for block in self.blocks if block.language == "text" for line in block.text.splitlines()]
        return [line for line in lines if not re.search(re.escape(line).replace(r"\.\.\.", ".*"), printed)]

    def instead(self, words: dict[str, str]) -> "Recipe":
        """The same with other words."""
        blocks = []
        for block in self.blocks:
            text = block.text
            for word, other in words.items():
                text = text.replace(word, other)
            blocks.append(replace(block, text=text))
        options = {name: value for name, value in self.options.items() if name != "kind"}
        return Recipe(f"{self.title}: {next(iter(words.values()))}", options, tuple(blocks), is_variant=True)


def recipes() -> list[Recipe]:
    """All of the page, in its order, each followed by its variants."""
    found = [
        Recipe(section["title"], yaml.safe_load(section["options"]), tuple(_blocks(section["body"])))
        for section in SECTION.finditer(PAGE.read_text(encoding="utf-8"))
    ]
    return [each for one in found for each in (one, *map(one.instead, one.options.get("instead", [])))]


def _blocks(body: str) -> list[Block]:
    found, start = [], 0
    for block in BLOCK.finditer(body):
        named = FILE.findall(body[start : block.start()])
        start = block.end()
        path = "" if block["language"] in ("sh", "text") else named[-1]
        found.append(Block(path, block["language"], block["text"]))
    return found


def _run(line: str, root: Path) -> None:
    command, *words = shlex.split(line)
    if command == "make" and not (root / ".venv").exists():
        return  # the environment of the tests has what it would add
    known = {".venv/bin/dvc": [sys.executable, "-m", "dvc"], ".venv/bin/python": [sys.executable]}
    done = subprocess.run(
        [*known.get(command, [command]), *words], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def _merge(path: Path, content: dict[str, Any]) -> None:
    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 10**6
    known = editor.load(path.read_text(encoding="utf-8"))
    _put(known, content)
    with path.open("w", encoding="utf-8") as file:
        editor.dump(known, file)


def _put(known: Any, content: dict[str, Any]) -> None:
    for key, value in content.items():
        if isinstance(value, dict) and isinstance(known.get(key), dict):
            _put(known[key], value)
        else:
            known[key] = value


def python_for(recipe: Recipe, project: Project, environment: Callable[..., Path], level: str) -> Path:
    """The Python of an environment that tests share, or of the project's own, where a recipe adds a package to it."""
    if not recipe.options.get("adds"):
        return environment("none", level)
    project.run("make", "setup", PYTHON=sys.executable)
    return project.path / ".venv" / "bin" / "python"

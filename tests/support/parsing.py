"""Every emitted file of a language is read by that language's own parser."""

import ast
import json
import tomllib
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path

import yaml
from conftest import Project
from gitlab_ci import Loader


def _yaml(text: str) -> object:
    """YAML, with the tag that GitLab adds to it."""
    return yaml.load(text, Loader)  # noqa: S506 - it is a safe one


PARSERS: dict[str, Callable[[str], object]] = {
    ".py": ast.parse,
    ".json": json.loads,
    ".ipynb": json.loads,
    ".toml": tomllib.loads,
    ".yaml": yaml.safe_load,
    ".yml": _yaml,
    ".dvc": yaml.safe_load,
    "config": ConfigParser().read_string,
}
_parsed: set[tuple[str, str]] = set()


def parse_all(project: Project) -> int:
    """Parse what has not been parsed yet, for most files are the same whatever is answered; return how many can be."""
    found = {path: parse for path in project.files() if (parse := PARSERS.get(Path(path).suffix or Path(path).name))}
    for path, parse in found.items():
        if (path, text := project.text(path)) not in _parsed:
            parse(text)
            _parsed.add((path, text))
    return len(found)

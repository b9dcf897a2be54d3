"""The project's memory of where it came from: the template, its commit and the answers."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

NAME = ".template.json"


def write(project: Path, template: Path, answers: Mapping[str, str]) -> None:
    """Write .template.json: what it takes to render this project again. No path of this machine goes into it."""
    questions = [name for name in answers if not name.startswith("_")]
    known = {name: answers[name] for name in questions}
    if answers["__dataset_path"]:
        known["dataset"] = answers["__dataset_file"]
    entry = {"answers": known, "commit": _git(template, "rev-parse", "HEAD"), "template": _source(template, answers)}
    (project / NAME).write_text(json.dumps(entry, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def _source(template: Path, answers: Mapping[str, str]) -> str | None:
    given = answers["_template"]
    return _git(template, "remote", "get-url", "origin") if Path(given).expanduser().exists() else given


def _git(template: Path, *arguments: str) -> str | None:
    if not (template / ".git").exists():
        return None
    done = subprocess.run(["git", *arguments], cwd=template, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None if done.returncode == 0 else None

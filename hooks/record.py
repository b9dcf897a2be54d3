"""The project's memory of where it came from: the template, its commit and the answers."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

NAME = ".template.json"
# Where a clone remembers a path of its machine, for `make level-up`.
KEY = "mlops-maturity.template"
# Where it remembers the address that its user has agreed to run code of.
AGREED = "mlops-maturity.agreed"
# An address of another machine: https://..., git@host:..., or cookiecutter's gh:owner/name.
ADDRESS = re.compile(r"(?!file:)([a-z+]+://|[\w.-]+@[\w.-]+:|[a-z]+:[\w.-]+/)")
USER = re.compile(r"(?<=://)[^/@]*@")


def write(project: Path, template: Path, answers: Mapping[str, str]) -> None:
    """Write .template.json: what it takes to render this project again. No path of this machine goes into it."""
    questions = [name for name in answers if not name.startswith("_")]
    known = {name: answers[name] for name in questions}
    if answers["__dataset_path"]:
        known["dataset"] = answers["__dataset_file"]
    entry = {"answers": known, "commit": _git(template, "rev-parse", "HEAD"), "template": _source(template, answers)}
    (project / NAME).write_text(json.dumps(entry, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def remember(project: Path, template: Path, answers: Mapping[str, str]) -> None:
    """Let git's configuration of this clone keep where the template is: its path, or the address that was used."""
    if address := _source(template, answers):
        _git(project, "config", AGREED, address)
    elif not answers["_template"].endswith(".zip"):
        _git(project, "config", KEY, str(template))


def _source(template: Path, answers: Mapping[str, str]) -> str | None:
    """Where others find the template: the address that was given, or that of the clone that was; no path, no secret."""
    given = answers["_template"]
    address = _git(template, "remote", "get-url", "origin") if Path(given).expanduser().exists() else given
    return USER.sub("", address) if address and ADDRESS.match(address) else None


def _git(folder: Path, *arguments: str) -> str | None:
    if not (folder / ".git").exists():
        return None
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None if done.returncode == 0 else None

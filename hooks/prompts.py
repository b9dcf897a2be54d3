"""Cookiecutter's extension point: refuses a wrong answer while questions are asked, before anything is on disk."""

import logging
import re
from collections.abc import Mapping
from pathlib import Path

from cookiecutter.exceptions import FailedHookException
from jinja2 import Environment
from jinja2.ext import Extension

from . import answers as rules
from . import dataset as datasets
from .providers import PROVIDERS
from .wheel import build

TEMPLATE = Path(__file__).resolve().parent.parent
EXPRESSION = re.compile("<<.*?>>")
# Where the template's own short expressions stand: questions, hooks and names of folders.
OWN = {
    expression
    for text in (
        (TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"),
        "<< cookiecutter | tojson >> << template_folder | tojson >>",
        "<<cookiecutter.project_slug>> <<cookiecutter.__package_name>>",
    )
    for expression in EXPRESSION.findall(text)
}


def refuse_wrong(answers: Mapping[str, str]) -> str:
    """Return nothing if the answers so far are right.

    Raises:
        FailedHookException: cookiecutter prints its one line and exits with 1.
    """
    if problem := rules.refusal(answers):
        raise FailedHookException(problem)
    return ""


class Prompts(Extension):
    """What cookiecutter.json and the hooks use of this template's own code."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters["refuse_wrong"] = refuse_wrong
        environment.filters["dataset_path"] = datasets.path_of
        environment.filters["dataset_file"] = datasets.file_name
        environment.globals["providers"] = PROVIDERS
        environment.globals["library"] = build()
        environment.globals["template_folder"] = str(TEMPLATE)
        # TOML and YAML know no surrogate pairs, which is what JSON's escapes make of an emoji.
        environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": True}
        # A hook says in one line what is wrong; cookiecutter would print its own stack below it.
        logging.getLogger("cookiecutter.hooks").setLevel(logging.CRITICAL)

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002
        """Let no answer be a template: cookiecutter renders those of the command line and of files, and would run it.

        Raises:
            FailedHookException: a text that is no file of the template holds an expression that is not the template's.
        """
        foreign = name is None and EXPRESSION.sub(lambda match: "" if match[0] in OWN else match[0], source)
        if foreign and rules.MARKS.search(foreign):
            raise FailedHookException(f"answers: {foreign[:80]!a} may not contain <<, <% and <#")
        return source

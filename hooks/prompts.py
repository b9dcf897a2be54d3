"""Cookiecutter's extension point: refuses a wrong answer while questions are asked, before anything is on disk."""

import logging
from collections.abc import Mapping
from pathlib import Path

from cookiecutter.exceptions import FailedHookException
from jinja2 import Environment
from jinja2.ext import Extension

from . import answers as rules
from . import dataset as datasets

TEMPLATE = Path(__file__).resolve().parent.parent


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
        environment.globals["template_folder"] = str(TEMPLATE)
        # A hook says in one line what is wrong; cookiecutter would print its own stack below it.
        logging.getLogger("cookiecutter.hooks").setLevel(logging.CRITICAL)

"""Cookiecutter's extension point: a wrong answer is asked for again, or refused, before anything is on disk."""

import json
import logging
import re
from collections.abc import Callable, Mapping, MutableMapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
from cookiecutter.exceptions import FailedHookException
from cookiecutter.prompt import read_user_variable
from jinja2 import Environment
from jinja2.ext import Extension

from . import answers as rules
from . import dataset as datasets
from . import generation, layout
from .providers import PROVIDERS
from .wheel import library

TEMPLATE = Path(__file__).resolve().parent.parent
QUESTIONS = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
# A question is asked so often.
TRIES = 3
EXPRESSION = re.compile("<<.*?>>")
# Where the template's own short expressions stand: questions, hooks and names of folders.
OWN = {
    expression
    for text in (
        (TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"),
        "<< cookiecutter | begin >> << cookiecutter | finish >>",
        "<<cookiecutter.project_slug>> <<cookiecutter.__package_name>>",
    )
    for expression in EXPRESSION.findall(text)
}


def accepted(answers: MutableMapping[str, str]) -> str:
    """Return nothing once the answers so far are right; a person at the prompts is asked again for a wrong one.

    Raises:
        FailedHookException: nobody can be asked, or the last try is wrong, too. Cookiecutter prints the text.
    """
    if problem := _no_question():
        raise FailedHookException(problem)
    tries = TRIES if _somebody_answers() else 1
    while problem := rules.refusal(answers):
        tries -= 1
        question = problem.partition(":")[0]
        if not tries or question not in QUESTIONS:
            raise FailedHookException(problem)
        print(f"  {problem}")
        # The default is another question's, or what was just refused.
        default = None if "<<" in QUESTIONS[question] else QUESTIONS[question]
        try:
            answers[question] = read_user_variable(question, default, QUESTIONS["__prompts__"], "  ")
        except EOFError:
            raise FailedHookException(problem) from None
    return ""


def _no_question() -> str | None:
    """Refuse a misspelt question on the command line: cookiecutter leaves out what it does not know."""
    context = click.get_current_context(silent=True)
    given = context.params.get("extra_context") if context else None
    for name in given or ():
        if name not in QUESTIONS:
            asked = [question for question in QUESTIONS if not question.startswith("_")]
            close = get_close_matches(name, asked, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]}?" if close else f"there is {', '.join(asked)}"
            return f"{name}: there is no such question; {hint}"
    return None


def _somebody_answers() -> bool:
    """Whether this is cookiecutter's command, at its prompts."""
    context = click.get_current_context(silent=True)
    return context is not None and not any(context.params.get(name) for name in ("no_input", "replay", "replay_file"))


def copy_as_it_is(answers: Mapping[str, Any]) -> str:
    """Let cookiecutter copy what it need not render for these answers. The hook deletes what was not asked for."""
    wanted = layout.emitted(answers)
    names = layout.not_rendered(TEMPLATE / "<<cookiecutter.project_slug>>", answers["__package_name"], wanted)
    answers["_copy_without_render"][:] = names
    return ""


def _or_fail(step: Callable[[Mapping[str, str]], str | None]) -> Callable[[Mapping[str, str]], str]:
    """A step of generating a project, whose problem cookiecutter prints; it then takes away what it has written."""

    def done(answers: Mapping[str, str]) -> str:
        if problem := step(answers):
            raise FailedHookException(problem)
        return ""

    return done


class Prompts(Extension):
    """What cookiecutter.json and the hooks use of this template's own code."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters["accepted"] = accepted
        environment.filters["copy_as_it_is"] = copy_as_it_is
        environment.filters["begin"] = _or_fail(generation.begin)
        environment.filters["finish"] = _or_fail(generation.finish)
        environment.filters["dataset_path"] = datasets.path_of
        environment.filters["dataset_file"] = datasets.file_name
        environment.globals["providers"] = PROVIDERS
        environment.globals["library"] = library()
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

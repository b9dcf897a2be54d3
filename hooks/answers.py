"""What may be answered at the prompt. One place, read before anything is written and again by the first hook."""

import keyword
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from . import dataset as datasets

SLUG = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
LONGEST_SLUG = 40
LONGEST_LINE = 80
LONGEST_REFUSAL = 600
# What opens an expression of the template. Such an answer would be run when the project is rendered again.
MARKS = re.compile("<[<%#]")
# Blanks that a name of a column may have, of any width.
BLANKS = re.compile("[\\u00a0\\u2000-\\u200a\\u202f\\u205f\\u3000]")

CHOICES = {
    "maturity_level": ("0", "1", "2"),
    "ci_provider": ("github", "gitlab", "jenkins"),
    "cloud": ("none", "aws", "gcp"),
    "deploy_target": ("docker", "kubernetes"),
}

# What the generated project imports. A package of the same name would hide it.
TAKEN = frozenset(
    """
    conftest data dvc fastapi httpx hypothesis IPython joblib matplotlib mlops_maturity mypy nbclient nbformat numpy
    onnx onnxruntime pandas pandera pip pyarrow pydantic pytest ruff scipy setuptools skl2onnx sklearn skops src
    starlette tests uvicorn uv wheel yaml
    """.split()  # noqa: SIM905 - readable so
)

Rule = Callable[[Mapping[str, str]], str | None]


def _line(question: str) -> Rule:
    def rule(answers: Mapping[str, str]) -> str | None:
        value = answers[question]
        if value.strip() and value.isprintable() and len(value) <= LONGEST_LINE and not MARKS.search(value):
            return None
        return (
            f"{question}: {_shown(value)} must be one line of 1 to {LONGEST_LINE} printable characters, "
            "without <<, <% and <#"
        )

    return rule


def _choice(question: str) -> Rule:
    def rule(answers: Mapping[str, str]) -> str | None:
        value = answers[question]
        allowed = " or ".join(CHOICES[question])
        if value in CHOICES[question]:
            return None
        return f"{question}: {_shown(value)} is not allowed; answer {allowed}"

    return rule


def _slug(answers: Mapping[str, str]) -> str | None:
    slug = answers["project_slug"]
    if not SLUG.fullmatch(slug) or len(slug) > LONGEST_SLUG:
        return (
            f"project_slug: {_shown(slug)} must be 1 to {LONGEST_SLUG} lower-case letters, digits and "
            "single '-' or '_', and begin with a letter"
        )
    package = slug.replace("-", "_")
    if keyword.iskeyword(package) or keyword.issoftkeyword(package):
        return f"project_slug: {slug!r} is a Python keyword; choose another name, such as '{slug}-model'"
    if package in sys.stdlib_module_names or package in TAKEN:
        return f"project_slug: {slug!r} would hide the Python module {package!r}; choose '{slug}-model', for instance"
    return None


def _dataset(answers: Mapping[str, str]) -> str | None:
    if not answers["dataset"].isprintable() or MARKS.search(answers["dataset"]):
        return "dataset: must be one line of printable characters, without <<, <% and <#"
    return datasets.file_problem(_file(answers))


def _target(answers: Mapping[str, str]) -> str | None:
    target = answers["target"]
    if not BLANKS.sub(" ", target).isprintable() or not target.strip() or MARKS.search(target):
        return "target: must be one line of printable characters, without <<, <% and <#"
    return datasets.column_problem(_file(answers), target)


def _file(answers: Mapping[str, str]) -> str:
    return answers.get("__dataset_path") or answers["dataset"]


def _dataset_path(answers: Mapping[str, str]) -> str | None:
    # A hook runs in another folder than the prompts: it cannot compute the path again, but tell that it is of the file.
    given, path = answers["dataset"], answers["__dataset_path"]
    fits = Path(path).is_absolute() and Path(path).name == Path(datasets.path_of(given)).name
    if fits if given != datasets.SAMPLE else not path:
        return None
    return f"__dataset_path: {_shown(path)} is computed from dataset; leave it out"


def _computed(question: str, compute: Callable[[Mapping[str, str]], str]) -> Rule:
    def rule(answers: Mapping[str, str]) -> str | None:
        if answers[question] == compute(answers):
            return None
        return f"{question}: {_shown(answers[question])} is computed from other answers; leave it out"

    return rule


RULES: dict[str, Rule] = {
    "project_name": _line("project_name"),
    "project_slug": _slug,
    "__package_name": _computed("__package_name", lambda answers: answers["project_slug"].replace("-", "_")),
    "maturity_level": _choice("maturity_level"),
    "__dataset_path": _dataset_path,
    "dataset": _dataset,
    "__dataset_file": _computed("__dataset_file", lambda answers: datasets.file_name(answers["dataset"])),
    "target": _target,
    "ci_provider": _choice("ci_provider"),
    "cloud": _choice("cloud"),
    "deploy_target": _choice("deploy_target"),
    "author": _line("author"),
}


def refusal(answers: Mapping[str, str]) -> str | None:
    """The first thing that is wrong with the answers given so far, in one line that says what is allowed, or None."""
    problems = (rule(answers) for question, rule in RULES.items() if question in answers)
    problem = _no_text(answers) or next(filter(None, problems), None)
    # It may quote the file, and a column's name may hold anything.
    return problem and "".join(letter if letter.isprintable() else " " for letter in problem)[:LONGEST_REFUSAL]


def _no_text(answers: Mapping[str, str]) -> str | None:
    """A file of answers may hold numbers, lists or nothing where text is meant."""
    wrong = (name for name in RULES if not isinstance(answers.get(name, ""), str))
    return next((f"{name}: {answers[name]!r} must be text; put it in quotes" for name in wrong), None)


def _shown(value: str) -> str:
    return ascii(value if len(value) <= LONGEST_LINE else value[:LONGEST_LINE] + "...")

"""What may be answered at the prompt. One place, read before anything is written and again by the first hook."""

import keyword
import re
import sys
from collections.abc import Callable, Mapping

from . import dataset as datasets

SLUG = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
LONGEST_SLUG = 40
LONGEST_LINE = 80

CHOICES = {
    "maturity_level": ("0",),
    "ci_provider": ("github",),
    "cloud": ("none", "aws", "gcp"),
    "deploy_target": ("docker", "kubernetes"),
}
# Right answers that this version of the template does not emit: refused, never half served.
NOT_YET = {
    "maturity_level": ("1", "2"),
    "ci_provider": ("gitlab", "jenkins"),
}

# What the generated project imports. A package of the same name would hide it.
TAKEN = frozenset(
    "conftest data dvc fastapi httpx hypothesis IPython joblib matplotlib mypy nbclient nbformat numpy onnx "
    "onnxruntime pandas pandera pip pyarrow pydantic pytest ruff scipy setuptools skl2onnx sklearn skops src "
    "starlette tests uvicorn uv wheel yaml".split()
)

Rule = Callable[[Mapping[str, str]], str | None]


def _line(question: str) -> Rule:
    def rule(answers: Mapping[str, str]) -> str | None:
        value = answers[question]
        if value.strip() and value.isprintable() and len(value) <= LONGEST_LINE:
            return None
        return f"{question}: {_shown(value)} must be one line of 1 to {LONGEST_LINE} printable characters"

    return rule


def _choice(question: str) -> Rule:
    def rule(answers: Mapping[str, str]) -> str | None:
        value = answers[question]
        allowed = " or ".join(CHOICES[question])
        if value in CHOICES[question]:
            return None
        if value in NOT_YET.get(question, ()):
            return f"{question}: {value} is not emitted by this version of the template; answer {allowed}"
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
        return f"project_slug: {slug!r} would hide the Python module {package!r}; choose another, such as '{slug}-model'"
    return None


def _data(answers: Mapping[str, str]) -> str | None:
    dataset, target = answers["dataset"], answers["target"]
    if not dataset.isprintable() or not target.isprintable() or not target.strip():
        return "dataset, target: must be one line of printable characters each"
    return datasets.problem(dataset, target)


RULES: dict[str, Rule] = {
    "project_name": _line("project_name"),
    "project_slug": _slug,
    "maturity_level": _choice("maturity_level"),
    "target": _data,
    "ci_provider": _choice("ci_provider"),
    "cloud": _choice("cloud"),
    "deploy_target": _choice("deploy_target"),
    "author": _line("author"),
}


def refusal(answers: Mapping[str, str]) -> str | None:
    """The first thing that is wrong with the answers given so far, in one line that says what is allowed, or None."""
    problems = (rule(answers) for question, rule in RULES.items() if question in answers)
    return next(filter(None, problems), None)


def _shown(value: str) -> str:
    return ascii(value if len(value) <= LONGEST_LINE else value[:LONGEST_LINE] + "...")

"""What is emitted for GitLab and Jenkins in every combination is valid for the tools that stand for them.

What tools of the lock can see, tests/template/test_tree.py looks at in every combination.
"""

from itertools import product
from pathlib import Path

import pytest
from conftest import bake_into
from linting import OF_PROVIDERS

from hooks.answers import CHOICES

OTHERS = {question: values for question, values in CHOICES.items() if question != "ci_provider"}


@pytest.mark.guards("T-06", "T-10")
@pytest.mark.parametrize("provider", OF_PROVIDERS)
def test_what_the_provider_reads_is_valid_in_every_combination(provider: str, tmp_path: Path) -> None:
    answers = [dict(zip(OTHERS, choices, strict=True)) for choices in product(*OTHERS.values())]
    projects = [
        bake_into(tmp_path / str(number), ci_provider=provider, **given) for number, given in enumerate(answers)
    ]
    assert OF_PROVIDERS[provider].lint(projects)

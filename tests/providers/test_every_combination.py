"""What is emitted for GitLab and Jenkins in every combination is valid for the tools that stand for them.

What tools of the lock can see, tests/template/test_tree.py looks at in every combination.
"""

from itertools import product
from pathlib import Path

import pytest
from conftest import bake_into
from linting import OF_PROVIDERS, lint

from hooks.answers import CHOICES

OTHERS = {question: values for question, values in CHOICES.items() if question != "ci_provider"}


@pytest.mark.guards("T-06", "T-10")
@pytest.mark.parametrize("provider", [name for name in CHOICES["ci_provider"] if name != "github"])
def test_what_the_provider_reads_is_valid_in_every_combination(provider: str, tmp_path: Path) -> None:
    seen: set[str] = set()
    for number, choices in enumerate(product(*OTHERS.values())):
        answers = dict(zip(OTHERS, choices, strict=True)) | {"ci_provider": provider}
        list(lint(bake_into(tmp_path / str(number), **answers), seen, OF_PROVIDERS))
    assert seen

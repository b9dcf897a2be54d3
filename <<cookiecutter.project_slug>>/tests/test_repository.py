"""The repository keeps the promises of its level: workflows, deploy files, documents, locks, data in DVC.

What a check is for, and what to do where it fails, its message says. A check that your team has decided against is left
out by its name, with the reason: `repository.checks({"images_have_an_exact_version": "our registry pins them"})`.
"""

import pytest
from mlops_maturity.testing import repository


@pytest.mark.parametrize("check", repository.checks())
def test_repository_keeps_the_promises_of_its_level(check: repository.Check) -> None:
    check(repository.here())

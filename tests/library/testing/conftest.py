"""The marks that the plugin announces to a project's tests, for those that look at parameters with them."""

import pytest

from mlops_maturity.testing.plugin import MARKERS


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)

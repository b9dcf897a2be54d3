"""One odd window asks for nothing; what lasts does, and what is over does not."""

import numpy as np
import pytest

from mlops_maturity.monitoring.windows import fires

pytestmark = pytest.mark.guards("1-TRIG")


@pytest.mark.parametrize(
    ("violations", "expected"),
    [
        ("", False),
        ("1", False),
        ("11", False),
        ("111", True),
        ("00111", True),
        ("10101", True),
        ("11110", False),
        ("01011", True),
        ("00011", False),
        ("11100011", False),
        ("1110000111", True),
    ],
)
def test_fires_if_enough_of_the_last_windows_and_the_newest_violate(violations: str, expected: bool) -> None:
    assert fires([digit == "1" for digit in violations], windows=5, violating=3) is expected


def test_fires_windows_that_violate_by_chance_do_not() -> None:
    """A window violates by chance once in a thousand times."""
    violations = np.random.default_rng(7).random((2_000, 5)) < 0.001
    assert not any(fires(list(row), windows=5, violating=3) for row in violations)

"""Numbers as people read them."""

import pytest

from mlops_maturity.project.numbers import number, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.956521, "0.9565"),
        (0.9, "0.9"),
        (0.0, "0"),
        (-0.61, "-0.61"),
        (43_201.52, "43,202"),
        (1_234_567.8, "1,234,568"),
        (999.96, "1000"),
        (1974, "1974"),
        (12.3456, "12.35"),
        (0.00123456, "0.001235"),
        (1e-7, "1e-07"),
        (2.5e18, "2.5e+18"),
        (float("nan"), "nan"),
    ],
)
def test_number_has_the_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(("share", "text"), [(0.9012, "90.1 %"), (0.5, "50 %"), (0.0, "0 %"), (-12.0, "-1,200 %")])
def test_percent_has_one_digit_where_one_counts(share: float, text: str) -> None:
    assert percent(share) == text

"""Numbers as people read them."""

from pathlib import Path

import pytest

from mlops_maturity.project.files import read_json, write_json
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


def test_number_reads_the_same_before_and_after_a_file_has_rounded_it(tmp_path: Path) -> None:
    write_json(path := tmp_path / "scores.json", {"mae": 19772.5249})
    assert number(read_json(path, "make evaluate")["mae"]) == number(19772.5249)


@pytest.mark.parametrize(("share", "text"), [(0.9012, "90.1 %"), (0.5, "50 %"), (0.0, "0 %"), (-12.0, "-1,200 %")])
def test_percent_has_one_digit_where_one_counts(share: float, text: str) -> None:
    assert percent(share) == text

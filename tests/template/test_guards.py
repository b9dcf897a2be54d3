"""Each row of the requirements has a test that turns red for its defect, and the page of it is current."""

import pytest
import speeds

from tools import guards_table
from tools.guards_table import Guard


@pytest.fixture(scope="module")
def guards() -> list[Guard]:
    """What the markers of all tests say."""
    return guards_table.collected()


def test_rows_each_have_a_guard_that_is_not_only_deep(guards: list[Guard]) -> None:
    assert guards_table.mistakes(guards) == []


def test_page_says_what_the_markers_say(guards: list[Guard]) -> None:
    assert guards_table.page(guards) == guards_table.PAGE.read_text(encoding="utf-8"), "run `make docs` and commit it"


def test_commands_of_the_page_are_those_of_the_speeds() -> None:
    assert {name: speed.command for name, speed in speeds.SPEEDS.items()} == guards_table.COMMANDS


def without(guards: list[Guard], row: str) -> list[Guard]:
    return [guard for guard in guards if guard.row != row]


def test_row_without_a_guard_is_named(guards: list[Guard]) -> None:
    assert guards_table.mistakes(without(guards, "CI-03a")) == ["CI-03a: no test shows its planted defect"]


def test_row_that_is_guarded_too_late_is_named(guards: list[Guard]) -> None:
    deep = [*without(guards, "CI-03a"), Guard("CI-03a", "deep", "tests/some.py::test_it", "")]
    assert guards_table.mistakes(deep) == ["CI-03a: only tests of `make test-deep` show its planted defect"]


def test_row_that_does_not_exist_is_named(guards: list[Guard]) -> None:
    unknown = [*guards, Guard("CI-99", "test", "tests/some.py::test_it", "")]
    assert guards_table.mistakes(unknown) == ["CI-99: a test guards it, and there is no such row"]

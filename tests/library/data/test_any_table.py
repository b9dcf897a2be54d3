"""Any table is refused in one line, or means the same in training, in a batch and over HTTP."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from library.data.any_table import CELLS, TARGET, Table, tables
from library.own_table import OwnTable
from mlops_maturity.data import cells
from mlops_maturity.data.cells import Reading
from mlops_maturity.data.schema import Column
from mlops_maturity.project.errors import ProjectError

LOOKED_AT = 4


def agrees(project: OwnTable, table: Table) -> None:
    """Require of a table that it is refused in one line, or that each cell means the same everywhere."""
    try:
        project.read(table.content, TARGET)
    except ProjectError as error:
        said = str(error)
        assert said.isprintable(), said
        assert len(said) < 600, said
        return
    matrix = project.trained()
    np.testing.assert_array_equal(project.in_a_batch(table.content), matrix)
    if table.damage not in CELLS:
        return
    names = [name.strip() or f"column_{place}" for place, name in enumerate(table.cells[0], start=1)]
    rows = table.cells[1:]
    assert len(rows) == len(matrix)
    for number in np.linspace(0, len(rows) - 1, LOOKED_AT).astype(int):
        seen = matrix[[number]]
        np.testing.assert_array_equal(project.in_a_batch(table.only(number)), seen)
        row = dict(zip(names, rows[number], strict=True))
        record = {
            name: as_sent(row[name], column, project.seen.reading) for name, column in project.seen.columns.items()
        }
        np.testing.assert_array_equal(project.served(record), seen, err_msg=str(record))


def as_sent(cell: str, column: Column, reading: Reading) -> Any:
    """A cell as a client writes it in JSON: numbers and truth values as such, all else as it stands in the file."""
    if reading.is_missing(cell):
        return None
    if column.type == "boolean":
        return cells.TRUTH[cell.strip().lower()] == 1
    if column.type not in ("number", "integer"):
        return cell
    number = cells.number(cell, reading, column.unit)
    return number if np.isfinite(number) else None


@pytest.mark.parametrize("some", [10, pytest.param(5_000, marks=pytest.mark.speed("deep"))])
def test_any_table_is_refused_in_one_line_or_means_the_same_everywhere(some: int, own_table: OwnTable) -> None:
    @settings(
        max_examples=some, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(tables())
    def each(table: Table) -> None:
        agrees(own_table, table)

    each()

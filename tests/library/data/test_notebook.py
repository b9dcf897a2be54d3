"""The emitted notebook shows any table, whatever its target is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from library.own_table import OwnTable
from library.tables import CHANCE, ROWS
from mlops_maturity.data.reading import read_table

TARGETS: dict[str, Callable[[int], Any]] = {
    "two words": lambda number: "ab"[number % 2],
    "forty words": lambda number: f"class {number % 40}",
    "truth values with gaps": lambda number: ["true", "false", ""][number % 3],
    "a number": lambda number: f"{CHANCE[number]:.3f}",
    "few whole numbers": lambda number: number % 5,
}


@pytest.mark.parametrize("case", TARGETS)
def test_notebook_shows_a_table_with_any_target(
    case: str, own_table: OwnTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(mpl.rcParams, "backend", "agg")
    rows = [f"{CHANCE[number]:.3f},{'xyz'[number % 3]},{TARGETS[case](number)}" for number in range(ROWS)]
    own_table.read("\n".join(["v,w,y", *rows, ""]), "y")
    cells = json.loads(Path("notebooks/exploration.ipynb").read_text(encoding="utf-8"))["cells"]
    known: dict[str, Any] = {"display": repr, "load": lambda: read_table(own_table.raw)}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(line for line in cell["source"] if "import load" not in line), known)  # noqa: S102
    assert known["target"] == "y"
    plt.close("all")

"""How all pictures look, those of an evaluation and those of monitoring."""

from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

BLUE, ORANGE, GREY = "#2563a8", "#d9822b", "#8a8f98"
STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titleweight": "bold",
    "figure.dpi": 110,
    "font.size": 10,
    "grid.color": "#e5e7eb",
    "svg.hashsalt": "plots",
}


def draw(picture: Callable[[Axes], None], to: Path | IO[bytes], size: tuple[float, float], dpi: int = 110) -> None:
    """Draw a picture as PNG, the same to the byte for the same data.

    Args:
        picture: draws on the axes it is given.
        to: a file, or something to write to.
        size: width and height in inches.
        dpi: pixels of an inch.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=size, layout="constrained")
        picture(axes)
        figure.savefig(to, format="png", metadata={"Software": None}, dpi=dpi)
        plt.close(figure)


def short(name: object) -> str:
    """A name as a picture has room for it."""
    text = str(name).replace("$", r"\$")
    return text if len(text) <= 24 else text[:23] + "…"

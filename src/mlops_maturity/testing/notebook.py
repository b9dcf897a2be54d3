"""Running a notebook in this process: a kernel of its own would import all libraries again."""

import json
from contextlib import chdir
from pathlib import Path


def run(path: Path, folder: Path) -> int:
    """Run the cells of a notebook from top to bottom.

    Args:
        path: of the notebook.
        folder: to run it in.

    Returns:
        How many figures it drew.

    Raises:
        AssertionError: a cell fails; the text says which.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from IPython.core.interactiveshell import InteractiveShell

    cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    plt.close("all")
    shell = InteractiveShell()  # type: ignore[no-untyped-call]
    with chdir(folder):
        for number, cell in enumerate(cells, start=1):
            done = shell.run_cell("".join(cell["source"]), store_history=False)  # type: ignore[no-untyped-call]
            if error := done.error_before_exec or done.error_in_exec:
                raise AssertionError(f"{path}: cell {number}: {type(error).__name__}: {error}")
    drawn = len(plt.get_fignums())
    plt.close("all")
    return drawn

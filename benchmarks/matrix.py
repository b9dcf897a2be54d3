"""How long does it take to generate and lint every combination of the answers? The goal: under three minutes."""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from reporting import TEMPLATE, clean_environment, publish

sys.path[:0] = [str(TEMPLATE), str(TEMPLATE / "tests"), str(TEMPLATE / "tests" / "support")]

from conftest import bake_into  # noqa: E402 - the tests' own tools
from linting import OF_PROVIDERS, OF_THE_LOCK, TOOLS  # noqa: E402
from parsing import parse_all  # noqa: E402
from tables import REAL  # noqa: E402

from hooks.answers import CHOICES  # noqa: E402

GOAL = 180
PROCESSES = 2
TASKS = {
    "three classes": {"dataset": "sample", "target": "species"},
    "two classes": {"dataset": "cancer.csv", "target": "target"},
    "a number": {"dataset": "sample", "target": "body_mass_g"},
}
OWN = "breast cancer: spaces in names, two classes"


@dataclass
class Done:
    """What a part of the matrix took.

    Attributes:
        seconds: of work, by what was done.
        counts: how often each was done.
    """

    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    counts: Counter[str] = field(default_factory=Counter)

    def note(self, what: str, began: float, times: int = 1) -> None:
        """Add what has just been done."""
        self.seconds[what] += time.perf_counter() - began
        self.counts[what] += times


def take(combinations: list[Mapping[str, str]], table: Path) -> Done:
    """Generate, parse and lint some of them, one after the other."""
    done, projects = Done(), []
    with tempfile.TemporaryDirectory() as folder:
        for number, answers in enumerate(combinations):
            own = {"dataset": str(table)} if answers["dataset"] == table.name else {}
            began = time.perf_counter()
            project = bake_into(Path(folder) / str(number), **{**answers, **own})
            done.note("generated", began)
            projects.append(project)
            began = time.perf_counter()
            parse_all(project)
            done.note("parsed", began)
            began = time.perf_counter()
            for command in (("check", "--no-cache"), ("format", "--check", "--no-cache")):
                subprocess.run([TOOLS / "ruff", *command], cwd=project.path, capture_output=True, check=True)
            done.note("checked by ruff", began)
        began = time.perf_counter()
        files = sum(linter.lint(projects) for linter in (*OF_THE_LOCK, *OF_PROVIDERS.values()))
        done.note("files checked by the linters of their provider", began, files)
    return done


def main() -> None:
    """Take the combinations in two processes, as CI does."""
    combinations = [
        TASKS[task] | dict(zip(CHOICES, choices, strict=True)) for task, *choices in product(TASKS, *CHOICES.values())
    ]
    # What is alike for the linters is in one process.
    combinations.sort(key=lambda answers: (answers["ci_provider"], answers["maturity_level"], answers["cloud"]))
    half = len(combinations) // PROCESSES
    os.environ.update(clean_environment(Path.home()))
    with tempfile.TemporaryDirectory() as name:
        table = Path(name) / "cancer.csv"
        REAL[OWN][0]().to_csv(table, index=False)
        began = time.perf_counter()
        with ProcessPoolExecutor(PROCESSES) as pool:
            parts = list(pool.map(take, [combinations[:half], combinations[half:]], [table] * PROCESSES))
        seconds = time.perf_counter() - began
    rows = [
        [what, f"{sum(part.counts[what] for part in parts):,}", f"{sum(part.seconds[what] for part in parts):,.0f}"]
        for what in parts[0].seconds
    ]
    publish(
        "matrix",
        ["combinations of level, provider, cloud, target and task", "times", "seconds"],
        [*rows, ["all of it, in two processes", "", f"{seconds:,.0f}"]],
        f"Goal: under {GOAL} seconds. What is the same for a linter is looked at once.",
    )


if __name__ == "__main__":
    main()

"""Where do the seconds of a first try go, in a clone on a machine that has nothing but a cache of packages?"""

import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from reporting import Usage, clean_environment, generate, measure, publish, spread

REPETITIONS = 3
GOAL = 25
TARGETS = ("setup", "run", "test")


def main() -> None:
    """Take a clone of the sample project from nothing to a tested model, target by target."""
    taken: dict[str, list[Usage]] = defaultdict(list)
    for _ in range(REPETITIONS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            environment = clean_environment(folder)
            generate(folder, environment)
            measure(["git", "clone", "--quiet", "penguin-species", "clone"], folder, environment)
            for target in TARGETS:
                command = ["make", target, f"PYTHON={sys.executable}"]
                taken[target].append(measure(command, folder / "clone", environment))
    totals = [sum(usage.seconds for usage in usages) for usages in zip(*taken.values(), strict=True)]
    processor = [sum(usage.processor_seconds for usage in usages) for usages in zip(*taken.values(), strict=True)]
    publish(
        "first_try",
        ["command", "seconds: median (range)", "of the processors"],
        [
            *(
                [
                    f"make {target}",
                    spread([usage.seconds for usage in usages]),
                    spread([usage.processor_seconds for usage in usages]),
                ]
                for target, usages in taken.items()
            ),
            ["all: make run && make test", spread(totals), spread(processor)],
        ],
        f"{REPETITIONS} fresh clones of the sample project of level 0; `make run` sets up by itself. "
        f"Goal: under {GOAL} s on two cores; {'reached' if statistics.median(totals) < GOAL else 'missed'}.",
    )


if __name__ == "__main__":
    main()

"""How fast each test of the template is: the one place that says which command runs it.

A test is as fast as its folder, unless its file, the test or a parameter says `@pytest.mark.speed(...)`. Without
`--speed`, pytest runs whatever it is given.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Speed:
    """What a command runs.

    Attributes:
        command: that people type.
        covers: in words, what the tests of this speed see and those of a faster one do not.
        runs: the speeds of the tests that the command takes.
    """

    command: str
    covers: str
    runs: tuple[str, ...]


SPEEDS = {
    "test": Speed(
        "make test",
        "answers, hooks and documents; every combination generated and parsed; level 0 really run once",
        runs=("test",),
    ),
    "all": Speed(
        "make test-all",
        "levels 1 and 2 really run, each kind of estimator, tuning, own data, raising the level, each provider, images "
        "and deployments, a planted defect for each requirement",
        runs=("test", "all"),
    ),
    "deep": Speed(
        "make test-deep",
        "a Kubernetes control plane, many kills, big tables, a raised level in every combination, "
        "more runs of each provider, more defects for requirements that have one already",
        runs=("deep",),
    ),
}

FOLDERS = {
    "library": "test",
    "template": "test",
    "projects": "all",
    "providers": "all",
    "delivery": "all",
}

# Minutes of the files that take longest, about. They are begun first, and shared out among the processes; those that
# use the container engine count as one, because only one process at a time may have it.
ENGINE = "container engine"
MINUTES = {
    ENGINE: 6.5,
    "test_cluster.py": 7.0,
    "test_first_try.py": 4.0,
    "test_level_up.py": 4.0,
    "test_gitlab_runs.py": 4.0,
    "test_jenkins_runs.py": 4.0,
    "test_workflows.py": 3.0,
    "test_delivery_workflows.py": 3.0,
    "test_continuous_training.py": 2.0,
    "test_tables.py": 2.0,
    "test_recipes.py": 4.0,
    "test_maturity.py": 1.5,
    "test_tuning.py": 1.5,
    "test_vendor.py": 1.5,
    "test_watching.py": 1.0,
}
WITH_ENGINE = ("test_story.py", "test_release.py", "test_images.py", "test_pipeline_image.py", "test_recipe_images.py")
# Of any other file, until it is measured.
SHORT = 0.2


def speed_of(item: pytest.Item, tests: Path) -> str:
    """The speed of a test, by its marker or its folder."""
    marker = item.get_closest_marker("speed")
    if marker is not None:
        (speed,) = marker.args
    else:
        folder = item.path.relative_to(tests).parts[0]
        speed = FOLDERS.get(folder, "")
    if speed not in SPEEDS:
        raise pytest.UsageError(f"{item.nodeid}: {speed or 'its folder'} is no speed; there are {', '.join(SPEEDS)}")
    return str(speed)


def share_out(items: Sequence[pytest.Item], processes: int) -> list[pytest.Item]:
    """Put tests into an order in which each process begins with long ones and ends with short ones.

    With `--dist=worksteal` a process begins with its part of the list, one behind the other, and takes over from the
    end of another's part when it is done.
    """
    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        name = item.path.name
        groups.setdefault(ENGINE if name in WITH_ENGINE else name, []).append(item)
    parts: list[list[pytest.Item]] = [[] for _ in range(processes)]
    minutes = [0.0] * processes
    for name in sorted(groups, key=lambda name: -MINUTES.get(name, SHORT)):
        least = minutes.index(min(minutes))
        parts[least] += groups[name]
        minutes[least] += MINUTES.get(name, SHORT)
    return [item for part in parts for item in part]


def not_covered(asked: str, left_out: Iterable[str]) -> list[str]:
    """What a command did not cover, a line for each speed, and which command does."""
    found = list(left_out)
    return [
        f"not covered: {found.count(name)} tests of `{SPEEDS[name].command}`: {SPEEDS[name].covers}"
        for name in SPEEDS
        if name not in SPEEDS[asked].runs and name in found
    ]

"""How much longer does this template take than the smallest there is? The goal: at most twice as long."""

import json
import statistics
import tempfile
from pathlib import Path

from reporting import clean_environment, generate, publish, spread

REPETITIONS = 15
GOAL = 2.0


def bare_template(folder: Path) -> Path:
    """A template of one file and one question."""
    project = folder / "bare" / "{{cookiecutter.project_slug}}"
    project.mkdir(parents=True)
    (project / "README.md").write_text("# {{cookiecutter.project_slug}}\n")
    (folder / "bare" / "cookiecutter.json").write_text(json.dumps({"project_slug": "project"}))
    return folder / "bare"


def main() -> None:
    """Generate both in turn, so that whatever else the machine does falls on both."""
    own, bare = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = clean_environment(folder)
        template = bare_template(folder)
        for turn in range(-1, REPETITIONS):
            target = folder / str(turn)
            target.mkdir()
            times = (
                generate(target, environment, template=template).seconds,
                generate(target, environment).seconds,
            )
            if turn >= 0:  # the first turn only warms the caches of the disk
                bare.append(times[0])
                own.append(times[1])
    ratio = statistics.median(own) / statistics.median(bare)
    publish(
        "generation",
        ["template", "seconds: median (range)"],
        [
            ["one file, no hook", spread(bare, 2)],
            ["this one: hooks, DVC and the first commit included", spread(own, 2)],
            ["ratio of the medians", f"{ratio:.2f}"],
        ],
        f"{REPETITIONS} runs of each in turn, by the real command line. Goal: at most {GOAL:.0f} times as long.",
    )


if __name__ == "__main__":
    main()

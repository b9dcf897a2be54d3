"""What does the pipeline cost beside the same work in one Python process, and what does a run with nothing to do?

Goals: from nothing, at most twice the time of one process; with nothing to do, no more than DVC itself.
"""

import shutil
import statistics
import tempfile
from pathlib import Path

from reporting import clean_environment, generate, measure, publish, spread

REPETITIONS = 9
GOAL = 2.0
STEPS = ("ingest", "validate-data", "split", "train", "evaluate", "profile", "validate-model", "package")
MADE = ("dvc.lock", "metrics.json", "run.json", "data/processed", "models", "reports", ".dvc/cache/runs", ".dvc/tmp")


def main() -> None:
    """Run both in turn, so that whatever else the machine does falls on both."""
    times: dict[str, list[float]] = {"process": [], "make run": [], "nothing to do": [], "dvc status": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = clean_environment(folder)
        generate(folder, environment, "maturity_level=1")
        project = folder / "penguin-species"
        measure(["make", "setup"], project, environment)
        python = project / ".venv" / "bin" / "python"
        commands: dict[str, list[str | Path]] = {
            "process": [python, "-m", "mlops_maturity", *STEPS],
            "make run": ["make", "run"],
            "nothing to do": ["make", "run"],
            "dvc status": [python.with_name("dvc"), "repro"],
        }
        for turn in range(-1, REPETITIONS):
            for label, command in commands.items():
                if label in ("process", "make run"):
                    forget(project)
                seconds = measure(command, project, environment).seconds
                if turn >= 0:  # the first turn only warms the caches of the disk
                    times[label].append(seconds)
    middle = {label: statistics.median(values) for label, values in times.items()}
    ratio = middle["make run"] / middle["process"]
    labels = {
        "process": "all steps in one process",
        "make run": "`make run`, from nothing",
        "nothing to do": "`make run`, with nothing to do",
        "dvc status": "`dvc repro` itself, with nothing to do",
    }
    rows = [[labels[label], spread(values)] for label, values in times.items()]
    publish(
        "stages",
        ["the sample, seven stages", "seconds: median (range)"],
        [*rows, ["from nothing: pipeline to process", f"{ratio:.2f}"]],
        f"{REPETITIONS} runs of each in turn. Goal from nothing: at most {GOAL:.0f} times: "
        f"{'reached' if ratio <= GOAL else 'missed'}.",
    )


def forget(project: Path) -> None:
    """Take away all that a run leaves, and DVC's memory of earlier runs."""
    for path in (project / name for name in MADE):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()

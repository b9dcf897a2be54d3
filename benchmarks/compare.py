"""Is this version of the template as fast as another one? Measured in turn, by the targets of their projects."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from urllib.request import Request, urlopen

import rows
from reporting import TEMPLATE, clean_environment, generate, measure, publish, spread
from serving import RECORD, Running, Server, running

LEVEL = "maturity_level=1"
# Of predictions that a monitored log has, by requests of so many records.
PREDICTIONS, BATCH = 200_000, 1_000
LOAD_SECONDS = 4.0
VERSIONS = ("other", "this")


def other_version(commit: str, folder: Path) -> Path:
    """The template as it was at a commit."""
    path = folder / "template"
    subprocess.run(["git", "clone", "--quiet", str(TEMPLATE), str(path)], check=True)
    subprocess.run(["git", "checkout", "--quiet", commit], cwd=path, check=True)
    return path


def log_predictions(found: Running) -> None:
    """Ask for as many predictions as a monitored log has."""
    body = json.dumps({"records": [RECORD] * BATCH}).encode()
    for _ in range(PREDICTIONS // BATCH):
        with urlopen(Request(found.address, body, {"Content-Type": "application/json"}), timeout=60) as response:  # noqa: S310
            response.read()


def serve_a_model_of_one_size(project: Path, environment: dict[str, str]) -> None:
    """A linear model: how many trees two versions grow says nothing about their services."""
    params = project / "params.yaml"
    params.write_text(params.read_text().replace("  kind: gradient_boosting", "  kind: linear"))
    measure(["make", "run"], project, environment)


def main() -> None:
    """Measure the sample and a big table, the service and the monitoring of both versions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit", help="of the other version")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the big table")
    options = parser.parse_args()
    taken: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = clean_environment(folder)
        table = folder / "orders.csv"
        rows.write(table, options.rows)
        templates = {"other": other_version(options.commit, folder), "this": TEMPLATE}
        projects, tables = {}, {}
        for version, template in templates.items():
            home = folder / version
            home.mkdir()
            generate(home, environment, LEVEL, template=template)
            generate(
                home, environment, LEVEL, "project_name=Orders", f"dataset={table}", "target=orders", template=template
            )
            projects[version], tables[version] = home / "penguin-species", home / "orders"
            for project in (projects[version], tables[version]):
                measure(["make", "setup", f"PYTHON={sys.executable}"], project, environment)
        servers = {
            version: Server(version, ["make", "serve", "PORT={port}", f"MODEL={project}/models/model.zip"])
            for version, project in projects.items()
        }
        log = {
            version: {"PREDICTION_LOG": f"sqlite:///{folder / version / 'predictions.sqlite'}"} for version in VERSIONS
        }

        def note(what: str, version: str, value: float) -> None:
            taken[what][version].append(value)
            print(f"{what}, {version}: {value:,.1f}", flush=True)

        for version in VERSIONS:
            for target in ("data", "train", "evaluate", "package"):
                usage = measure(["make", target], tables[version], environment)
                note(f"{options.rows:,} rows, `make {target}`, s of the processors", version, usage.processor_seconds)
        for turn in range(options.repetitions):
            for version in VERSIONS:
                project = projects[version]
                subprocess.run(["git", "clean", "-qfdx", "--exclude=.venv"], cwd=project, check=True)
                subprocess.run(["git", "checkout", "-q", "."], cwd=project, check=True)
                note(
                    "the sample, `make run`, s of the processors",
                    version,
                    measure(["make", "run"], project, environment).processor_seconds,
                )
                serve_a_model_of_one_size(project, environment)
                with running(replace(servers[version], environment=log[version]), project, environment) as found:
                    found.load(1)
                    load = found.load(LOAD_SECONDS)
                    note("service, requests/s on one core", version, load.rate)
                    note("service, µs of the processor for a request", version, load.microseconds)
                    if not turn:
                        log_predictions(found)
                note(
                    "`make monitor` of this log, s of the processors",
                    version,
                    measure(
                        ["make", "monitor", "MODEL=models/model.zip"], project, environment | log[version]
                    ).processor_seconds,
                )
    publish(
        "compare",
        ["measured in turn", options.commit, "this version", "this to that"],
        [
            [
                what,
                *(spread(values[version]) for version in VERSIONS),
                f"{statistics.median(values['this']) / statistics.median(values['other']):.2f}",
            ]
            for what, values in taken.items()
        ],
        f"Projects of level 1; {options.repetitions} times in turn, the big table once. "
        "Seconds of the processors are compared, since other programs on the machine hardly change them.",
    )


if __name__ == "__main__":
    main()

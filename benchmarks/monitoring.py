"""How long does it take to judge a million live predictions against a reference of a million rows, 15 columns?"""

import json
import sqlite3
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from reporting import Usage, clean_environment, generate, measure, publish, spread
from rows import BLOCK, block, write

# Of these, the train set is a million.
TABLE_ROWS = 1_666_667
LIVE_ROWS, WINDOW = 1_000_000, 200_000
SEED = 11
REPETITIONS = 3
GOAL_SECONDS, GOAL_MEGABYTES = 15, 2_000
STEPS = ("ingest", "validate-data", "split", "train", "evaluate")
PACKAGING = ("validate-model", "package")

# Says the tables and the model's version to this process, which has none of the project's packages.
TABLES = """
import json
from sqlalchemy import create_engine
from mlops_maturity.serving.log_tables import metadata
from mlops_maturity.model.predictor import Predictor
predictor = Predictor.load()
metadata.create_all(create_engine("sqlite:///logs/predictions.sqlite"))
words = [name for name, column in predictor.schema.columns.items() if column.type == "category"]
with open("log.json", "w") as file:
    json.dump({"version": predictor.version, "words": words}, file)
"""

# The command with a stopwatch on its parts.
WATCHED = """
import json, time
start = time.perf_counter()
from mlops_maturity.monitoring import log_reader, monitor, page
parts = {"imports": time.perf_counter() - start}
def watch(module, name, part):
    function = getattr(module, name)
    def watched(*arguments):
        begin = time.perf_counter()
        result = function(*arguments)
        parts[part] = parts.get(part, 0) + time.perf_counter() - begin
        return result
    setattr(module, name, watched)
watch(log_reader, "records_as_table", "records: JSON to columns")
watch(log_reader, "_values", "answers, probabilities, labels: JSON to values")
watch(monitor, "drift_of_window", "drift")
watch(monitor, "performance", "performance")
watch(page, "write", "page")
begin = time.perf_counter()
monitor.run()
total = time.perf_counter() - begin
parts["rows out of the database, and the rest"] = total - sum(parts.values()) + parts["imports"]
with open("parts.json", "w") as file:
    json.dump(parts, file)
"""


def write_log(path: Path, version: str, words: list[str]) -> None:
    """Write predictions as the service logs them, each with a label; the prices rise in the last three windows."""
    random = np.random.default_rng(SEED)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode=WAL")
        for start in range(0, LIVE_ROWS, BLOCK):
            table = block(random, BLOCK)
            chances = random.random(BLOCK).round(6).tolist()
            told = table["orders"].to_pylist()
            predictions, labels = [], []
            for number, (record, chance, label) in enumerate(
                zip(table.drop_columns(["orders"]).to_pylist(), chances, told, strict=True), start=start
            ):
                record["day"] = record["day"].isoformat()
                record["amount"] *= 1.5 if number >= LIVE_ROWS - 3 * WINDOW else 1
                record |= {name: str(record[name]) for name in words if record[name] is not None}
                name, at = f"{number:024x}", 1_780_000_000 + number / 2
                answer = json.dumps("yes" if chance > 0.5 else "no")
                predictions.append((name, at, version, json.dumps(record), answer, json.dumps([1 - chance, chance])))
                labels.append((name, at + 3_600, json.dumps(label)))
            database.executemany("INSERT INTO predictions VALUES (?, ?, ?, ?, ?, ?)", predictions)
            database.executemany("INSERT INTO labels VALUES (?, ?, ?)", labels)


def prepare(folder: Path, environment: Mapping[str, str]) -> tuple[Path, Usage]:
    """Generate a project, take it to a packaged model, and fill its log; return it and what the reference took."""
    table = folder / "orders.parquet"
    write(table, TABLE_ROWS)
    generate(
        folder / "projects", environment, "project_name=Orders", "maturity_level=1", f"dataset={table}", "target=orders"
    )
    project = folder / "projects" / "orders"
    measure(["make", "setup", f"PYTHON={sys.executable}"], project, environment)
    python = [".venv/bin/python", "-m", "mlops_maturity"]
    measure([*python, *STEPS], project, environment)
    reference = measure([*python, "profile"], project, environment)
    measure([*python, *PACKAGING], project, environment)
    params = project / "params.yaml"
    params.write_text(params.read_text().replace("window: 500 ", f"window: {WINDOW} "))
    (project / "logs").mkdir()
    measure([".venv/bin/python", "-c", TABLES], project, environment)
    write_log(project / "logs" / "predictions.sqlite", **json.loads((project / "log.json").read_text()))
    return project, reference


def main() -> None:
    """Measure the command, and its parts in runs of their own."""
    parts: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "projects").mkdir()
        environment = clean_environment(folder)
        project, reference = prepare(folder, environment)
        command = [".venv/bin/mlops-maturity", "monitor"]
        taken = [measure(command, project, environment) for _ in range(REPETITIONS)]
        for _ in range(REPETITIONS):
            measure([".venv/bin/python", "-c", WATCHED], project, environment)
            found: dict[str, float] = json.loads((project / "parts.json").read_text())
            for part, took in found.items():
                parts[part].append(took)
        verdict: dict[str, Any] = json.loads((project / "reports" / "monitoring.json").read_text())
    seconds, peak = [usage.seconds for usage in taken], max(usage.peak_megabytes for usage in taken)
    reached = sorted(seconds)[REPETITIONS // 2] < GOAL_SECONDS and peak < GOAL_MEGABYTES
    publish(
        "monitoring",
        ["", "seconds: median (range)"],
        [
            ["`monitor`, from log to page", spread(seconds)],
            ["of the processors", spread([usage.processor_seconds for usage in taken])],
            *([f"its part: {part}", spread(values)] for part, values in parts.items()),
            ["`profile`, which makes the reference", spread([reference.seconds])],
        ],
        f"{LIVE_ROWS:,} predictions in windows of {WINDOW:,}, each with a label, in an SQLite log; the reference is of "
        f"{TABLE_ROWS * 3 // 5:,} rows. {REPETITIONS} runs, and as many with a stopwatch on the parts.",
        f"Peak: {peak:,.0f} MB; for the reference {reference.peak_megabytes:,.0f} MB.",
        f"Goal: under {GOAL_SECONDS} s and {GOAL_MEGABYTES:,} MB; {'reached' if reached else 'missed'}.",
        f"It found: {verdict['triggers']['drift']['reason']}.",
    )


if __name__ == "__main__":
    main()

"""How do time and memory of the steps grow with the rows? From ten thousand to ten million, 15 columns."""

import argparse
import itertools
import resource
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from reporting import Usage, clean_environment, generate, measure, publish, spread

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
SEED = 7
# Rows are made, written and forgotten in blocks of this many: the largest table takes no more memory than one.
BLOCK = 100_000
# Small tables are measured several times; from a minute on, one run tells enough.
REPEATED_UP_TO, REPETITIONS = 100_000, 3
STEPS = ("data", "train", "evaluate", "package", "predict")
WORKING = ("data", "train", "evaluate", "package")


def block(random: np.random.Generator, rows: int) -> pa.Table:
    """Make rows of a shop's customers, whose next order depends on some of their columns."""
    amount, ratio, score = random.lognormal(3, 1, rows), random.random(rows), random.normal(size=rows)
    age, visits = random.integers(18, 95, rows), random.poisson(4, rows)
    region, channel = random.integers(0, 4, rows), random.integers(0, 12, rows)
    member = random.random(rows) < 0.4
    chance = 1 / (1 + np.exp(1.5 - 0.8 * score - 0.3 * visits + 0.02 * age - member + 0.4 * (region == 2)))
    return pa.table(
        {
            "amount": amount,
            "distance": random.exponential(12, rows),
            "ratio": pa.array(ratio, mask=random.random(rows) < 0.1),
            "score": score,
            "temperature": pa.array(random.normal(15, 8, rows).round(1), mask=random.random(rows) < 0.02),
            "age": age,
            "visits": visits,
            "rooms": random.integers(1, 7, rows),
            "region": np.array(["north", "east", "south", "west"])[region],
            "channel": pa.array(
                np.array([f"channel {n}" for n in range(12)])[channel], mask=random.random(rows) < 0.05
            ),
            "shop": np.array([f"shop {n}" for n in range(2_000)])[random.integers(0, 2_000, rows)],
            "member": member,
            "returned": pa.array(random.random(rows) < 0.1, mask=random.random(rows) < 0.2),
            "day": np.datetime64("2023-01-01") + random.integers(0, 1_000, rows).astype("timedelta64[D]"),
            "orders": np.where(random.random(rows) < chance, "yes", "no"),
        }
    )


def blocks(rows: int) -> Iterator[pa.Table]:
    """Make the whole table, block by block."""
    random = np.random.default_rng(SEED)
    for start in range(0, rows, BLOCK):
        yield block(random, min(BLOCK, rows - start))


def write(path: Path, rows: int) -> None:
    """Write the table as its name says."""
    parts = blocks(rows)
    first = next(parts)
    open_writer = pa.csv.CSVWriter if path.suffix == ".csv" else pa.parquet.ParquetWriter
    with open_writer(path, first.schema) as writer:
        for part in itertools.chain([first], parts):
            writer.write_table(part)


def run(folder: Path, table: Path, environment: dict[str, str]) -> dict[str, Usage]:
    """Generate a project of the table, and take it from the data to predictions of every row."""
    answers = ("project_name=Orders", f"dataset={table}", "target=orders")
    taken = {"generate": generate(folder, environment, *answers)}
    project = folder / "orders"
    measure(["make", "setup", f"PYTHON={sys.executable}"], project, environment)
    for step in STEPS:
        arguments = ["predict", str(project / "data" / "raw" / table.name)] if step == "predict" else ["run", step]
        taken[step] = measure([".venv/bin/mlops-maturity", *arguments], project, environment)
        print(f"{table.stem}: {step} {taken[step].seconds:.1f} s, {taken[step].peak_megabytes:,.0f} MB", flush=True)
    return taken


def slope(sizes: list[int], seconds: list[float]) -> float:
    """The exponent of the power law that fits."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def main() -> None:
    """Measure each size and fit the exponent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=SIZES, help="numbers of rows")
    parser.add_argument("--format", choices=("parquet", "csv"), default="parquet")
    options = parser.parse_args()
    sizes = sorted(options.sizes)
    runs: dict[int, list[dict[str, Usage]]] = defaultdict(list)
    for turn in range(REPETITIONS):
        for size in sizes:
            if turn == 0 or size <= REPEATED_UP_TO:
                with tempfile.TemporaryDirectory() as name:
                    folder = Path(name)
                    table = folder / f"rows-{size}.{options.format}"
                    write(table, size)
                    (folder / "projects").mkdir()
                    runs[size].append(run(folder / "projects", table, clean_environment(folder)))
    names = ("generate", *STEPS)
    table_rows = [
        [
            f"{size:,} rows: {unit}",
            *(spread([getattr(taken[name], field) for taken in runs[size]], digits) for name in names),
        ]
        for unit, field, digits in (("seconds", "seconds", 1), ("peak MB", "peak_megabytes", 0))
        for size in sizes
    ]
    totals = [statistics.median(sum(taken[step].seconds for step in WORKING) for taken in runs[size]) for size in sizes]
    remarks = [
        f"15 columns as {options.format}; median and range of {REPETITIONS} runs up to {REPEATED_UP_TO:,} rows, "
        "one run above. It is the first run of a project: `data` also looks at the table and finds the starting gates.",
        f"A peak of up to {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB is this benchmark's own: "
        "a child's begins at its parent's.",
        "Total of data, train, evaluate and package: "
        + ", ".join(f"{total:,.1f} s for {size:,} rows" for size, total in zip(sizes, totals, strict=True))
        + ".",
    ]
    if len(sizes) > 1:
        remarks.append(
            f"The total grows with the rows to the power of {slope(sizes, totals):.2f} over all sizes, "
            f"{slope(sizes[-2:], totals[-2:]):.2f} between the two largest."
        )
    publish("rows", ["", *names], table_rows, *remarks)


if __name__ == "__main__":
    main()

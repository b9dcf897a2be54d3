"""Tables that the tests of the library learn from: a small one without a fault, and the faults that tables have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROWS = 150
COUNT = np.arange(ROWS)
CHANCE = np.random.default_rng(8).random(ROWS)
TARGET = "ziel"
# The chance as text, and as one of two words.
NUMBER = [f"{value:.3f}" for value in CHANCE]
LEVEL = np.where(CHANCE > 0.5, "hi", "lo")


def clean() -> pd.DataFrame:
    """A number and a word that explain a class."""
    generator = np.random.default_rng(7)
    size = generator.normal(size=ROWS).round(3)
    colour = generator.choice(["blau", "grün", "rot"], ROWS)
    sure = size + (colour == "rot") + generator.normal(size=ROWS) * 0.2 > 0.3
    return pd.DataFrame({"größe": size, "farbe": colour, TARGET: np.where(sure, "ja", "nein")})


def priced() -> pd.DataFrame:
    """The same columns, which explain a number; they were seen at times that are not in order."""
    frame = clean()
    price = 100 + 30 * frame["größe"] + 20 * (frame["farbe"] == "rot") + np.random.default_rng(9).normal(size=ROWS)
    times = pd.Timestamp("2020-01-01") + pd.to_timedelta(COUNT * 7 % ROWS * 7, unit="h")
    return frame.assign(ziel=price.round(2), gesehen=times)


# The same table as many programs write it.
WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    "plain.csv": lambda frame, path: frame.to_csv(path, index=False),
    "german.csv": lambda frame, path: frame.to_csv(path, sep=";", decimal=",", encoding="cp1252", index=False),
    "mark.tsv": lambda frame, path: frame.to_csv(path, sep="\t", encoding="utf-8-sig", index=False),
    "windows.txt": lambda frame, path: frame.to_csv(path, sep="|", lineterminator="\r\n", index=False),
    "quoted.csv": lambda frame, path: frame.to_csv(path, quoting=1, index=False),
    "plain.parquet": lambda frame, path: frame.to_parquet(path, index=False),
    "indexed.pq": lambda frame, path: frame.set_index(TARGET).to_parquet(path),
}


def text(delimiter: str = ",", **columns: Any) -> str:
    """A file of these columns, as they stand; a target `y` is added where there is none."""
    columns = columns if "y" in columns else columns | {"y": NUMBER}
    lines = [delimiter.join(columns), *map(delimiter.join, zip(*columns.values(), strict=True))]
    return "\n".join(lines) + "\n"


def among(*words: str) -> list[str]:
    """These words in turn, one for each row."""
    return [words[number % len(words)] for number in COUNT]

"""Tables that users could bring: real ones from well-known packages, and ugly ones made here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Frame = Callable[[], pd.DataFrame]
ROWS = 300


def _sklearn(name: str) -> Frame:
    def load() -> pd.DataFrame:
        from sklearn import datasets

        frame: pd.DataFrame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        return frame

    return load


def _statsmodels(name: str, *, index: bool = False) -> Frame:
    def load() -> pd.DataFrame:
        import statsmodels.datasets

        frame: pd.DataFrame = getattr(statsmodels.datasets, name).load_pandas().data
        return frame.reset_index(names="when") if index else frame

    return load


def _vega(name: str) -> Frame:
    def load() -> pd.DataFrame:
        from vega_datasets import local_data

        frame: pd.DataFrame = getattr(local_data, name)()
        return frame

    return load


# Each with the column that is predicted, and what the first run must find in it.
REAL: dict[str, tuple[Frame, str, dict[str, object]]] = {
    "breast cancer: spaces in names, two classes": (
        _sklearn("breast_cancer"),
        "target",
        {"data.task": "classification", "split.method": "stratified"},
    ),
    "diabetes: a number": (_sklearn("diabetes"), "target", {"data.task": "regression", "split.method": "stratified"}),
    "wine: three classes, a slash in a name": (_sklearn("wine"), "target", {"data.task": "classification"}),
    "election survey: many whole numbers": (_statsmodels("anes96"), "vote", {"data.task": "classification"}),
    "travel: four rows a traveller": (_statsmodels("modechoice"), "choice", {"data.task": "classification"}),
    "health insurance: twenty thousand rows of counts": (
        _statsmodels("randhie"),
        "mdvis",
        {"data.task": "regression", "model.kind": "gradient_boosting"},
    ),
    "carbon dioxide: a time series with gaps": (
        _statsmodels("co2", index=True),
        "co2",
        {"data.task": "regression", "split.method": "time", "split.by": "when"},
    ),
    "crime by state: an identifier, fifty rows": (
        _statsmodels("statecrime", index=True),
        "murder",
        {"data.ignore": {"when": "another value in almost every row"}},
    ),
    "fertility: years as names, empty columns": (
        _statsmodels("fertility"),
        "2000",
        {"data.task": "regression"},
    ),
    "cars: dates, words, missing values": (
        _vega("cars"),
        "Miles_per_Gallon",
        {"data.task": "regression", "split.method": "time", "split.by": "Year"},
    ),
    "stocks: five series": (_vega("stocks"), "price", {"split.method": "time", "split.by": "date"}),
}


def clean() -> pd.DataFrame:
    """A table without a fault: a number and a word that explain a class."""
    generator = np.random.default_rng(7)
    size = generator.normal(size=ROWS).round(3)
    colour = generator.choice(["blau", "grün", "rot"], ROWS)
    sure = size + (colour == "rot") + generator.normal(size=ROWS) * 0.3 > 0.3
    return pd.DataFrame({"größe": size, "farbe": colour, "ziel": np.where(sure, "ja", "nein")})


def _with(**columns: Any) -> Frame:
    return lambda: clean().assign(**columns)


def _target(values: Callable[[pd.DataFrame], Any]) -> Frame:
    return lambda: clean().assign(ziel=values)


COUNT = np.arange(ROWS)
CHANCE = np.random.default_rng(8).random(ROWS)

# Each with what the first run must say of it.
UGLY: dict[str, tuple[Frame, str]] = {
    "identifiers": (
        _with(id=COUNT, uuid=[f"{number:032x}" for number in COUNT * 7919], person=[f"Person {n}" for n in COUNT]),
        "'id': 'an identifier: a value of its own in every row'",
    ),
    "constant and empty columns": (
        _with(constant=1, word="same", empty=None),
        "'constant': 'one value only', 'word': 'one value only', 'empty': 'every value is missing'",
    ),
    "dates of three kinds": (
        _with(
            iso=pd.date_range("2020-01-01", periods=ROWS, freq="7h"),
            german=pd.date_range("2021-01-01", periods=ROWS).strftime("%d.%m.%Y"),
            american=pd.date_range("2021-01-01", periods=ROWS).strftime("%m/%d/%Y"),
        ),
        "split.method: time",
    ),
    "booleans in every spelling": (
        _with(a=CHANCE > 0.5, b=np.where(CHANCE > 0.4, "yes", "no"), c=(CHANCE > 0.3).astype(int)),
        "data.ignore: {}",
    ),
    "thousands of categories": (
        _with(city=[f"city {int(1 / value)}" for value in CHANCE + 1e-4], code=(CHANCE * 1e5).astype(int)),
        "data.task: classification",
    ),
    "infinite, huge and tiny numbers": (
        _with(infinite=np.where(CHANCE < 0.1, np.inf, CHANCE), huge=CHANCE * 1e300, tiny=CHANCE * 1e-300),
        "data.task: classification",
    ),
    "names with anything in them": (
        lambda: clean().rename(columns={"größe": 'x y: {z} #[1] <a>%$"', "farbe": "a\nb"}).assign(**{"class": CHANCE}),
        "data.task: classification",
    ),
    "numbers with words among them": (
        _with(
            mixed=["unknown" if n % 11 == 0 else str(n * 1.5) for n in COUNT], money=[f"${n:,}" for n in COUNT + 1000]
        ),
        "data.task: classification",
    ),
    "a target of three numbers": (
        _target(lambda frame: 1 + pd.cut(frame["größe"], 3, labels=False)),
        "data.task: classification",
    ),
    "a target of truth values": (_target(lambda frame: frame["ziel"] == "ja"), "data.task: classification"),
    "a target with missing values": (
        _target(lambda frame: frame["ziel"].where(CHANCE > 0.3)),
        "rows: ziel is missing",
    ),
    "a rare class": (
        _target(lambda frame: frame["ziel"].where(COUNT > 2, "selten")),
        "dropped 3 rows: fewer than 10 rows of their ziel",
    ),
    "forty rows": (lambda: clean().head(40), "data.task: classification"),
}

# No column says anything about the target.
NOISE: Frame = _target(lambda _: np.where(CHANCE > 0.5, "u", "v"))

# Each refused by the first run, in one line that says so.
HOPELESS: dict[str, tuple[Frame, str]] = {
    "nothing but the target": (lambda: clean()[["ziel"]], "no column can explain 'ziel'"),
    "a name for a target": (_target(lambda _: [f"Person {n}" for n in COUNT]), "choose another target"),
    "a date for a target": (_target(lambda _: pd.date_range("2020-01-01", periods=ROWS)), "choose another target"),
    "one class that is not rare": (
        _target(lambda _: np.where(COUNT < 9, "a", "b")),
        "ziel has one value only, after 9 rows were dropped",
    ),
    "more classes than can be told apart": (
        lambda: pd.concat([clean().assign(ziel=[f"class {n % 150}" for n in COUNT])] * 6),
        "ziel has 150 classes",
    ),
}

# The same table as another program would write it.
WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    "data.csv": lambda frame, path: frame.to_csv(path, index=False),
    "with index.csv": lambda frame, path: frame.to_csv(path),
    "german.csv": lambda frame, path: frame.to_csv(path, sep=";", decimal=",", encoding="cp1252", index=False),
    "mark.tsv": lambda frame, path: frame.to_csv(path, sep="\t", encoding="utf-8-sig", index=False),
    "windows.txt": lambda frame, path: frame.to_csv(path, sep="|", lineterminator="\r\n", index=False),
    "types.parquet": lambda frame, path: frame.assign(
        lists=pd.Series([[1, 2]] * len(frame), index=frame.index),
        day=pd.date_range("2020-01-01", periods=len(frame)).date,
        small=np.int8(3),
    ).to_parquet(path),
}

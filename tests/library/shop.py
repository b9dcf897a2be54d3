"""A shop whose customers are made up: a table as ugly as real ones, a model of it, and a log of its answers.

It is a project of its own, in corner_shop/, that trains in a moment: what serving and monitoring do does not depend on
the sample project.
"""

import json
import shutil
from contextlib import chdir
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import create_engine, insert

from mlops_maturity.data.conversion import conform
from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.artefact import Artefact
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.monitoring.profile import Reference, reference_of
from mlops_maturity.pipeline.package import package
from mlops_maturity.project import params as settings
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import ARTEFACT, PARAMS
from mlops_maturity.serving.log_tables import labels, metadata, predictions
from mlops_maturity.training.train import train_model

PROJECT = Path(__file__).with_name("corner_shop")

PRICE, REGION, TARGET = "prix d'été", "région <b>", "wörth"
TARGETS = {
    "binary": Column(type="category", categories=["no", "yes"], missing=0),
    "multi-class": Column(type="integer", minimum=1, maximum=3, missing=0),
    "regression": Column(type="number", missing=0),
}
COLUMNS = {
    PRICE: Column(type="number", missing=1),
    "visits": Column(type="integer", missing=0),
    "member": Column(type="boolean", missing=1),
    REGION: Column(type="category", categories=["est", "nord", "sud"], open=True, missing=1),
    "since": Column(type="datetime", format="%d/%m/%Y", missing=1),
}
BOUNDS = settings.load(PROJECT / PARAMS).monitoring
# What the evaluation of a real project leaves.
METRICS: dict[str, Any] = {"gates": [], "rows": {"test": 1_000}, "scores": {"test": {"accuracy": 0.9, "mae": 0.1}}}
FACTS: dict[str, Any] = {"columns": len(COLUMNS) + 1, "md5": "0" * 32, "rows": {"train": 2_000, "test": 1_000}}


def customers(rows: int, seed: int, kind: str = "binary") -> pd.DataFrame:
    """Rows that fit the schema; the target follows the price and the region."""
    random = np.random.default_rng([seed, rows])
    price, region = random.normal(20, 5, rows), random.choice(["est", "nord", "sud"], rows, p=[0.2, 0.5, 0.3])
    worth = (price - 20) / 5 + (region == "sud") + random.normal(0, 0.5, rows)
    days = np.datetime64("2024-01-01", "us") + random.integers(0, 300, rows) * np.timedelta64(86_400_000_000, "us")
    targets = {
        "binary": np.where(worth > 0.3, "yes", "no"),
        "multi-class": 1 + (worth > -0.3) + (worth > 0.8),
        "regression": worth,
    }
    return pd.DataFrame(
        {
            PRICE: pd.Series(price).mask(random.random(rows) < 0.05),
            "visits": random.poisson(4, rows).astype("float64"),
            "member": (random.random(rows) < 0.4).astype("float64"),
            REGION: pd.Series(region, dtype="str").mask(random.random(rows) < 0.05),
            "since": pd.Series(days),
            TARGET: pd.Series(targets[kind]),
        }
    )


@dataclass(frozen=True)
class Shop:
    """A model of the customers.

    Attributes:
        kind: of its target.
        schema: of the whole table.
        params: the settings of the project.
        trained: what the training step leaves.
        packaged: what the package step leaves.
        predictor: the packaged model.
        reference: of the model.
    """

    kind: str
    schema: Schema
    params: Params
    trained: Artefact
    packaged: Artefact
    predictor: Predictor
    reference: Reference

    def customers(self, rows: int, seed: int = 1) -> pd.DataFrame:
        """Rows like those that the model learned from."""
        return conform(self.schema, customers(rows, seed, self.kind))

    def project(self, folder: Path) -> Path:
        """Write the project with its packaged model into a folder."""
        shutil.copytree(PROJECT, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        artefacts.write(self.packaged, folder / ARTEFACT)
        return folder

    def log(
        self, path: Path, asked: pd.DataFrame, told: pd.Series | None = None, version: str = "", at: float = 0
    ) -> str:
        """Add answers to a log as the service does, one a minute.

        Args:
            path: of the SQLite file.
            asked: rows; the target is left out.
            told: labels, by the index of `asked`; only some may have one.
            version: of the model that answered; by default, this one.
            at: time of the first, in minutes.

        Returns:
            The URL of the log.
        """
        url = f"sqlite:///{path}"
        version = version or self.predictor.version
        frame = asked[list(self.predictor.schema.columns)].reset_index(drop=True)
        answers = self.predictor.answers(self.predictor.of_frame(frame))
        records = json.loads(frame.to_json(orient="records", date_format="iso"))
        for record in records:
            record["member"] = bool(record["member"])
        rows = [
            {
                "id": f"{version}{at + number:010}",
                "at": 1_780_000_000 + 60 * (at + number),
                "model_version": version,
                "record": json.dumps(record, ensure_ascii=False),
                "prediction": json.dumps(answer["prediction"]),
                "probabilities": json.dumps(list(found.values())) if (found := answer.get("probabilities")) else None,
            }
            for number, (record, answer) in enumerate(zip(records, answers, strict=True))
        ]
        engine = create_engine(url)
        metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(insert(predictions), rows)
            if told is not None:
                values = [
                    {"prediction_id": f"{version}{at + number:010}", "at": 0.0, "label": json.dumps(value)}
                    for number, value in zip(told.index.to_list(), told.to_list(), strict=True)
                ]
                connection.execute(insert(labels), values)
        engine.dispose()
        return url


@cache
def open_shop(kind: str = "binary") -> Shop:
    """The shop of a kind of target, trained once in a process."""
    task = "regression" if kind == "regression" else "classification"
    schema = Schema(columns=COLUMNS | {TARGET: TARGETS[kind]})
    with chdir(PROJECT):
        params = settings.load(PARAMS).changed(**{"data.task": task})
        train, test = (conform(schema, customers(rows, 7, kind)) for rows in (2_000, 1_000))
        trained, _ = train_model(train, test, schema, params)
        reference = reference_of(Predictor(trained), trained.digest, train, test)
        packaged = package(trained, METRICS, FACTS, reference.text().encode())
        return Shop(kind, schema, params, trained, packaged, Predictor(packaged), reference)

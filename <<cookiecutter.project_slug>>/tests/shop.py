"""A shop whose customers the suites make up: a table as ugly as real ones, a model of it, and a log of its answers."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from sandbox import ROOT
from sqlalchemy import create_engine, insert

from << cookiecutter.__package_name >> import params as settings
from << cookiecutter.__package_name >>.data.schema import Column, Schema
from << cookiecutter.__package_name >>.monitoring.profile import Reference, reference_of
from << cookiecutter.__package_name >>.params import Monitoring
from << cookiecutter.__package_name >>.paths import PARAMS
from << cookiecutter.__package_name >>.serving.log_tables import labels, metadata, predictions
from << cookiecutter.__package_name >>.serving.predictor import Predictor
from << cookiecutter.__package_name >>.training.train import train_model

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

# As params.yaml has them at first, but smaller windows.
BOUNDS = Monitoring(
    window=200,
    windows=5,
    violating=3,
    psi=0.2,
    ks=0.15,
    missing=0.1,
    loss=0.1,
    fewest_labels=40,
    cooldown_hours=24,
    max_age_days=30,
)


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
        predictor: the model.
        reference: of the model.
    """

    kind: str
    predictor: Predictor
    reference: Reference

    def customers(self, rows: int, seed: int = 1) -> pd.DataFrame:
        """Rows like those that the model learned from."""
        schema = Schema(columns=COLUMNS | {TARGET: TARGETS[self.kind]})
        return schema.conform(customers(rows, seed, self.kind))

    def log(
        self, path: Path, asked: pd.DataFrame, told: pd.Series | None = None, version: str = "trained", at: float = 0
    ) -> str:
        """Add answers to a log as the service does, one a minute.

        Args:
            path: of the SQLite file.
            asked: rows; the target is left out.
            told: labels, by the index of `asked`; only some may have one.
            version: of the model that answered.
            at: time of the first, in minutes.

        Returns:
            The URL of the log.
        """
        url = f"sqlite:///{path}"
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
def open_shop(kind: str) -> Shop:
    """Make a shop of a kind of target."""
    task = "regression" if kind == "regression" else "classification"
    schema = Schema(columns=COLUMNS | {TARGET: TARGETS[kind]})
    changes = {"data.target": TARGET, "data.task": task, "data.ignore": {}, "features.derived": []}
    params = settings.load(ROOT / PARAMS).changed(**changes, **{"model.kind": "linear"})
    train, test = (schema.conform(customers(rows, 7, kind)) for rows in (2_000, 1_000))
    artefact, _ = train_model(train, test, schema, params)
    predictor = Predictor(artefact)
    return Shop(kind, predictor, reference_of(predictor, artefact.digest, train, test))

"""FastAPI with a scikit-learn pipeline that takes a DataFrame, as in most tutorials."""

from typing import Any

import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder


def trained() -> Pipeline:
    """A pipeline with the same kind of model, trained on the same rows."""
    rows = pd.read_parquet("data/processed/train.parquet")
    features = rows.drop(columns="species")
    words = features.select_dtypes(["category", "object", "string"]).columns
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    model = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=15, min_samples_leaf=10, random_state=7)
    pipeline = make_pipeline(make_column_transformer((encoder, words), remainder="passthrough"), model)
    return pipeline.fit(features, rows["species"].astype(str))


class Record(BaseModel):
    """A penguin."""

    island: str
    bill_length_mm: float
    bill_depth_mm: float
    flipper_length_mm: float
    body_mass_g: float
    sex: str
    year: int


class Records(BaseModel):
    """Some of them."""

    records: list[Record]


pipeline = trained()
app = FastAPI()


@app.post("/predict")
async def predict(body: Records) -> list[dict[str, Any]]:
    """The most probable class, and the probability of each."""
    frame = pd.DataFrame([record.model_dump() for record in body.records])
    probabilities = pipeline.predict_proba(frame)
    classes = pipeline.classes_
    return [
        {"prediction": classes[row.argmax()], "probabilities": dict(zip(classes, row.tolist(), strict=True))}
        for row in probabilities
    ]

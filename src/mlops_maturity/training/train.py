"""The training step: fit the model, export it, prove that the export is the same model."""

from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from mlops_maturity.data import schema as schemas
from mlops_maturity.data.features import Features
from mlops_maturity.data.schema import Schema
from mlops_maturity.data.targets import Target
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.artefact import Artefact
from mlops_maturity.model.export import export, parity
from mlops_maturity.model.predictor import Predictor, features_as_mapping
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import existing, write_json
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import HISTORY, MODEL, PARAMS, SIMPLE, TRAIN, VALIDATION
from mlops_maturity.training import models
from mlops_maturity.training.models import Fitted, Kind

PARITY_ROWS = 10_000
# The simple model needs no more rows to be as good as it gets.
SIMPLE_ROWS = 100_000
PACKAGES = ("numpy", "onnxruntime", "pandas", "scikit-learn", "skl2onnx", "skops")


def run() -> None:
    """Train the model of params.yaml on the train set and write it with its history, and the one that it must beat.

    Raises:
        ProjectError: a set is missing, or the exported model is not the trained one.
    """
    params, schema = settings.load(), schemas.load()
    train, validation = (pd.read_parquet(existing(path, "make data")) for path in (TRAIN, VALIDATION))
    artefact, fitted = train_model(train, validation, schema, params)
    simple, _ = train_model(_some(train, params), validation, schema, params, "simple")
    names = ("iteration", "train", "validation")
    curve = zip(fitted.iterations, fitted.train_loss, fitted.validation_loss, strict=True)
    write_json(HISTORY, [dict(zip(names, values, strict=True)) for values in curve])
    artefacts.write(artefact, MODEL)
    artefacts.write(simple, SIMPLE)
    if fitted.iterations:
        first, last = fitted.train_loss[0], fitted.train_loss[-1]
        print(f"trained {params.model.kind} on {len(train):,} rows: loss {first:.4g} to {last:.4g}")
    print(f"wrote {MODEL} ({artefact.manifest['format']}, {len(artefact.model):,} bytes)")


def train_model(
    train: pd.DataFrame, validation: pd.DataFrame, schema: Schema, params: Params, kind: Kind | None = None
) -> tuple[Artefact, Fitted]:
    """Train and export a model.

    Args:
        train: rows to learn from; they fit the schema.
        validation: rows that tell when to stop.
        schema: of the whole table.
        params: the project's settings.
        kind: of the model; default: that of params.yaml.

    Raises:
        ProjectError: the exported model is not the trained one.
    """
    kind = kind or params.model.kind
    if kind is None:
        raise ProjectError(f"{PARAMS}: model.kind is not known yet; run `make data` first")
    features = Features.of(schema, params)
    target = Target.of(train[params.data.target], schema, params)
    sets = [(features.of_frame(rows), target.encode(rows[params.data.target])) for rows in (train, validation)]
    fitted = models.fit(models.build(kind, params.task, features, params.model), params.task, sets[0], sets[1])
    exported = export(fitted.estimator, len(features.names))
    manifest: dict[str, Any] = {
        "classes": list(target.classes),
        "features": features_as_mapping(features),
        "format": exported.format,
        "package_versions": {name: version(name) for name in PACKAGES},
        "parameters": params.model_dump(mode="json"),
        "schema": schemas.as_mapping(schema.only((*features.columns, target.name))),
        "target": target.name,
        "task": params.task,
    }
    artefact = Artefact(exported.content, manifest)
    manifest["model"] = {"kind": kind, "sha256": artefact.digest}
    some = sets[0][0][:PARITY_ROWS]
    proof = parity(
        params.task,
        models.predict(fitted.estimator, params.task, some),
        Predictor(artefact).of_matrix(some),
        scale=1.0 if target.classes else float(sets[0][1].std()),
    )
    proof.check()
    manifest["parity"] = {"rows": len(some), **vars(proof)}
    return artefact, fitted


def _some(train: pd.DataFrame, params: Params) -> pd.DataFrame:
    """As many rows as the simple model needs, one of each class among them."""
    some = np.random.default_rng(params.model.seed).permutation(len(train))[:SIMPLE_ROWS]
    if params.task == "classification":
        some = np.union1d(some, train[params.data.target].drop_duplicates().index)
    return train.iloc[some]

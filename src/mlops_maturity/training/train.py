"""The training step: fit the model, export it, prove that the export is the same model."""

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from mlops_maturity.data import lanes
from mlops_maturity.data import schema as schemas
from mlops_maturity.data.conversion import replaced
from mlops_maturity.data.features import Features, columns_of_frame, probed
from mlops_maturity.data.lanes import Lane
from mlops_maturity.data.schema import Schema
from mlops_maturity.data.tables import stored
from mlops_maturity.data.targets import Target
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model import needs
from mlops_maturity.model.artefact import Artefact
from mlops_maturity.model.estimator import answer
from mlops_maturity.model.export import MOST_TOLD, Exported, Parity, as_skops, export, parity
from mlops_maturity.model.predictor import Session, features_as_mapping, open_session
from mlops_maturity.project import answers, library
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import write_json
from mlops_maturity.project.numbers import number
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import HISTORY, MODEL, PARAMS, SCHEMA, SIMPLE, TRAIN, VALIDATION
from mlops_maturity.training import models
from mlops_maturity.training.choice import lane_of
from mlops_maturity.training.models import Fitted, Kind

PARITY_ROWS = 10_000
# The simple model needs no more rows to be as good as it gets.
SIMPLE_ROWS = 100_000
# Rows that features.py and the model are tried with one by one.
ROWS_ALONE = 50
PACKAGES = ("numpy", "onnxruntime", "pandas", "scikit-learn", "skl2onnx", "skops")


def run() -> None:
    """Train the model of params.yaml on the train set and write it with its history, and the one that it must beat.

    Raises:
        ProjectError: a set is missing, params.yaml names a column that is not there, or the exported model is not the
            trained one.
    """
    params, schema = settings.load(), schemas.load()
    params.require_columns(schema.columns)
    train, validation = (stored(path, "make data") for path in (TRAIN, VALIDATION))
    for note in features_that_teach_nothing(Features.of(schema, params), train):
        print(f"note: {note}")
    artefact, fitted = train_model(train, validation, schema, params)
    simple, _ = train_model(_some(train, params), validation, schema, params, "simple")
    names = ("iteration", "train", "validation")
    curve = zip(fitted.iterations, fitted.train_loss, fitted.validation_loss, strict=True)
    write_json(HISTORY, [dict(zip(names, values, strict=True)) for values in curve])
    artefacts.write(artefact, MODEL)
    artefacts.write(simple, SIMPLE)
    if fitted.iterations:
        curve_ends = f": training loss from {number(fitted.train_loss[0])} to {number(fitted.train_loss[-1])}"
    else:
        curve_ends = "; it has no loss for each iteration"
    print(f"trained {artefact.manifest['model']['kind']} on {len(train):,} rows{curve_ends}")
    if why := artefact.manifest["not_onnx"]:
        print(f"{why}; it is stored with skops")
    if needed := artefact.manifest["requirements"]:
        print(f"its service needs {', '.join(f'{name} {version}' for name, version in needed.items())}")
    lane, written = artefact.manifest["lane"], artefact.manifest["format"]
    print(f"wrote {MODEL} ({lane} lane, {written}, {len(artefact.model):,} bytes)")


def train_model(
    train: pd.DataFrame, validation: pd.DataFrame, schema: Schema, params: Params, kind: Kind = "model"
) -> tuple[Artefact, Fitted]:
    """Train and export a model.

    Args:
        train: rows to learn from; they fit the schema.
        validation: rows that say when to stop.
        schema: of the whole table.
        params: the project's settings.
        kind: of the model: the project's own, or the simple one.

    Raises:
        ProjectError: features.py or model.py do not do what they should, or the exported model is not the trained one.
    """
    features = Features.of(schema, params)
    require_row_wise(features, train)
    target = Target.of(train[params.data.target], schema, params)
    if kind == "simple":
        target = replace(target, outputs=())
    estimator = models.build(kind, params, features)
    weights = weights_of(train, params) if kind == "model" else ()
    lane = lane_of(estimator, params, kind)
    sets = [
        (lanes.of_table(features, lane, rows), target.encode(rows[params.data.target])) for rows in (train, validation)
    ]
    try:
        fitted = models.fit(estimator, params.task, (*sets[0], *weights), sets[1])
    except ProjectError:
        raise
    except Exception as error:
        raise _refused(error, estimator, lane, features, params) from error
    some = sets[0][0][:PARITY_ROWS]
    expected = answer(fitted.estimator, params.task, some)
    require_outputs(expected, target, estimator)
    scale = 1.0 if target.classes else float(sets[0][1].std())
    trusted = list(params.model.get("trusted") or [])

    holes = lanes.of_table(features, lane, with_holes(train, features, schema))
    try:
        expected_of_holes = answer(fitted.estimator, params.task, holes)
    except Exception as error:
        raise ProjectError(
            f"model.py: {models.name_of(estimator)} cannot answer a row without a value that {SCHEMA} lets be missing: "
            f"{type(error).__name__}: {' '.join(str(error).split())[:MOST_TOLD]}; put an imputer before it"
        ) from error

    def proven(exported: Exported) -> tuple[Parity, str, Session]:
        session = open_session(exported.content, {"format": exported.format, "trusted": trusted}, params.task)
        proof = parity(params.task, expected, session(some), scale)
        # A handful of such rows among thousands would hardly show there.
        other = parity(params.task, expected_of_holes, session(holes), scale).large
        return proof, proof.problem or (f"{other:.0%} of rows with a missing value" if other else ""), session

    exported = export(fitted.estimator, lane, len(features.names))
    proof, problem, session = proven(exported)
    if exported.format == "onnx" and problem:
        exported = as_skops(fitted.estimator, f"exported to ONNX it does not answer as trained: {problem}")
        proof, problem, session = proven(exported)
    proof.check()
    few = features.rows_of(records_of(features, train.iloc[:ROWS_ALONE]))
    alone = np.concatenate([session(lanes.of_rows(features, lane, [row])) for row in few])
    # Sums of float32 depend on how many rows are summed at once: only what is no rounding counts.
    if parity(params.task, expected[: len(few)], alone, scale).large:
        raise ProjectError(
            f"parity: {models.name_of(estimator)} answers a row alone, as the service asks it, otherwise than among "
            f"others: each row must be answered by itself"
        )
    manifest: dict[str, Any] = {
        "abstain": target.abstain and target.abstain.model_dump(),
        "classes": list(target.classes),
        "features": features_as_mapping(features) | {"probe": probed(features, schema)},
        "format": exported.format,
        "lane": lane,
        "not_onnx": exported.why,
        "outputs": list(target.outputs),
        "package": answers.load().package,
        "package_versions": {library.NAME: library.version(), **{name: version(name) for name in PACKAGES}},
        "parameters": params.model_dump(mode="json"),
        "parity": {"rows": len(some), **vars(proof)},
        "requirements": {},
        "schema": schemas.as_mapping(schema.only((*features.columns, target.name))),
        "target": target.name,
        "task": params.task,
        "trusted": trusted,
    }
    if kind == "model":
        manifest["requirements"] = needs.of_model(exported, lane, manifest["package"], bool(features.derived))
    artefact = Artefact(exported.content, manifest, requirements=needs.lock_of(manifest["requirements"]))
    name = models.name_of(fitted.estimator) if kind == "model" else kind
    manifest["model"] = {"kind": name, "sha256": artefact.digest}
    return artefact, fitted


def require_outputs(found: np.ndarray, target: Target, estimator: BaseEstimator) -> None:
    """Refuse a regression that answers another number of values than the project has names for.

    Args:
        found: what it answers to some rows.
        target: what is predicted.
        estimator: of model.py.

    Raises:
        ProjectError: there are more, or fewer.
    """
    wanted = (len(found), len(target.outputs) + 1) if target.outputs else (len(found),)
    if not target.classes and found.shape != wanted:
        raise ProjectError(
            f"model.py: {models.name_of(estimator)} answers an array of shape {found.shape}, and {wanted} is needed: "
            f"{', '.join(('the prediction', *target.outputs))} for each row; data.outputs of {PARAMS} names what is "
            "answered beside the prediction"
        )


def with_holes(rows: pd.DataFrame, features: Features, schema: Schema) -> pd.DataFrame:
    """Some rows, each without one of the values that the schema lets be missing: the service must answer them, too.

    Args:
        rows: that fit the schema.
        features: of the project.
        schema: of the table.
    """
    may_miss = [name for name in features.columns if schema.columns[name].missing > 0]
    positions = np.arange(max(ROWS_ALONE, len(may_miss)))
    some = rows.iloc[positions % len(rows)].reset_index(drop=True)
    return replaced(some, {name: some[name].mask(positions % len(may_miss) == at) for at, name in enumerate(may_miss)})


def weights_of(rows: pd.DataFrame, params: Params) -> tuple[np.ndarray, ...]:
    """How much each row counts in training, (rows,); nothing where data.weight names no column.

    Raises:
        ProjectError: there is no such column, or it does not hold a number of at least zero for each row.
    """
    name = params.data.weight
    if name is None:
        return ()
    if name not in rows:
        raise ProjectError(f"params.yaml: data.weight: {name!r} is not a column")
    weights: np.ndarray = pd.to_numeric(rows[name], errors="coerce").to_numpy("float64", na_value=np.nan)
    if wrong := int((~(np.isfinite(weights) & (weights >= 0))).sum()):
        raise ProjectError(f"params.yaml: data.weight: {name!r} is no number of at least zero in {wrong:,} rows")
    return (weights,)


def _refused(error: Exception, estimator: Any, lane: Lane, features: Features, params: Params) -> ProjectError:
    """What to say of an estimator that cannot be fitted: what it was given, too, where it asks for columns by name."""
    why = f"{type(error).__name__}: {' '.join(str(error).split())}"
    told = f"model.py: {models.name_of(estimator)} cannot be fitted: {why}"
    if lane == "frame":
        told += f"; its frame has the columns {', '.join(map(repr, (*features.columns, *features.derived)))}"
        if params.data.ignore:
            told += f", and not what {PARAMS} has under data.ignore: {', '.join(map(repr, params.data.ignore))}"
    return ProjectError(told)


def require_row_wise(features: Features, rows: pd.DataFrame) -> None:
    """Refuse a features.py whose values of a row depend on the other rows, or on whether training or serving asks.

    Args:
        features: of the project.
        rows: of the train set; a few of them are tried one by one, as the service would see them.

    Raises:
        ProjectError: it names the feature and both values.
    """
    if features.function is None:
        return
    some = np.linspace(0, len(rows) - 1, min(len(rows), ROWS_ALONE)).astype(int)
    together, records = features.of_frame(rows)[some], records_of(features, rows.iloc[some])
    for row, record in zip(together, records, strict=True):
        alone = features.of_records([record])[0]
        for name in features.derived:
            position = features.names.index(name)
            if not np.array_equal(row[position], alone[position], equal_nan=True):
                raise features.function.refuse(
                    f"gives {name!r} another value for a row alone ({alone[position]:.6g}) than among others "
                    f"({row[position]:.6g}): each row must depend on itself alone; what is fitted to many rows belongs "
                    "into the estimator of model.py"
                )


def features_that_teach_nothing(features: Features, rows: pd.DataFrame) -> Iterator[str]:
    """Each feature of features.py that is the same in every row, in one sentence: most often a slip in its formula.

    Args:
        features: of the project.
        rows: of the train set.
    """
    derived = features.derived_of(columns_of_frame(features, rows), len(rows)) if len(rows) > 1 else {}
    for name, values in derived.items():
        if np.isnan(values).all():
            yield f"features.py: {name!r} has no finite value in any row of the train set; see its formula"
        elif np.all(values == values[0]):
            yield f"features.py: {name!r} is {number(values[0])} in every row of the train set; see its formula"


def records_of(features: Features, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as the service gets them: plain values by column, None where one is missing."""
    plain = rows[list(features.columns)].astype("object")
    records: list[dict[Any, Any]] = plain.where(plain.notna(), None).to_dict("records")
    return records


def _some(train: pd.DataFrame, params: Params) -> pd.DataFrame:
    """As many rows as the simple model needs, one of each class among them."""
    some = np.random.default_rng(params.split.seed).permutation(len(train))[:SIMPLE_ROWS]
    if params.task == "classification":
        some = np.union1d(some, train[params.data.target].drop_duplicates().index)
    return train.iloc[some]

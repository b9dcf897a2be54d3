"""Any estimator that speaks scikit-learn is trained, stored and asked, whichever lane it takes: an edit of model.py."""

import io
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import TEMPLATE
from fastapi.testclient import TestClient

from mlops_maturity.data.conversion import conform
from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.model.artefact import Artefact
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Data, Params
from mlops_maturity.serving.batch import predict_file
from mlops_maturity.serving.service import create_app
from mlops_maturity.training.importance import permutation_importance
from mlops_maturity.training.train import records_of, train_model

# Each trains, exports and answers.
pytestmark = [pytest.mark.guards("OWN-03"), pytest.mark.speed("all")]

PACKAGE = "penguin_species"
IMPUTED = "make_pipeline(SimpleImputer(), StandardScaler(), {})"
IMPORTS = """\
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import *
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, QuantileRegressor, Ridge
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler, TargetEncoder
from sklearn.svm import SVC
"""


@dataclass(frozen=True)
class Kind:
    """An estimator, and how it is to be handed over.

    Attributes:
        returned: what build() returns.
        lane: that it takes.
        format: that it is stored in.
        before: further lines of model.py.
        task: classification or regression.
        settings: of the section `model`, beside the template's.
    """

    returned: str
    lane: str = "matrix"
    format: str = "onnx"
    before: str = ""
    task: str = "classification"
    settings: Any = None


OWN_CLASS = '''
class Centres(ClassifierMixin, BaseEstimator):
    """The nearest mean of a class."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.centres_ = np.stack([np.nan_to_num(X)[y == number].mean(axis=0) for number in self.classes_])
        return self

    def predict_proba(self, X):
        distances = ((np.nan_to_num(X)[:, None] - self.centres_) ** 2).sum(axis=2)
        shares = 1 / (1 + distances)
        return shares / shares.sum(axis=1, keepdims=True)


class Clip(TransformerMixin, BaseEstimator):
    """Numbers between two quantiles of the train set."""

    def fit(self, X, y=None):
        self.bounds_ = np.nanquantile(X, [0.01, 0.99], axis=0)
        return self

    def transform(self, X):
        return np.clip(X, *self.bounds_)
'''

KINDS = {
    "random forest that sees missing values, which ONNX sends another way": Kind(
        "RandomForestClassifier(50, min_samples_leaf=2, random_state=7, n_jobs=-1)", format="skops"
    ),
    "random forest on imputed numbers": Kind(
        "make_pipeline(SimpleImputer(), RandomForestClassifier(50, random_state=7))"
    ),
    "random forest on numbers that ONNX scales otherwise": Kind(
        IMPUTED.format("RandomForestClassifier(50, random_state=7)"), format="skops"
    ),
    "extra trees": Kind(IMPUTED.format("ExtraTreesClassifier(50, random_state=7)")),
    "support vectors": Kind(IMPUTED.format("SVC(probability=True, random_state=7)")),
    "neural network": Kind(IMPUTED.format("MLPClassifier([20], max_iter=300, random_state=7)")),
    "nearest neighbours": Kind(IMPUTED.format("KNeighborsClassifier(7)")),
    "logistic regression": Kind(IMPUTED.format("LogisticRegression(max_iter=500)")),
    "calibrated": Kind(
        "make_pipeline(SimpleImputer(), CalibratedClassifierCV(RandomForestClassifier(20, random_state=7), cv=3))"
    ),
    "calibrated boosting": Kind("CalibratedClassifierCV(HistGradientBoostingClassifier(max_iter=20), cv=3)"),
    "voting": Kind(
        IMPUTED.format(
            'VotingClassifier([("a", LogisticRegression(max_iter=500)), ("b", KNeighborsClassifier(9))], voting="soft")'
        ),
        format="skops",
    ),
    "transformed target": Kind(
        "TransformedTargetRegressor(make_pipeline(SimpleImputer(), Ridge()), func=np.log1p, inverse_func=np.expm1)",
        format="skops",
        task="regression",
    ),
    "principal components": Kind(IMPUTED.format("PCA(4), LogisticRegression(max_iter=500)")),
    "own class": Kind(
        "Centres()", format="skops", before=OWN_CLASS, settings={"trusted": [f"{PACKAGE}.model.Centres"]}
    ),
    "quantile clip": Kind(
        "make_pipeline(SimpleImputer(), Clip(), LogisticRegression(max_iter=500))",
        format="skops",
        before=OWN_CLASS,
        settings={"trusted": [f"{PACKAGE}.model.Clip"]},
    ),
    "target encoding": Kind(
        "make_pipeline(make_column_transformer("
        "(TargetEncoder(cv=StratifiedKFold(shuffle=True, random_state=7)), inputs.frame.categories), "
        "(SimpleImputer(), inputs.frame.numbers)), StandardScaler(), LogisticRegression(max_iter=500))",
        lane="frame",
        format="skops",
    ),
    "words of a text": Kind(
        'make_pipeline(make_column_transformer((TfidfVectorizer(), "comment"), '
        '(OneHotEncoder(handle_unknown="ignore"), inputs.frame.categories)), LogisticRegression(max_iter=500))',
        lane="frame",
        format="skops",
    ),
    "categories of a frame": Kind(
        'make_pipeline(make_column_transformer(("passthrough", inputs.frame.numbers + inputs.frame.categories), '
        'verbose_feature_names_out=False).set_output(transform="pandas"), '
        'HistGradientBoostingClassifier(max_iter=20, categorical_features=["island", "sex"]))',
        lane="frame",
        format="skops",
    ),
    "the lane of the settings": Kind(
        "make_pipeline(make_column_transformer((SimpleImputer(), [0, 1, 2])), LogisticRegression(max_iter=500))",
        lane="frame",
        format="skops",
        settings={"lane": "frame"},
    ),
    "LightGBM": Kind(
        "LGBMClassifier(n_estimators=30, verbose=-1, random_state=7)", before="from lightgbm import LGBMClassifier\n"
    ),
    "LightGBM on a value": Kind(
        "LGBMRegressor(n_estimators=30, verbose=-1, random_state=7)",
        before="from lightgbm import LGBMRegressor\n",
        task="regression",
    ),
    "LightGBM on a frame": Kind(
        'make_pipeline(make_column_transformer(("passthrough", inputs.frame.numbers + inputs.frame.categories), '
        'verbose_feature_names_out=False).set_output(transform="pandas"), '
        "LGBMClassifier(n_estimators=30, verbose=-1, random_state=7))",
        lane="frame",
        format="skops",
        before="from lightgbm import LGBMClassifier\n",
        settings={"trusted": ["collections.OrderedDict", "lightgbm.basic.Booster", "lightgbm.sklearn.LGBMClassifier"]},
    ),
    "XGBoost": Kind("XGBClassifier(n_estimators=30, random_state=7)", before="from xgboost import XGBClassifier\n"),
    "XGBoost on a value": Kind(
        "XGBRegressor(n_estimators=30, random_state=7)",
        before="from xgboost import XGBRegressor\n",
        task="regression",
    ),
    "CatBoost": Kind(
        "CatBoostClassifier(iterations=30, verbose=0, allow_writing_files=False, random_seed=7)",
        before="from catboost import CatBoostClassifier\n",
    ),
    "CatBoost on a value": Kind(
        "CatBoostRegressor(iterations=30, verbose=0, allow_writing_files=False, random_seed=7)",
        before="from catboost import CatBoostRegressor\n",
        task="regression",
    ),
}


def table(rows: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
    """The sample with a column of free text beside it, which says something of the target."""
    random = np.random.default_rng(7)
    words = np.array(["tiny", "brown", "noisy", "seen twice", "banded"])
    said = [" ".join(random.choice(words, 3)) + f" {name}" for name in rows["species"].astype("str").str[:2]]
    comments = pd.Series(said, index=rows.index).mask(random.random(len(rows)) < 0.1)
    wider = Schema(columns=schema.columns | {"comment": Column(type="text", missing=0.5)}, reading=schema.reading)
    return conform(wider, rows.assign(comment=comments)), wider


@pytest.fixture
def here(project: Path) -> Iterator[Path]:
    """A project whose model.py the test writes."""
    # A lock that has the packages of other libraries, as `make add` leaves it.
    shutil.copyfile(TEMPLATE / "requirements.lock", project / "requirements.lock")
    yield project
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def trained(kind: Kind, here: Path, rows: pd.DataFrame, schema: Schema, params: Params) -> tuple[Artefact, str]:
    """What the training step makes of a model.py, and what it prints."""
    text = f"{IMPORTS}{kind.before}\n\ndef build(task, settings, inputs):\n    return {kind.returned}\n"
    (here / "src" / PACKAGE / "model.py").write_text(text)
    target = "species" if kind.task == "classification" else "body_mass_g"
    settings = params.changed(
        **{"data.task": kind.task, "data.target": target, "model": {**params.model, **(kind.settings or {})}}
    )
    known = rows[rows[target].notna()].reset_index(drop=True)
    printed = io.StringIO()
    with redirect_stdout(printed):
        artefact, _ = train_model(known.iloc[::2], known.iloc[1::4], schema, settings)
    return artefact, printed.getvalue()


@pytest.mark.parametrize("name", KINDS)
def test_estimator_answers_in_the_service_as_it_did_in_training(
    name: str, here: Path, rows: pd.DataFrame, schema: Schema, params: Params
) -> None:
    kind = KINDS[name]
    wide, wider = table(rows, schema)
    artefact, _ = trained(kind, here, wide, wider, params)
    assert (artefact.manifest["lane"], artefact.manifest["format"]) == (kind.lane, kind.format), artefact.manifest
    assert not artefact.model.startswith(b"\x80"), "it is a pickle"
    predictor = Predictor(artefact)
    some = wide.iloc[3::4].reset_index(drop=True)
    expected = predictor.of_frame(some)
    assert np.isfinite(expected).all()
    records = records_of(predictor.features, some)
    np.testing.assert_allclose(predictor.of_records(records), expected, rtol=1e-6, atol=1e-7)
    alone = np.concatenate([predictor.of_records([record]) for record in records])
    np.testing.assert_allclose(alone, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.guards("1-PARITY")
def test_rows_with_missing_values_are_answered_by_onnx_as_in_training_though_the_train_set_has_none(
    here: Path, rows: pd.DataFrame, schema: Schema, params: Params
) -> None:
    known = rows.dropna()
    assert len(known) < len(rows)
    kind = Kind("RandomForestClassifier(20, random_state=7)", format="skops")
    artefact, _ = trained(kind, here, known, schema, params)
    assert artefact.manifest["format"] == "skops"
    assert "exported to ONNX it does not answer as trained" in artefact.manifest["not_onnx"]
    assert "of rows with a missing value" in artefact.manifest["not_onnx"]


def test_estimator_that_cannot_answer_rows_that_the_service_accepts_is_refused(
    here: Path, rows: pd.DataFrame, schema: Schema, params: Params
) -> None:
    with pytest.raises(ProjectError, match=r"LogisticRegression cannot answer a row without a value that .* imputer"):
        trained(Kind("LogisticRegression(max_iter=500)"), here, rows.dropna(), schema, params)


def test_type_that_is_not_trusted_is_named_with_the_line_to_add(
    here: Path, rows: pd.DataFrame, schema: Schema, params: Params
) -> None:
    kind = Kind("Centres()", before=OWN_CLASS, settings={"trusted": ["numpy.log1p"]})
    line = rf"`trusted: \[numpy\.log1p, {PACKAGE}\.model\.Centres\]`"
    with pytest.raises(ProjectError, match=line):
        trained(kind, here, rows, schema, params)


BOUNDED = """
from sklearn.base import RegressorMixin


class Bounded(RegressorMixin, BaseEstimator):
    def fit(self, rows, values):
        self.bounds_ = [float(found) for found in np.quantile(values, [0.5, 0.1, 0.9])]
        return self

    def predict(self, rows):
        return np.tile(self.bounds_, (len(rows), 1))
"""


def bounded(outputs: list[str], here: Path, rows: pd.DataFrame, schema: Schema, params: Params) -> Predictor:
    """A trained model that answers three numbers to each row, of which the settings name those behind the first."""
    kind = Kind("Bounded()", before=BOUNDED, task="regression", settings={"trusted": [f"{PACKAGE}.model.Bounded"]})
    settings = params.changed(**{"data.task": "regression", "data.outputs": outputs})
    return Predictor(trained(kind, here, rows, schema, settings)[0])


def test_further_outputs_of_a_regression_are_answered_beside_its_prediction(
    here: Path, rows: pd.DataFrame, schema: Schema, params: Params, tmp_path: Path
) -> None:
    predictor = bounded(["lower", "upper"], here, rows, schema, params)
    some = rows.head(3)
    middle = predictor.of_frame(some)
    assert middle.shape == (3,)
    answer = predictor.all_of_frame(some)
    assert predictor.answers(answer) == [
        {"prediction": value, "outputs": {"lower": low, "upper": high}} for value, low, high in answer.tolist()
    ]
    records = records_of(predictor.features, some)
    with TestClient(create_app(predictor)) as client:
        told = client.post("/predict", json={"records": json.loads(json.dumps(records))}).json()
    assert told["predictions"] == predictor.answers(answer)
    some.drop(columns="body_mass_g").to_csv(tmp_path / "some.csv", index=False)
    predict_file(tmp_path / "some.csv", tmp_path / "out.csv", predictor)
    written = pd.read_csv(tmp_path / "out.csv")
    columns = ["prediction", "prediction_lower", "prediction_upper"]
    np.testing.assert_allclose(written[columns].to_numpy(), answer)


def test_columns_of_a_model_with_further_outputs_are_judged_by_its_prediction(
    here: Path, rows: pd.DataFrame, schema: Schema, params: Params
) -> None:
    predictor = bounded(["lower", "upper"], here, rows, schema, params)
    known = rows[rows["body_mass_g"].notna()].reset_index(drop=True)
    # With features.py and without, in whose way rows are encoded once.
    for features in (predictor.own_features, replace(predictor.features, derived=(), function=None)):
        predictor.__dict__["own_features"] = features
        found = permutation_importance(predictor, known, known["body_mass_g"].to_numpy("float64"), seed=7)
        assert (found["mean"] == 0).all(), "it answers the same to all rows"


def test_outputs_without_a_name_are_refused(here: Path, rows: pd.DataFrame, schema: Schema, params: Params) -> None:
    for outputs in ([], ["lower"], ["lower", "upper", "width"]):
        with pytest.raises(
            ProjectError, match=r"model\.py: Bounded answers an array of shape \(\d+, 3\), and .* needed"
        ):
            bounded(outputs, here, rows, schema, params)


@pytest.mark.parametrize(
    ("task", "outputs", "why"),
    [
        ("classification", ["lower"], "outputs are for a regression"),
        ("regression", ["lower", "lower"], "different names"),
        ("regression", ["prediction"], "none may be 'prediction'"),
        ("regression", ["two words"], "should match pattern"),
    ],
)
def test_outputs_that_cannot_be_are_refused(task: str, outputs: list[str], why: str, params: Params) -> None:
    with pytest.raises(ValueError, match=why):
        Data.model_validate(params.data.model_dump() | {"task": task, "outputs": outputs})

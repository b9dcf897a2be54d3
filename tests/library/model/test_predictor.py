"""A packaged model answers the same however it is asked, and refuses what it was not trained with."""

import hashlib
import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from library.shop import PROJECT, REGION, TARGETS, Shop, open_shop
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model import predictor as predictors
from mlops_maturity.model.artefact import Artefact
from mlops_maturity.model.predictor import Predictor, features_as_mapping, features_of, open_session
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.training.train import records_of

pytestmark = pytest.mark.guards("0-HAND")


@pytest.fixture(params=list(TARGETS))
def shop(request: pytest.FixtureRequest) -> Shop:
    """A shop of each kind of target."""
    return open_shop(request.param)


@pytest.fixture(scope="module")
def binary() -> Shop:
    """One shop, for what does not depend on the target."""
    return open_shop()


@pytest.mark.guards("1-PARITY")
def test_rows_records_and_tables_are_answered_alike(shop: Shop) -> None:
    asked = shop.customers(200)
    records = records_of(shop.predictor.features, asked)
    columns = shop.predictor.features.columns
    rows = [[record[name] for name in columns] for record in records]
    expected = shop.predictor.of_frame(asked)
    np.testing.assert_array_equal(shop.predictor.of_records(records), expected)
    np.testing.assert_array_equal(shop.predictor.of_rows(rows), expected)


def test_answers_name_the_most_probable_class_or_the_value(shop: Shop) -> None:
    predicted = shop.predictor.of_frame(shop.customers(20))
    answers = json.loads(json.dumps(shop.predictor.answers(predicted)))
    if shop.kind == "regression":
        assert [answer["prediction"] for answer in answers] == predicted.tolist()
        return
    names = [str(name) for name in shop.predictor.target.classes]
    for answer, row in zip(answers, predicted, strict=True):
        assert answer["probabilities"] == dict(zip(names, row.tolist(), strict=True))
        assert str(answer["prediction"]) == names[row.argmax()]


def test_many_rows_are_answered_in_parts(binary: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = binary.customers(20)
    expected = binary.predictor.of_frame(asked)
    monkeypatch.setattr(predictors, "ROWS_AT_ONCE", 6)
    np.testing.assert_array_equal(binary.predictor.of_frame(asked), expected)


def test_loaded_model_has_a_version_and_an_age(binary: Shop, tmp_path: Path) -> None:
    artefacts.write(binary.packaged, tmp_path / "model.zip")
    found = Predictor.load(tmp_path / "model.zip")
    assert found.version == binary.packaged.manifest["version"]
    assert 0 <= found.age < 600
    assert Predictor(binary.packaged, written=time.time() - 3_600).age >= 3_600


def test_model_that_is_not_packaged_yet_has_no_version_of_its_own(binary: Shop) -> None:
    assert Predictor(binary.trained).version == "trained"


def test_features_are_those_of_the_manifest(binary: Shop) -> None:
    features = binary.predictor.features
    written = json.loads(json.dumps(features_as_mapping(features), sort_keys=True))
    assert features_of(written) == replace(features, function=None)
    assert features_of(written).names == features.names


def test_model_of_another_checkout_has_its_own_features(binary: Shop, tmp_path: Path) -> None:
    root = Path(shutil.copytree(PROJECT, tmp_path / "other"))
    asked = binary.customers(20)
    found = Predictor(binary.packaged, root=root)
    np.testing.assert_array_equal(found.of_frame(asked), binary.predictor.of_frame(asked))
    assert found.own_features.function is not None
    assert str(root) in found.own_features.function.where


@pytest.mark.guards("1-PARITY", "OWN-03")
@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('columns["visits"]', '(columns["visits"] + 1)', "computes other values of 'spent' than when this model was"),
        ('"spent":', '"paid":', "does not return 'spent', which the model sees"),
    ],
    ids=["another formula", "another name"],
)
def test_features_that_changed_since_training_are_refused(
    old: str, new: str, problem: str, binary: Shop, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(PROJECT, tmp_path / "other"))
    module = root / "src" / "corner_shop" / "features.py"
    assert old in module.read_text()
    module.write_text(module.read_text().replace(old, new))
    with pytest.raises(ProjectError, match=problem) as refused:
        Predictor(binary.packaged, root=root).of_frame(binary.customers(20))
    assert str(module) in str(refused.value)


def test_model_without_features_of_its_own_needs_no_module(binary: Shop) -> None:
    found = Predictor(binary.packaged)
    found.features = found.features.without_own()
    found.manifest = {**found.manifest, "package": "none_of_that_name"}
    assert found.own_features is found.features


def test_schema_has_the_columns_that_the_model_needs(binary: Shop) -> None:
    assert set(binary.predictor.schema.columns) == set(binary.predictor.features.columns)
    assert REGION in binary.predictor.schema.columns


@pytest.mark.guards("SEC-06")
def test_session_of_types_that_nobody_trusts_is_refused() -> None:
    matrix = np.random.default_rng(7).normal(size=(50, 2)).astype(np.float32)
    estimator = make_pipeline(FunctionTransformer(np.abs), LogisticRegression()).fit(matrix, matrix[:, 0] > 0)
    content = skops.io.dumps(make_pipeline(FunctionTransformer(rounded), estimator[1]).fit(matrix, matrix[:, 0] > 0))
    name = f"{__name__}.rounded"
    line = rf"put this line into the section `model` of params\.yaml: `trusted: \[{name}\]`"
    with pytest.raises(ProjectError, match=rf"not known to be safe: {name}\. To trust them means .* {line}"):
        open_session(content, {"format": "skops"}, "classification")
    session = open_session(content, {"format": "skops", "trusted": [name]}, "classification")
    assert session(matrix).shape == (50, 2)


def rounded(matrix: np.ndarray) -> np.ndarray:
    """A function of the team's own."""
    return np.round(matrix, 1)


def test_session_of_a_scikit_learn_model_answers() -> None:
    matrix = np.random.default_rng(7).normal(size=(50, 2)).astype(np.float32)
    estimator = KernelRidge().fit(matrix, matrix[:, 0])
    session = open_session(skops.io.dumps(estimator), {"format": "skops"}, "regression")
    np.testing.assert_allclose(session(matrix), estimator.predict(matrix))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema", []),
        ("features", {"numbers": 1}),
        ("classes", 1),
        ("format", "onnx, but"),
    ],
)
def test_manifest_with_a_wrong_value_is_refused_in_one_line(
    binary: Shop, tmp_path: Path, field: str, value: object
) -> None:
    path = tmp_path / "model.zip"
    artefacts.write(replace(binary.packaged, manifest={**binary.packaged.manifest, field: value}), path)
    with pytest.raises(ProjectError, match=r"^.*model.zip cannot be opened \(.+\); run `make package` again$"):
        Predictor.load(path)


def test_model_that_is_none_is_refused_in_one_line(binary: Shop, tmp_path: Path) -> None:
    path, model = tmp_path / "model.zip", b"no model"
    manifest = {**binary.packaged.manifest, "model": {"sha256": hashlib.sha256(model).hexdigest()}}
    artefacts.write(Artefact(model, manifest), path)
    with pytest.raises(ProjectError, match=r"^.*model.zip cannot be opened \(.+\); run `make package` again$"):
        Predictor.load(path)

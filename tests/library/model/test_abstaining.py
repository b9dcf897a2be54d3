"""A model that may abstain says so in every place where it answers, and its scores count what it answers."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from library.shop import TARGET, Shop, open_shop
from mlops_maturity.data.targets import Target
from mlops_maturity.delivery.checks import api, shadow
from mlops_maturity.delivery.checks.past import Past
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.monitoring.profile import reference_of
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Abstain, Params
from mlops_maturity.serving import batch
from mlops_maturity.serving.service import create_app
from mlops_maturity.training.metrics import answered
from mlops_maturity.training.train import records_of, train_model

UNSURE = Abstain(below=0.8, answer="unsure")
SURE, DOUBTFUL = [0.9, 0.1], [0.3, 0.7]


@pytest.fixture(scope="module")
def shop() -> Shop:
    """A shop whose classes are numbers."""
    return open_shop("multi-class")


@pytest.fixture(scope="module")
def predictor(shop: Shop) -> Predictor:
    """Its model, which may abstain."""
    manifest = {**shop.packaged.manifest, "abstain": UNSURE.model_dump()}
    return Predictor(replace(shop.packaged, manifest=manifest))


@pytest.fixture(scope="module")
def asked(shop: Shop) -> pd.DataFrame:
    return shop.customers(60)


@pytest.fixture(scope="module")
def expected(shop: Shop, asked: pd.DataFrame) -> list[Any]:
    """The class where it is probable enough."""
    plain = shop.predictor.of_frame(asked)
    classes = shop.predictor.target.decode(plain)
    found = [name if row.max() >= 0.8 else "unsure" for name, row in zip(classes, plain, strict=True)]
    assert 0 < found.count("unsure") < len(found)
    return found


def test_service_answers_another_word_below_the_bound(
    predictor: Predictor, asked: pd.DataFrame, expected: list[Any]
) -> None:
    records = records_of(predictor.features, asked)
    for record in records:
        record["member"], record["since"] = bool(record["member"]), str(record["since"])
    with TestClient(create_app(predictor)) as client:
        response = client.post("/predict", json={"records": records})
    assert response.status_code == 200, response.text
    answers = response.json()["predictions"]
    assert [answer["prediction"] for answer in answers] == expected
    assert all(answer["probabilities"].keys() == {"1", "2", "3"} for answer in answers)


def test_file_and_reference_have_the_other_word(
    predictor: Predictor, shop: Shop, asked: pd.DataFrame, expected: list[Any], tmp_path: Path
) -> None:
    source, destination = tmp_path / "new.parquet", tmp_path / "predicted.parquet"
    asked.assign(since=asked["since"].dt.strftime("%d/%m/%Y")).to_parquet(source)
    batch.predict_file(source, destination, predictor)
    assert pd.read_parquet(destination)["prediction"].tolist() == list(map(str, expected))
    profile = reference_of(predictor, shop.packaged.digest, asked, asked).prediction
    assert dict(zip(profile.words, profile.counts, strict=False))["unsure"] == expected.count("unsure")


@pytest.mark.parametrize(
    ("rows", "scores"),
    [
        ([SURE, SURE, DOUBTFUL, DOUBTFUL], {"answered": 0.5, "accuracy_answered": 0.5}),
        ([DOUBTFUL] * 4, {"answered": 0.0, "accuracy_answered": 0.0}),
    ],
)
def test_scores_count_what_is_answered(rows: list[list[float]], scores: dict[str, float]) -> None:
    actual, predicted = np.array([0, 1, 0, 1]), np.array(rows)
    assert answered(Target("name", ("a", "b"), UNSURE), actual, predicted) == scores
    assert answered(Target("name", ("a", "b")), actual, predicted) == {}


def test_manifest_says_when_the_model_abstains(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop.project(tmp_path / "project"))
    params, rows = shop.params.changed(**{"data.abstain": UNSURE.model_dump()}), shop.customers(200)
    artefact, _ = train_model(rows, rows, shop.schema, params)
    assert Predictor(artefact).target.abstain == UNSURE


def test_word_that_is_a_class_is_refused(shop: Shop) -> None:
    params = shop.params.changed(**{"data.abstain": {"below": 0.8, "answer": "2"}})
    with pytest.raises(ProjectError, match=r"data\.abstain\.answer: '2' is a class"):
        Target.of(shop.customers(50)[TARGET], shop.schema, params)


def test_regression_that_abstains_is_refused(params: Params) -> None:
    with pytest.raises(ProjectError, match="a regression has no probability of its answer"):
        params.changed(**{"data.task": "regression", "data.abstain": UNSURE.model_dump()})


@pytest.mark.parametrize(
    ("given", "own", "distance"),
    [("unsure", "unsure", 0.0), ("a", "unsure", np.inf), ("unsure", "a", np.inf)],
)
def test_check_api_compares_what_is_answered(given: str, own: str, distance: float) -> None:
    beside = {"probabilities": {"a": 0.7, "b": 0.3}}
    assert api._distance({"prediction": given, **beside}, {"prediction": own, **beside}) == distance


@pytest.mark.parametrize(
    ("before", "now", "changed"), [("unsure", "unsure", False), ("unsure", "a", True), ("a", "unsure", True)]
)
def test_check_shadow_compares_the_highest_probability(before: str, now: str, changed: bool) -> None:
    model: Any = SimpleNamespace(target=Target("name", ("a", "b"), UNSURE))
    answer = {"prediction": now, "probabilities": {"a": 0.75, "b": 0.25}}
    found, distance = shadow._move(model, Past("{}", before, 0.65), answer)
    assert found is changed
    assert distance == pytest.approx(0.1)

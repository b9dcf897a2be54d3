"""Tuning finds settings that are no worse, finds the same ones again, and changes nothing else in params.yaml."""

import socket
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from catboost import CatBoostClassifier

from mlops_maturity.__main__ import main
from mlops_maturity.data import schema as schemas
from mlops_maturity.data.conversion import conform
from mlops_maturity.data.features import Features
from mlops_maturity.data.schema import Column, Schema
from mlops_maturity.data.splitting import folds
from mlops_maturity.data.synthesis import synthesise
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import PARAMS, TRAIN, TUNING
from mlops_maturity.training import cluster, models, yaml_edit
from mlops_maturity.training.cluster import ADDRESS
from mlops_maturity.training.halving import Study
from mlops_maturity.training.tune import draw, tune

# Each tunes for real.
pytestmark = pytest.mark.speed("all")

ROWS = 180
COLUMNS = {
    # The sample's own feature is their ratio.
    "bill_length_mm": Column(type="number", missing=1.0),
    "bill_depth_mm": Column(type="number", missing=1.0),
    "a word": Column(type="category", categories=["a", "b", "never seen"], missing=1.0),
    "flag": Column(type="boolean", missing=1.0),
    "day": Column(type="datetime", missing=0.0),
    "owner": Column(type="integer", missing=0.0),
}
CLASSES = {"binary": ["no", "yes"], "multi-class": ["high", "low", "middle"]}
# Whatever the data, so slow a start and so strong a penalty are far from the best.
POOR = {"model.gradient_boosting.learning_rate": 0.001, "model.linear.penalty": 1e6}
SPACE = {
    "gradient_boosting": {
        "learning_rate": {"low": 0.05, "high": 0.5, "log": True},
        "max_leaf_nodes": [3, 7],
        "min_samples_leaf": {"low": 2, "high": 9},
    },
    "linear": {"penalty": {"low": 0.01, "high": 10, "log": True}},
}


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ADDRESS, raising=False)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")


@pytest.fixture
def sample(sample_project: Path, params: Params, monkeypatch: pytest.MonkeyPatch) -> Params:
    """The settings of the sample project, whose model.py builds the candidates."""
    monkeypatch.chdir(sample_project)
    return params


def case(params: Params, task: str, **changes: object) -> tuple[pd.DataFrame, Schema, Params]:
    """Rows in which the target follows a number, with its schema and poor settings to start from."""
    generator = np.random.default_rng(7)
    size = generator.normal(size=ROWS)
    signal = size + generator.normal(size=ROWS) / 3
    frame = pd.DataFrame(
        {
            "bill_length_mm": np.where(generator.random(ROWS) < 0.1, np.nan, size),
            "bill_depth_mm": generator.random(ROWS) + 1,
            "a word": pd.Series(generator.choice(["a", "b"], ROWS)).mask(generator.random(ROWS) < 0.2),
            "flag": (generator.random(ROWS) < 0.5).astype(float),
            "day": pd.Timestamp("2024-02-01") + pd.to_timedelta(generator.permutation(ROWS), unit="D"),
            "owner": generator.integers(0, 12, ROWS),
        }
    )
    target = Column(type="number", missing=0.0)
    frame["target"] = signal
    if classes := CLASSES.get(task):
        target = Column(type="category", categories=classes, missing=0.0)
        frame["target"] = pd.qcut(signal, len(classes), labels=classes).astype("str")
    schema = Schema(columns={**COLUMNS, "target": target})
    told: dict[str, object] = {
        "data.target": "target",
        "data.task": "classification" if classes else "regression",
        "data.ignore": {"owner": "says nothing"},
        "slices": [],
        "split.method": "stratified" if classes else "random",
        "split.by": None,
        "model.kind": "gradient_boosting",
        "model.gradient_boosting.min_samples_leaf": 10,
        "model.gradient_boosting.max_iter": 30,
        "tune.candidates": 6,
        "tune.factor": 2,
        "tune.folds": 3,
        "tune.space": SPACE,
    }
    return conform(schema, frame), schema, params.changed(**{**told, **POOR, **changes})


@pytest.mark.parametrize("kind", ["gradient_boosting", "linear"])
@pytest.mark.parametrize("task", ["binary", "multi-class", "regression"])
def test_tune_finds_settings_that_are_better_than_poor_ones(sample: Params, task: str, kind: str) -> None:
    train, schema, poor = case(sample, task, **{"model.kind": kind})
    table = tune(train, schema, poor, draw(poor, schema))
    assert sorted(table["candidate"]) == list(range(6))
    best, today = table.iloc[0], table[table["candidate"] == 0].iloc[0]
    assert today["rung"] == best["rung"] == 2, "the current settings did not meet the best ones on all rows"
    assert 0 < best["loss"] < 0.9 * today["loss"]


def test_tune_twice_finds_the_same(sample: Params) -> None:
    train, schema, poor = case(sample, "multi-class")
    first, second = (tune(train, schema, poor, draw(poor, schema)) for _ in range(2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_tune_candidates_in_another_order_have_the_same_losses(sample: Params) -> None:
    train, schema, poor = case(sample, "regression", **{"tune.factor": 8})
    candidates = draw(poor, schema)
    one_rung, turned = (tune(train, schema, poor, order) for order in (candidates, candidates[::-1]))
    assert one_rung["rung"].max() == 1
    assert one_rung["loss"].tolist() == turned["loss"].tolist()


def test_tune_of_equal_candidates_the_first_wins(sample: Params) -> None:
    train, schema, poor = case(sample, "binary", **{"tune.factor": 8})
    # No tree of so few rows has so many leaves.
    counts = (300, 100, 400, 200)
    candidates = tuple(poor.changed(**{"model.gradient_boosting.max_leaf_nodes": count}).model for count in counts)
    table = tune(train, schema, poor, candidates)
    assert table["loss"].nunique() == 1
    assert table["candidate"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("method", "by"), [("group", "owner"), ("time", "day")])
def test_tune_divides_every_part_of_the_rows_as_the_project_does(sample: Params, method: str, by: str) -> None:
    train, schema, poor = case(sample, "binary", **{"split.method": method, "split.by": by})
    study = Study(poor, 2, (), ())
    values, column = np.zeros(len(train)), train[by].to_numpy()
    for learn, score in folds(train, "target", poor.split, poor.tune.folds):
        inner = study.halves(values[learn], column[learn])
        for former, latter in ((learn, score), (learn[inner[0]], learn[inner[1]])):
            if method == "time":
                assert column[former].max() < column[latter].min(), "a model would learn from the future"
            else:
                assert not set(column[former]) & set(column[latter]), "a model would know the group already"
    table = tune(train, schema, poor, draw(poor, schema))
    assert table["loss"].iloc[0] < table.loc[table["candidate"] == 0, "loss"].iloc[0]


def test_tune_class_that_a_fold_lacks_is_no_obstacle(sample: Params) -> None:
    train, schema, poor = case(sample, "multi-class", **{"split.method": "time", "split.by": "day"})
    # The first folds see one class only, later ones meet others.
    train["day"] = pd.Timestamp("2024-02-01") + pd.to_timedelta(train["target"].rank(method="first"), unit="D")
    table = tune(train, schema, poor, draw(poor, schema))
    assert np.isfinite(table["loss"]).all()


def test_tune_more_folds_than_rows_is_refused(sample: Params) -> None:
    train, schema, poor = case(sample, "regression", **{"tune.folds": 20})
    with pytest.raises(ProjectError, match=r"params\.yaml: tune\.folds: .*n_splits=20"):
        tune(train.head(10), schema, poor, draw(poor, schema))


@pytest.fixture
def tuned(project: Path, sample: Params, schema: Schema, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample project with poor settings, a small space and made-up rows."""
    monkeypatch.chdir(project)
    small = {"tune.candidates": 4, "tune.folds": 2, "tune.factor": 8}
    yaml_edit.put(PARAMS, {**POOR, **small, "model.gradient_boosting.max_iter": 30})
    TRAIN.parent.mkdir(parents=True)
    synthesise(schema, sample.data.target, rows=160).to_parquet(TRAIN, index=False)
    return project


def test_tune_edits_params_in_place(tuned: Path, sample_project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, poor = PARAMS.read_text(), settings.load()
    assert main(["tune"]) == 0
    told, after = capsys.readouterr().out, PARAMS.read_text()
    changed = [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]
    kind = poor.model["kind"]
    names = set(poor.tune.space[kind])
    assert changed
    assert {old.split(":")[0].strip() for old, _ in changed} <= names
    own = (sample_project / PARAMS).read_text()
    comments = [[line.partition("#")[2] for line in text.splitlines()] for text in (own, after)]
    assert comments[0] == comments[1], "what people wrote was lost"
    assert "rung 1: 4 candidates" in told
    assert "make run" in told
    best, found = pd.read_csv(tuned / TUNING).iloc[0], settings.load().model[kind]
    assert {name: best[name] for name in names} == {name: found[name] for name in names}
    # Nothing of the space is better than its best.
    assert main(["tune"]) == 0
    assert PARAMS.read_text() == after
    assert "stays as it is" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("space", "told"),
    [
        ({"depth": [1]}, "'depth' is no parameter of the HistGradientBoostingClassifier that build()"),
        ({"depth": [1]}, "did you mean max_depth?"),
        ({"verbose": [0]}, "tune.space: verbose changes nothing in the HistGradientBoostingClassifier"),
        ({"learning_rate": []}, "learning_rate: List should have at least 1 item"),
        ({"learning_rate": {"low": 2, "high": 1}}, "low must be less than high"),
        ({"l2_regularization": {"low": 0, "high": 1, "log": True}}, "no logarithm"),
        ({}, "declares nothing for gradient_boosting"),
        (
            {"learning_rate": [-1]},
            "HistGradientBoostingClassifier cannot be fitted with {'l2_regularization': 1.0, 'learning_rate': -1",
        ),
        ({"max_leaf_nodes": [7.5]}, "InvalidParameterError: The 'max_leaf_nodes' parameter"),
    ],
)
@pytest.mark.usefixtures("tuned")
def test_tune_wrong_space_is_refused(space: dict[str, object], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    content = yaml.safe_load(PARAMS.read_text())
    content["model"]["kind"], content["tune"]["space"] = "gradient_boosting", {"gradient_boosting": space}
    PARAMS.write_text(yaml.safe_dump(content))
    before = PARAMS.read_bytes()
    assert main(["tune"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
    assert line.startswith("tune: ")
    assert PARAMS.read_bytes() == before
    assert not TUNING.exists()


PIPELINE = """from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier


def build(task, settings, inputs):
    return make_pipeline(SimpleImputer(keep_empty_features=True), DecisionTreeClassifier(random_state=7))
"""


def test_tune_searches_parameters_of_any_pipeline_and_writes_them(
    tuned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tuned / "src" / tuned.name.replace("-", "_") / "model.py").write_text(PIPELINE)
    content = yaml.safe_load(PARAMS.read_text())
    content["model"] = {"parameters": {}}
    content["tune"]["space"] = {
        "decisiontreeclassifier__max_depth": [2],
        "decisiontreeclassifier__min_samples_leaf": {"low": 2, "high": 6},
        "decisiontreeclassifier__max_leaf_nodes": {"low": 20, "high": 30},
    }
    PARAMS.write_text(yaml.safe_dump(content))
    assert main(["tune"]) == 0
    printed, found = capsys.readouterr().out, settings.load().model["parameters"]
    assert "tuning DecisionTreeClassifier" in printed
    assert "model.parameters.decisiontreeclassifier__max_depth: None -> 2" in printed
    assert found["decisiontreeclassifier__max_depth"] == 2
    assert {type(value) for value in found.values()} == {int}
    assert {"decisiontreeclassifier__max_depth", "loss"} < set(pd.read_csv(TUNING))
    (estimator,) = {models.build("model", settings.load(), Features.of(schemas.load(), settings.load()))}
    assert estimator.get_params()["decisiontreeclassifier__max_depth"] == 2


def test_tune_searches_parameters_that_an_estimator_does_not_tell_of(
    sample: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = {"iterations": 2, "verbose": 0, "allow_writing_files": False}
    monkeypatch.setattr(
        models, "_own", lambda params, _: CatBoostClassifier(**plain | dict(params.model["parameters"]))
    )
    space = {"depth": {"low": 2, "high": 6}}
    changes = {"model": {"parameters": {}}, "tune.space": space, "tune.candidates": 3, "tune.folds": 2}
    train, schema, poor = case(sample, "binary")
    table = tune(train, schema, poor.changed(**changes), draw(poor.changed(**changes), schema))
    assert table["depth"].isna().sum() == 1
    assert set(table["depth"].dropna()) <= {2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ({}, "add `parameters: {}` to model"),
        ({"parameters": {"max_depth": 3}}, "model.parameters: 'max_depth' is no parameter of the Pipeline"),
        ({"parameters": {"max_depth": 3}}, "did you mean decisiontreeclassifier__max_depth"),
    ],
)
def test_tune_parameters_that_cannot_be_set_are_refused(
    model: dict[str, object], told: str, tuned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tuned / "src" / tuned.name.replace("-", "_") / "model.py").write_text(PIPELINE)
    content = yaml.safe_load(PARAMS.read_text())
    content["model"], content["tune"]["space"] = model, {"decisiontreeclassifier__max_depth": [1, 4]}
    PARAMS.write_text(yaml.safe_dump(content))
    assert main(["tune"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line


def test_tune_rows_count_by_their_weight(sample: Params) -> None:
    train, schema, poor = case(sample, "binary", **{"data.weight": "owner"})
    table = tune(train, schema, poor, draw(poor, schema))
    flat = poor.changed(**{"data.weight": None})
    assert table["loss"].tolist() != tune(train, schema, flat, draw(flat, schema))["loss"].tolist()


@pytest.mark.usefixtures("tuned")
def test_tune_scheduler_that_does_not_answer_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv(ADDRESS, f"tcp://127.0.0.1:{port}")
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    assert main(["tune"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"127.0.0.1:{port}" in line
    assert "dask scheduler" in line
    assert not TUNING.exists()

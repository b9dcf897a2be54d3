"""Tuning finds settings that are no worse, finds the same ones again, and changes nothing else in params.yaml."""

import shutil
import socket
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from << cookiecutter.__package_name >> import params as settings
from << cookiecutter.__package_name >>.__main__ import main
from << cookiecutter.__package_name >>.data.schema import Column, Schema
from << cookiecutter.__package_name >>.data.splitting import folds
from << cookiecutter.__package_name >>.data.synthesis import synthesise
from << cookiecutter.__package_name >>.errors import ProjectError
from << cookiecutter.__package_name >>.features import Features
from << cookiecutter.__package_name >>.params import ModelKind, Params
from << cookiecutter.__package_name >>.paths import PARAMS, SCHEMA, TRAIN, TUNING
from << cookiecutter.__package_name >>.training import cluster, yaml_edit
from << cookiecutter.__package_name >>.training.cluster import ADDRESS
from << cookiecutter.__package_name >>.training.halving import Study
from << cookiecutter.__package_name >>.training.tune import draw, tune

ROWS = 180
COLUMNS = {
    "größe in cm": Column(type="number", missing=1.0),
    "a word": Column(type="category", categories=["a", "b", "never seen"], missing=1.0),
    "flag": Column(type="boolean", missing=1.0),
    "day": Column(type="datetime", missing=0.0),
    "owner": Column(type="integer", missing=0.0),
}
CLASSES = {"binary": ["no", "yes"], "multi-class": ["high", "low", "middle"]}
# Whatever the data, so slow a start and so strong a penalty are far from the best.
POOR = {"model.gradient_boosting.learning_rate": 0.001, "model.linear.penalty": 1e6}


@pytest.fixture(autouse=True)
def on_one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ADDRESS, raising=False)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")


def case(params: Params, task: str, **changes: object) -> tuple[pd.DataFrame, Schema, Params]:
    """Rows in which the target follows a number, with its schema and poor settings to start from."""
    generator = np.random.default_rng(7)
    size = generator.normal(size=ROWS)
    signal = size + generator.normal(size=ROWS) / 3
    frame = pd.DataFrame(
        {
            "größe in cm": np.where(generator.random(ROWS) < 0.1, np.nan, size),
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
        "features.derived": [],
        "slices": [],
        "split.method": "stratified" if classes else "random",
        "split.by": None,
        "model.kind": "gradient_boosting",
        "model.gradient_boosting.min_samples_leaf": 10,
        "model.gradient_boosting.max_iter": 30,
        "tune.candidates": 6,
        "tune.factor": 2,
        "tune.folds": 3,
        "tune.space": {
            "gradient_boosting": {
                "learning_rate": {"low": 0.05, "high": 0.5, "log": True},
                "max_leaf_nodes": [3, 7],
                "min_samples_leaf": {"low": 2, "high": 9},
            },
            "linear": {"penalty": {"low": 0.01, "high": 10, "log": True}},
        },
    }
    return schema.conform(frame), schema, params.changed(**{**told, **POOR, **changes})


@pytest.mark.parametrize("kind", ["gradient_boosting", "linear"])
@pytest.mark.parametrize("task", ["binary", "multi-class", "regression"])
@pytest.mark.ml_test_score("Model 3", 0.5)
def test_best_settings_are_better_than_poor_ones(params: Params, task: str, kind: ModelKind) -> None:
    train, schema, poor = case(params, task, **{"model.kind": kind})
    table = tune(train, schema, poor, draw(poor))
    assert sorted(table["candidate"]) == list(range(6))
    today = table[table["candidate"] == 0].iloc[0]
    best = table.iloc[0]
    assert today["rung"] == best["rung"] == 2, "the settings of today were dropped before the last rung"
    assert 0 < best["loss"] < 0.9 * today["loss"]


@pytest.mark.requirement("1-REPRO")
def test_same_settings_are_found_again(params: Params) -> None:
    train, schema, poor = case(params, "multi-class")
    first, second = (tune(train, schema, poor, draw(poor)) for _ in range(2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


@pytest.mark.requirement("1-REPRO")
def test_order_of_candidates_changes_no_loss(params: Params) -> None:
    train, schema, poor = case(params, "regression", **{"tune.factor": 8})
    candidates = draw(poor)
    one_rung, turned = (tune(train, schema, poor, order) for order in (candidates, candidates[::-1]))
    assert one_rung["rung"].max() == 1
    assert one_rung["loss"].tolist() == turned["loss"].tolist()


def test_of_equal_candidates_the_first_wins(params: Params) -> None:
    train, schema, poor = case(params, "binary", **{"tune.factor": 8})
    # No tree of so few rows has so many leaves.
    counts = (300, 100, 400, 200)
    candidates = tuple(poor.changed(**{"model.gradient_boosting.max_leaf_nodes": count}).model for count in counts)
    table = tune(train, schema, poor, candidates)
    assert table["loss"].nunique() == 1
    assert table["candidate"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("method", "by"), [("group", "owner"), ("time", "day")])
@pytest.mark.requirement("0-SPLIT")
def test_every_part_of_the_rows_is_divided_as_the_project_divides_them(params: Params, method: str, by: str) -> None:
    train, schema, poor = case(params, "binary", **{"split.method": method, "split.by": by})
    study = Study(poor, Features.of(schema, poor), 2, (poor.model,))
    values, column = np.zeros(len(train)), train[by].to_numpy()
    for learn, score in folds(train, "target", poor.split, poor.tune.folds):
        inner = study.halves(values[learn], column[learn])
        for former, latter in ((learn, score), (learn[inner[0]], learn[inner[1]])):
            if method == "time":
                assert column[former].max() < column[latter].min(), "a model would learn from the future"
            else:
                assert not set(column[former]) & set(column[latter]), "a model would know the group already"
    table = tune(train, schema, poor, draw(poor))
    assert table["loss"].iloc[0] < table.loc[table["candidate"] == 0, "loss"].iloc[0]


def test_a_class_that_a_fold_lacks_is_no_obstacle(params: Params) -> None:
    train, schema, poor = case(params, "multi-class", **{"split.method": "time", "split.by": "day"})
    # The first folds see one class only, later ones meet others.
    train["day"] = pd.Timestamp("2024-02-01") + pd.to_timedelta(train["target"].rank(method="first"), unit="D")
    table = tune(train, schema, poor, draw(poor))
    assert np.isfinite(table["loss"]).all()


@pytest.fixture
def tuned(params: Params, schema: Schema, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's own settings, poor ones of its model and a small space among them, and made-up rows."""
    root = Path.cwd()
    (tmp_path / TRAIN).parent.mkdir(parents=True)
    for path in (PARAMS, SCHEMA):
        shutil.copy(root / path, tmp_path / path)
    monkeypatch.chdir(tmp_path)
    small = {"tune.candidates": 4, "tune.folds": 2, "tune.factor": 8}
    yaml_edit.put(PARAMS, {**POOR, **small, "model.gradient_boosting.max_iter": 30})
    synthesise(schema, params.data.target, rows=160).to_parquet(TRAIN, index=False)
    return tmp_path


@pytest.mark.usefixtures("tuned")
def test_params_are_edited_in_place(pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]) -> None:
    before, poor = PARAMS.read_text(), settings.load()
    assert main(["tune"]) == 0
    told, after = capsys.readouterr().out, PARAMS.read_text()
    changed = [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]
    names = set(poor.tune.space[poor.model.kind or "linear"])
    assert changed
    assert {old.split(":")[0].strip() for old, _ in changed} <= names
    own = (pytestconfig.rootpath / PARAMS).read_text()
    comments = [[line.partition("#")[2] for line in text.splitlines()] for text in (own, after)]
    assert comments[0] == comments[1], "what people wrote was lost"
    assert "rung 1: 4 candidates" in told
    assert "make run" in told
    best = pd.read_csv(TUNING).iloc[0]
    found = getattr(settings.load().model, str(poor.model.kind)).model_dump()
    assert {name: best[name] for name in names} == {name: found[name] for name in names}
    # Nothing of the space is better than its best.
    assert main(["tune"]) == 0
    assert PARAMS.read_text() == after
    assert "stays as it is" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("space", "told"),
    [
        ({"depth": [1]}, "'depth' is no setting"),
        ({"learning_rate": []}, "learning_rate.list: List should have at least 1 item"),
        ({"learning_rate": [-1]}, "learning_rate: -1.0: Input should be greater than 0"),
        ({"learning_rate": [*(number / 100 for number in range(1, 100)), -1]}, "learning_rate: -1.0: Input should be"),
        ({"max_leaf_nodes": [7.5]}, "max_leaf_nodes: 7.5: Input should be a valid integer"),
        ({"learning_rate": {"low": 2, "high": 1}}, "low must be less than high"),
        ({"l2_regularization": {"low": 0, "high": 1, "log": True}}, "no logarithm"),
        ({}, "declares nothing for gradient_boosting"),
    ],
)
def test_wrong_space_is_refused(
    tuned: Path, space: dict[str, object], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    content = yaml.safe_load(PARAMS.read_text())
    content["model"]["kind"], content["tune"]["space"] = "gradient_boosting", {"gradient_boosting": space}
    PARAMS.write_text(yaml.safe_dump(content))
    before = PARAMS.read_bytes()
    assert main(["tune"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
    assert line.startswith("tune: params.yaml: ")
    assert PARAMS.read_bytes() == before
    assert not (tuned / TUNING).exists()


def test_scheduler_that_does_not_answer_is_told_soon(
    tuned: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv(ADDRESS, f"tcp://127.0.0.1:{port}")
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    started = time.monotonic()
    assert main(["tune"]) == 1
    assert time.monotonic() - started < 10
    (line,) = capsys.readouterr().err.splitlines()
    assert f"127.0.0.1:{port}" in line
    assert "dask scheduler" in line
    assert not (tuned / TUNING).exists()


@pytest.mark.parametrize(
    ("text", "value", "written"),
    [
        ("a:\n  b: 1 # why\nc: 2\n", 3, "a:\n  b: 3 # why\nc: 2\n"),
        ("a:\r\n  b: null\r\nc: é\r\n", 0.5, "a:\r\n  b: 0.5\r\nc: é\r\n"),
        ("a: {b: 'one', c: 2} # 🐧\n", "x: y", "a: {b: 'x: y', c: 2} # 🐧\n"),
        ("a:\n  b:\n  c: 2\n", 7, "a:\n  b: 7\n  c: 2\n"),
        ("a:\n    b: null\n", {"x y": "why: so"}, "a:\n    b: \n      x y: 'why: so'\n"),
    ],
)
def test_only_the_value_is_written(text: str, value: object, written: str, tmp_path: Path) -> None:
    path = tmp_path / "some.yaml"
    path.write_bytes(text.encode())
    yaml_edit.put(path, {"a.b": value})
    assert path.read_bytes().decode() == written


@pytest.mark.parametrize("text", ["base: &base {b: 1}\na: *base\n", "a: {c: 1}\n", "a:\n  b:\n    c: 1\n", "a: 1\n"])
def test_a_value_that_is_not_there_is_not_written(text: str, tmp_path: Path) -> None:
    path = tmp_path / "some.yaml"
    path.write_text(text)
    with pytest.raises(ProjectError, match=r"a\.b is not written"):
        yaml_edit.put(path, {"a.b": 2})
    assert path.read_text() == text

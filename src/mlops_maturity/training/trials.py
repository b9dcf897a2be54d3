"""Trying ways to split and kinds of model on new data, to propose those that find a signal in it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mlops_maturity.data import lanes
from mlops_maturity.data.features import Features
from mlops_maturity.data.schema import Schema
from mlops_maturity.data.splitting import folds, split
from mlops_maturity.data.targets import Target
from mlops_maturity.model.estimator import predict
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.numbers import percent
from mlops_maturity.project.params import Params, SplitMethod
from mlops_maturity.training import models
from mlops_maturity.training.choice import lane_of
from mlops_maturity.training.losses import gains

# Enough rows to tell models apart, few enough to wait for.
MOST_ROWS = 20_000
FEWEST_OF_A_CLASS = 10
SMALLEST_SIGNAL = 0.01
# A gate that every model passes is none: one that is no better than a guess must not.
LOWEST_GATE = 0.001
# Of the rows, to divide them by time; the others would all be trained on.
MOST_UNDATED = 0.2
# Different times, to tell the past from the future in each fold.
FEWEST_TIMES = 12

Rows = np.ndarray
KINDS: tuple[models.Kind, ...] = ("model", "simple", "baseline")


@dataclass(frozen=True)
class Trial:
    """How a kind of model fared with a way to split: the gains of `metrics.gains`.

    Attributes:
        method: the way to split.
        by: the column it needs.
        kind: of the model.
        held_out: the gains on the test set.
        folds: the gains on each fold of a cross-validation, by name.
        reason: why it was chosen, if it was.
    """

    method: SplitMethod
    by: str | None
    kind: str
    held_out: dict[str, float]
    folds: dict[str, np.ndarray]
    reason: str = ""

    @property
    def name(self) -> str:
        """How it is called in a sentence."""
        return f"{self.kind}, {self.method} split"

    @property
    def finds_a_signal(self) -> bool:
        """Whether it beats a guess by more than chance on the folds: by two standard errors of their mean."""
        saved = self.folds["baseline"]
        chance = 2 * saved.std(ddof=1) / math.sqrt(len(saved))
        return bool(saved.mean() > max(SMALLEST_SIGNAL, chance))

    @property
    def beats_the_simple_model(self) -> bool:
        """Whether it does so on the test set and on the mean of the folds."""
        return bool(self.held_out["simple"] >= 0 and self.folds["simple"].mean() >= 0)

    def starting_gate(self, name: str) -> float:
        """A bound for the next models: as good as this one, less what the folds differ by.

        It is above zero for the baseline, so that a model that is no better than a guess never passes. Only where this
        one is worse than the simple model itself, that bound is below zero: a tenth under what it got.
        """
        # On a small test set chance does much: the lower of what it and the folds say counts.
        reached = min(self.held_out[name], float(self.folds[name].mean()))
        if reached < 0:
            return LOWEST_GATE if name == "baseline" else math.floor(reached * 110) / 100
        spread = float(self.folds[name].std(ddof=1))
        bound = math.floor((reached - max(reached / 2, spread)) * 100) / 100
        return max(LOWEST_GATE if name == "baseline" else 0.0, bound)


def best_trial(frame: pd.DataFrame, schema: Schema, params: Params, time: str | None) -> Trial:
    """Try the ways to split in order of preference, with each kind of model, until one beats the simple model.

    If none does, the one that finds the strongest signal, however weak that is.

    What params.yaml settles is kept.

    Args:
        frame: rows that can be learned from.
        schema: of the table.
        params: the project's settings.
        time: a column of times, if there is one: the past should then be tested on the future.

    Raises:
        ProjectError: none can be tried: the rows or the classes are too few to be divided.
    """
    frame = _some(frame, params)
    dated = time is not None and frame[time].isna().mean() <= MOST_UNDATED and frame[time].nunique() >= FEWEST_TIMES
    proposed: list[SplitMethod] = ["time", "stratified"] if dated else ["stratified"]
    methods = [params.split.method] if params.split.method else proposed
    # Without a setting of this name, model.py has one kind of model.
    settled = params.model.get("kind", "model")
    kinds: list[str] = [settled] if settled else ["gradient_boosting", "linear"]
    found: list[Trial] = []
    for method in methods:
        by = params.split.by or (time if method == "time" else None)
        divided = params.changed(**{"split.method": method, "split.by": by})
        try:
            trials = [trial for kind in kinds if (trial := _try(frame, schema, divided, kind))]
        except ProjectError:
            # Most rows may be of one time. What is settled, and what is tried last, must divide them.
            if method == methods[-1]:
                raise
            continue
        found += trials
        if any(trial.finds_a_signal and trial.beats_the_simple_model for trial in trials):
            break
    if found:
        best = max(found, key=_preference)
        return replace(best, reason=_reason(best, found))
    raise ProjectError(
        f"the rows of {params.data.target!r} cannot be divided into five folds that each have every class; give "
        "more rows, or join its rare classes"
    )


def _preference(trial: Trial) -> tuple[bool, bool, float]:
    return trial.finds_a_signal, trial.beats_the_simple_model, float(trial.folds["baseline"].mean())


def _reason(best: Trial, trials: Sequence[Trial]) -> str:
    """Why it was chosen, and why each that saves more was not."""
    saved = {trial.name: float(trial.folds["baseline"].mean()) for trial in trials}
    others = [
        f"{trial.name}: {percent(saved[trial.name])} below, but {_weakness(trial)}"
        for trial in trials
        if saved[trial.name] > saved[best.name]
    ]
    why = f"loss {percent(saved[best.name])} below the baseline's in cross-validation"
    return "; ".join([f"chosen: {best.name}: {why}{', the best' if not others else ''}", *others])


def _weakness(trial: Trial) -> str:
    if not trial.finds_a_signal:
        return "differs so much between folds that this may be chance"
    where = "on the test set" if trial.held_out["simple"] < 0 else "in cross-validation"
    return f"is worse than a single small tree {where}"


def _some(frame: pd.DataFrame, params: Params) -> pd.DataFrame:
    if len(frame) <= MOST_ROWS:
        return frame
    rows = np.random.default_rng(params.split.seed).choice(len(frame), MOST_ROWS, replace=False)
    some = frame.iloc[np.sort(rows)]
    if params.task == "classification":
        counts = some[params.data.target].value_counts()
        some = some[some[params.data.target].isin(counts.index[counts >= FEWEST_OF_A_CLASS])]
    return some.reset_index(drop=True)


def _try(frame: pd.DataFrame, schema: Schema, params: Params, kind: str) -> Trial | None:
    if "kind" in params.model:
        params = params.changed(**{"model.kind": kind})
    features = Features.of(schema, params)
    target = Target.of(frame[params.data.target], schema, params)
    seen = {
        name: lanes.of_table(features, lane_of(models.build(name, params, features), params, name), frame)
        for name in KINDS
    }
    values = target.encode(frame[params.data.target])
    found: list[dict[str, float]] = []
    for train, validation, score in _rounds(frame, params):
        if len(np.unique(values[train])) < max(2, len(target.classes)):
            # A fold that lacks a class is passed over; a split that does is no use.
            if not found:
                return None
            continue
        answers = {}
        for name, inputs in seen.items():
            fitted = models.fit(
                models.build(name, params, features),
                params.task,
                (lanes.take(inputs, train), values[train]),
                (lanes.take(inputs, validation), values[validation]),
            )
            answers[name] = predict(fitted.estimator, params.task, lanes.take(inputs, score))
        found.append(gains(params.task, values[score], answers["model"], answers["baseline"], answers["simple"]))
    held_out, *others = found
    if len(others) < 2:
        return None
    method = params.split.method or "random"
    trial = Trial(method, params.split.by, kind, held_out, {n: np.array([o[n] for o in others]) for n in held_out})
    print(f"  tried {kind}, {method} split: loss {percent(trial.folds['baseline'].mean())} below the baseline's")
    return trial


def _rounds(frame: pd.DataFrame, params: Params) -> Iterator[tuple[Rows, Rows, Rows]]:
    """Rows to train on, to stop by and to score on: the split itself first, then the folds of a cross-validation."""
    ignored = params.data.ignore or {}
    parts = split(frame, params.data.target, params.split, ignored)
    yield parts.train, parts.validation, parts.test
    share = params.split.validation / (1 - params.split.test)
    generator = np.random.default_rng(params.split.seed)
    for learn, score in folds(frame, params.data.target, params.split, ignored=ignored):
        order = generator.permutation(learn)
        cut = max(1, round(len(order) * share))
        yield order[cut:], order[:cut], score

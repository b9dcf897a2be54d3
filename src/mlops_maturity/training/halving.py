"""Successive halving: many candidates on a few rows, then the best of them on more, the best of those on all.

The search is scikit-learn's, and its resource is rows. Few iterations instead would favour whatever learns fastest, a
linear model has none worth the name, and on a large table it is the rows that cost. Every candidate of a rung learns
from the same rows and is scored on the same ones, so that candidates differ by their settings only. What runs where,
and when, changes nothing: nothing random is left to a worker.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  # lets the next import work
from sklearn.model_selection import HalvingGridSearchCV, cross_val_score
from threadpoolctl import threadpool_limits

from mlops_maturity.data import lanes
from mlops_maturity.data.splitting import two_parts
from mlops_maturity.model.estimator import predict
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params
from mlops_maturity.training import models
from mlops_maturity.training.losses import loss

Rows = np.ndarray
# The section `model` of params.yaml, or a part of it.
Settings = dict[str, Any]
Parts = list[tuple[Rows, Rows]]

# Fewer rows tell too little to drop a candidate for. Of many classes, each needs some.
FEWEST_ROWS = 50
FEWEST_OF_A_CLASS = 10
# The last digits of a loss depend on the processor; candidates that differ there are equal.
DIGITS = 6
# What scikit-learn tells of a candidate, in the order of `_line`.
RESULTS = ("param_number", "iter", "n_resources", "mean_test_score", "std_test_score")


@dataclass(frozen=True)
class Study:
    """What all candidates have in common.

    Attributes:
        params: the project's settings.
        classes: their number; 0 for regression.
        candidates: what model.py builds of each candidate's settings, not fitted; the first is the current one.
        settings: of each candidate, those that differ.
    """

    params: Params
    classes: int
    candidates: tuple[BaseEstimator, ...]
    settings: tuple[Settings, ...]

    def halves(self, values: np.ndarray, by: np.ndarray | None) -> tuple[Rows, Rows]:
        """Positions to learn from and to stop by, divided as the project divides its rows.

        Args:
            values: the target.
            by: the values of the column `split.by`.
        """
        split = self.params.split
        frame = pd.DataFrame({"": values} if by is None else {"": values, split.by: by})
        rows, share = np.arange(len(values)), split.validation / (1 - split.test)
        try:
            learn, stop = two_parts(frame, rows, "", split, share)
        except (ProjectError, ValueError):  # too few groups, or too few rows of a class
            learn, stop = two_parts(frame, rows, "", split.model_copy(update={"method": "random"}), share)
        return np.sort(learn), np.sort(stop)


class Candidate(BaseEstimator):  # type: ignore[misc]
    """One candidate as scikit-learn's search sees it: it learns from at most so many rows, on one thread.

    Attributes:
        study: what all have in common.
        number: its position among the candidates.
        rows: the most that it learns from, those it stops by included.
    """

    def __init__(self, study: Study, number: int = 0, rows: int = FEWEST_ROWS) -> None:
        self.study = study
        self.number = number
        self.rows = rows

    def fit(
        self,
        inputs: Any,
        values: np.ndarray,
        by: np.ndarray | None = None,
        weights: np.ndarray | None = None,
    ) -> "Candidate":
        """Train a model.

        Args:
            inputs: what the model's lane has it see of the rows.
            values: the target (rows,), classes as numbers from 0.
            by: what the rows are divided by, if the project divides them by groups or time.
            weights: how much each row counts, if the project says so.

        Raises:
            ProjectError: the estimator does not take its settings.
        """
        study = self.study
        some = np.sort(np.random.default_rng(study.params.tune.seed).permutation(len(values))[: self.rows])
        inputs, values = lanes.take(inputs, some), values[some]
        learn, stop = study.halves(values, None if by is None else by[some])
        estimator = clone(study.candidates[self.number])
        if study.classes:
            # A part of the rows may lack a class: the model then does not know it, and gives it no chance.
            self.classes_ = np.unique(values[learn])
            stop = stop[np.isin(values[stop], self.classes_)]
            values = np.searchsorted(self.classes_, values)
            if len(self.classes_) < 2 or not len(stop):
                estimator, weights = models.baseline(study.params.task), None
        parts = [(lanes.take(inputs, rows), values[rows]) for rows in (learn, stop)]
        counts = () if weights is None else (weights[some][learn],)
        try:
            with threadpool_limits(1):
                self.model_ = models.fit(
                    estimator, study.params.task, (*parts[0], *counts), parts[1], curve=False
                ).estimator
        except Exception as error:
            raise ProjectError(
                f"model.py: {models.name_of(estimator)} cannot be fitted with {study.settings[self.number]}: "
                f"{type(error).__name__}: {' '.join(str(error).split())}"
            ) from error
        return self

    def predict(self, inputs: Any) -> np.ndarray:
        """Probabilities of all classes (rows, classes), or values (rows,)."""
        with threadpool_limits(1):
            predicted = predict(self.model_, self.study.params.task, inputs)
        if not self.study.classes:
            return predicted
        probabilities = np.zeros((len(inputs), self.study.classes))
        probabilities[:, self.classes_] = predicted
        return probabilities


def negative_loss(candidate: Candidate, inputs: Any, values: np.ndarray) -> float:
    """A score as scikit-learn wants it, the larger the better, of the loss that gates compare."""
    return -loss(candidate.study.params.task, values, candidate.predict(inputs))


def plan(study: Study, parts: Parts) -> list[tuple[int, int]]:
    """Candidates and rows of each rung.

    The last rung has at least two candidates, and all rows but what is left over when they are divided.
    """
    factor, rows = study.params.tune.factor, max(len(learn) for learn, _ in parts)
    fewest = max(FEWEST_ROWS, FEWEST_OF_A_CLASS * study.classes)
    counts = [len(study.candidates)]
    while (left := math.ceil(counts[-1] / factor)) >= 2 and rows // factor ** len(counts) >= fewest:
        counts.append(left)
    first = rows // factor ** (len(counts) - 1)
    return [(count, first * factor**rung) for rung, count in enumerate(counts)]


def search(
    study: Study, inputs: Any, values: np.ndarray, parts: Parts, extra: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Compare candidates where joblib is configured to.

    The current settings meet the best candidate on all rows, whatever chance did to them on a few.

    Args:
        study: what they have in common.
        inputs: what the model's lane has it see of the rows.
        values: the target (rows,), classes as numbers from 0.
        parts: folds: rows to learn from and to score on.
        extra: what `Candidate.fit` takes beside them: `by` and `weights`, each (rows,).

    Returns:
        The candidates, best first: of equal ones, the one that was declared first. Each as it was on the last rung it
        reached: candidate: its number; rung: from 1; rows: at most so many in a fold; loss: the mean over the folds;
        spread: their standard deviation.

    Raises:
        ProjectError: a candidate cannot be fitted.
    """
    rungs = plan(study, parts)
    most = rungs[-1][1]
    found = HalvingGridSearchCV(
        Candidate(study),
        {"number": list(range(len(study.candidates)))},
        scoring=negative_loss,
        cv=parts,
        factor=study.params.tune.factor,
        resource="rows",
        min_resources=rungs[0][1],
        max_resources=most,
        refit=False,
        error_score="raise",
        return_train_score=False,
    ).fit(inputs, values, **extra)
    lines = [_line(*result) for result in zip(*(found.cv_results_[name] for name in RESULTS), strict=True)]
    if not any(line["candidate"] == 0 and line["rung"] == len(rungs) for line in lines):
        today = Candidate(study, rows=most)
        scores = cross_val_score(
            today, inputs, values, scoring=negative_loss, cv=parts, params=dict(extra), error_score="raise"
        )
        lines.append(_line(0, len(rungs) - 1, most, scores.mean(), scores.std()))
    table = pd.DataFrame(lines).sort_values(["rung", "loss", "candidate"], ascending=[False, True, True])
    for rung, (count, rows) in enumerate(rungs, start=1):
        best = table[table["rung"] == rung].iloc[0]
        print(f"  rung {rung}: {count} candidates on {rows:,} rows; loss of the best {best['loss']:.4g}", flush=True)
    return table.drop_duplicates("candidate", ignore_index=True)


def _line(candidate: int, iteration: int, rows: int, score: float, spread: float) -> dict[str, float]:
    """What became of a candidate on one rung, as far as processors agree on it."""
    return {
        "candidate": int(candidate),
        "rung": int(iteration) + 1,
        "rows": int(rows),
        "loss": float(f"{-score:.{DIGITS}g}"),
        "spread": float(f"{spread:.{DIGITS}g}"),
    }

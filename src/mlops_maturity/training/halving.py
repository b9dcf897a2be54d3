"""Successive halving: many candidates on a few rows, then the best of them on more, the best of those on all.

The resource is rows. Few iterations instead would favour whatever learns fastest, a linear model has none worth the
name, and on a large table it is the rows that cost. Every candidate of a rung learns from the same rows and is scored
on the same ones, so that candidates differ by their settings only. What runs where, and when, changes nothing: nothing
random is left to a worker, and of equal candidates the one that was declared first wins.
"""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  # lets the next import work
from sklearn.model_selection import HalvingGridSearchCV
from threadpoolctl import threadpool_limits

from mlops_maturity.data.features import Features
from mlops_maturity.data.splitting import folds
from mlops_maturity.model.estimator import predict
from mlops_maturity.project.params import Params
from mlops_maturity.training import models
from mlops_maturity.training.losses import loss

Rows = np.ndarray
# The section `model` of params.yaml.
Settings = dict[str, Any]
Parts = list[tuple[Rows, Rows]]

# Fewer rows tell too little to drop a candidate for. Of many classes, each needs some.
FEWEST_ROWS = 50
FEWEST_OF_A_CLASS = 10
# The last digits of a loss depend on the processor; candidates that differ there are equal.
DIGITS = 6


@dataclass(frozen=True)
class Study:
    """What all candidates have in common.

    Attributes:
        params: the project's settings.
        features: what the models see.
        classes: their number; 0 for regression.
        candidates: the settings; the first are the project's current ones.
    """

    params: Params
    features: Features
    classes: int
    candidates: tuple[Settings, ...]

    def halves(self, values: np.ndarray, by: np.ndarray | None) -> tuple[Rows, Rows]:
        """Positions to learn from and to stop by, divided as the project divides its rows.

        Args:
            values: the target.
            by: the values of the column `split.by`.
        """
        split = self.params.split
        frame = pd.DataFrame({"": values} if by is None else {"": values, split.by: by})
        count = max(2, round((1 - split.test) / split.validation))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of classes with few rows
            try:
                *_, (learn, stop) = folds(frame, "", split, count)
            except ValueError:  # too few groups, or too few rows of every class
                *_, (learn, stop) = folds(frame, "", split.model_copy(update={"method": "random"}), count)
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

    def fit(self, matrix: np.ndarray, values: np.ndarray, by: np.ndarray | None = None) -> "Candidate":
        """Train a model.

        Args:
            matrix: features (rows, features).
            values: the target (rows,), classes as numbers from 0.
            by: what the rows are divided by, if the project divides them by groups or time.
        """
        params, settings = self.study.params, self.study.candidates[self.number]
        seed = params.tune.seed
        some = np.sort(np.random.default_rng(seed).permutation(len(values))[: self.rows])
        matrix, values = matrix[some], values[some]
        learn, stop = self.study.halves(values, None if by is None else by[some])
        kind: models.Kind = "model"
        if self.study.classes:
            # A part of the rows may lack a class: the model then does not know it, and gives it no chance.
            self.classes_ = np.unique(values[learn])
            stop = stop[np.isin(values[stop], self.classes_)]
            values = np.searchsorted(self.classes_, values)
            if len(self.classes_) < 2 or not len(stop):
                kind = "baseline"
        model = models.build(kind, params.model_copy(update={"model": settings}), self.study.features)
        with threadpool_limits(1):
            parts = [(matrix[rows], values[rows]) for rows in (learn, stop)]
            self.model_ = models.fit(model, params.task, parts[0], parts[1], curve=False).estimator
        return self

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """Probabilities of all classes (rows, classes), or values (rows,)."""
        with threadpool_limits(1):
            predicted = predict(self.model_, self.study.params.task, matrix)
        if not self.study.classes:
            return predicted
        probabilities = np.zeros((len(matrix), self.study.classes))
        probabilities[:, self.classes_] = predicted
        return probabilities


def negative_loss(candidate: Candidate, matrix: np.ndarray, values: np.ndarray) -> float:
    """A score as scikit-learn wants it, the larger the better, of the loss that gates compare."""
    return -loss(candidate.study.params.task, values, candidate.predict(matrix))


class Halving(HalvingGridSearchCV):  # type: ignore[misc]
    """scikit-learn's search, with ties settled by the candidates' numbers, and number 0 never dropped.

    So the settings of today meet the best candidate on all rows, whatever chance did to them on a few.
    """

    def _run_search(self, evaluate_candidates: Callable[..., dict[str, Any]], *, callback_ctx: Any = None) -> None:
        def evaluate(*arguments: Any, **options: Any) -> dict[str, Any]:
            results = evaluate_candidates(*arguments, **options)
            table = ranked(results)
            _tell(table)
            # Scores that cannot tie, and that keep number 0: this is all that the next rung is chosen by.
            score = np.empty(len(table))
            score[table["position"]] = -np.arange(len(table))
            score[results["param_number"] == 0] = 1
            return {**results, "mean_test_score": score}

        super()._run_search(evaluate, callback_ctx=callback_ctx)


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


def search(study: Study, matrix: np.ndarray, values: np.ndarray, by: np.ndarray | None, parts: Parts) -> pd.DataFrame:
    """Compare candidates where joblib is configured to.

    Args:
        study: what they have in common.
        matrix: features (rows, features).
        values: the target (rows,), classes as numbers from 0.
        by: the values of the column `split.by` (rows,), if the split is by groups or time.
        parts: folds: rows to learn from and to score on.

    Returns:
        The candidates, best first, as `ranked` gives them, each as it was on the last rung it reached.
    """
    rungs = plan(study, parts)
    found = Halving(
        Candidate(study),
        {"number": list(range(len(study.candidates)))},
        scoring=negative_loss,
        cv=parts,
        factor=study.params.tune.factor,
        resource="rows",
        min_resources=rungs[0][1],
        max_resources=rungs[-1][1],
        refit=False,
        error_score="raise",
        return_train_score=False,
    ).fit(matrix, values, **({} if by is None else {"by": by}))
    table = ranked(found.cv_results_)
    return table.drop_duplicates("candidate", ignore_index=True).drop(columns="position")


def ranked(results: dict[str, Any]) -> pd.DataFrame:
    """The results of a search, best first: the last rung first, then by loss, then by number.

    Returns:
        candidate: its number; rung: from 1; rows: at most so many in a fold; loss: the mean over the folds; spread:
        their standard deviation; position: in `results`.
    """
    table = pd.DataFrame(
        {
            "candidate": np.asarray(results["param_number"], dtype=int),
            "rung": np.asarray(results["iter"]) + 1,
            "rows": results["n_resources"],
            "loss": [float(f"{-score:.{DIGITS}g}") for score in results["mean_test_score"]],
            "spread": [float(f"{spread:.{DIGITS}g}") for spread in results["std_test_score"]],
            "position": np.arange(len(results["iter"])),
        }
    )
    return table.sort_values(["rung", "loss", "candidate"], ascending=[False, True, True], ignore_index=True)


def _tell(table: pd.DataFrame) -> None:
    newest = table[table["rung"] == table["rung"].max()]
    best, today = newest.iloc[0], newest[newest["candidate"] == 0].iloc[0]
    print(
        f"  rung {best['rung']:.0f}: {len(newest)} candidates on {best['rows']:.0f} rows; loss of the best "
        f"{best['loss']:.4g}, of the current settings {today['loss']:.4g}",
        flush=True,
    )

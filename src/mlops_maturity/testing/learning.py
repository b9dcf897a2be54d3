"""What a project's model must do in training, whatever its score is: learn, overfit a small batch, stay finite."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from mlops_maturity.data.features import Features
from mlops_maturity.data.schema import Schema
from mlops_maturity.data.targets import Target
from mlops_maturity.model.estimator import predict
from mlops_maturity.project.params import Params, Task
from mlops_maturity.training import Inputs, models
from mlops_maturity.training.losses import loss
from mlops_maturity.training.models import Fitted, Kind

# What columns of numbers may hold; each takes a generator and the number of rows.
ODD_NUMBERS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "zero variance": lambda _, rows: np.full(rows, 3.0),
    "tiny values": lambda generator, rows: generator.normal(size=rows) * 1e-40,
    "huge values": lambda generator, rows: generator.normal(size=rows) * 1e200,
    "all missing": lambda _, rows: np.full(rows, np.nan),
    "one known value": lambda _, rows: np.where(np.arange(rows) == 0, 1.0, np.nan),
}
# What columns of categories may hold.
ODD_CATEGORIES: dict[str, Callable[[pd.Series], pd.Series]] = {
    "category without a value": lambda values: values.astype("object").mask(np.ones(len(values), dtype=bool)),
    "category of one value": lambda values: values.astype("object").where(values.isna(), values.dropna().iloc[0]),
    "category that the schema does not have": lambda values: values.astype("object").where(values.isna(), "never seen"),
}
ODD_COLUMNS = (*ODD_NUMBERS, *ODD_CATEGORIES)
# Two losses that differ by less are one.
SAME = 1e-9
# Rows that are looked through for some that are linearly independent, and the share of a row that others do not say.
MOST_TRIED, APART = 2_000, 0.1


@dataclass(frozen=True)
class Trained:
    """A model of the project, trained on some rows, and what it predicts of them.

    Attributes:
        fitted: the model with its losses.
        matrix: the features of the rows, (rows, features).
        target: the encoded target (rows,), classes as numbers from 0.
        predicted: probabilities (rows, classes), or values (rows,).
        loss: log loss, or mean squared error.
    """

    fitted: Fitted
    matrix: np.ndarray
    target: np.ndarray
    predicted: np.ndarray
    loss: float


def train(rows: pd.DataFrame, schema: Schema, params: Params, kind: Kind = "model") -> Trained:
    """Train the project's model, by the way of the training step, with the same rows to decide when to stop.

    Args:
        rows: they fit the schema.
        schema: of the table.
        params: the project's settings.
        kind: another model than the project's own: `simple` or `baseline`.
    """
    features = Features.of(schema, params)
    names = rows[params.data.target]
    target = Target.of(names, schema, params).encode(names)
    matrix = features.of_frame(rows)
    fitted = models.fit(models.build(kind, params, features), params.task, (matrix, target), (matrix, target))
    predicted = predict(fitted.estimator, params.task, matrix)
    return Trained(fitted, matrix, target, predicted, loss(params.task, target, predicted))


def losses(rows: pd.DataFrame, schema: Schema, params: Params) -> list[float]:
    """The loss on the rows at each iteration of training, from the baseline's on, where training begins.

    It skips the test if the model has no loss for each iteration.
    """
    trained = train(rows, schema, params)
    if not trained.fitted.iterations:
        name = models.name_of(trained.fitted.estimator)
        pytest.skip(f"not applicable: {name} has no loss for each iteration")
    return [train(rows, schema, params, "baseline").loss, *trained.fitted.train_loss]


def small_batch(rows: pd.DataFrame, params: Params, size: int) -> pd.DataFrame:
    """A few rows, drawn so that each class comes in turn and none is alone."""
    order = np.random.default_rng(params.split.seed).permutation(len(rows))
    shuffled = rows.iloc[order]
    if params.task == "classification":
        turn = shuffled.groupby(params.data.target, observed=True).cumcount()
        shuffled = shuffled.iloc[np.argsort(turn.to_numpy(), kind="stable")]
    return shuffled.head(size).reset_index(drop=True)


@dataclass(frozen=True)
class Overfit:
    """How far a model learned a few rows by heart.

    Attributes:
        rows: how many.
        loss: of the model on them.
        baseline: the loss of the frequency of the classes, or of the mean.
        best: the loss of the best possible prediction: rows that look alike may have different targets.
    """

    rows: int
    loss: float
    baseline: float
    best: float

    @property
    def share(self) -> float:
        """What the model learned of what can be learned: 1 is all, 0 is the baseline."""
        return (self.baseline - self.loss) / (self.baseline - self.best)

    def __str__(self) -> str:
        return (
            f"{self.rows} rows: the model has a loss of {self.loss:.4g}, the baseline of {self.baseline:.4g}, "
            f"the best possible prediction of {self.best:.4g}: {self.share:.0%} was learned"
        )


def overfit(
    rows: pd.DataFrame, schema: Schema, params: Params, size: int = 40, *, independent: bool = False
) -> Overfit:
    """Train the project's model on a few rows alone; skips the test if these rows all look alike.

    Args:
        rows: to draw them from; they fit the schema.
        schema: of the table.
        params: settings under which nothing keeps the model from overfitting.
        size: how many rows.
        independent: draw rows whose features are linearly independent, as many as there are: a linear model can overfit
            those, and no others.
    """
    batch = small_batch(independent_rows(rows, schema, params, size) if independent else rows, params, size)
    model, baseline = (train(batch, schema, params, kind) for kind in ("model", "baseline"))
    found = Overfit(len(batch), model.loss, baseline.loss, best_loss(params.task, model.matrix, model.target))
    if found.baseline - found.best < SAME:
        pytest.skip(f"not applicable: {len(batch)} rows look alike or have the same target, nothing can be learned")
    return found


def independent_rows(rows: pd.DataFrame, schema: Schema, params: Params, size: int) -> pd.DataFrame:
    """Rows whose numbers and categories, one column for each, are linearly independent, with a constant beside them.

    Args:
        rows: to draw them from; they fit the schema.
        schema: of the table.
        params: the project's settings.
        size: the most rows.
    """
    features = Features.of(schema, params)
    drawn = small_batch(rows, params, MOST_TRIED)
    matrix = features.of_frame(drawn).astype("float64")
    inputs = Inputs.of(features)
    numbers = matrix[:, inputs.numbers]
    numbers = numbers[:, ~np.isnan(numbers).all(axis=0)]
    spread = np.nanstd(numbers, axis=0)
    scaled = (numbers - np.nanmean(numbers, axis=0)) / np.where(spread > 0, spread, 1)
    words = [matrix[:, [at]] == codes for at, codes in zip(inputs.categories, inputs.codes, strict=True)]
    design = np.hstack([np.ones((len(matrix), 1)), scaled, *words])
    if np.isnan(design).any(axis=1).all():  # else rows with a missing number are passed over
        design = np.nan_to_num(design)
    basis: list[np.ndarray] = []
    kept: list[int] = []
    for position, row in enumerate(design):
        rest = row - sum((np.dot(row, axis) * axis for axis in basis), np.zeros(len(row)))
        if np.linalg.norm(rest) > APART * np.linalg.norm(row):
            basis.append(rest / np.linalg.norm(rest))
            kept.append(position)
        if len(kept) == size:
            break
    return drawn.iloc[kept]


def best_loss(task: Task, matrix: np.ndarray, target: np.ndarray) -> float:
    """The loss of the best possible prediction of rows from their features, of which some may be alike.

    Args:
        task: classification or regression.
        matrix: the features (rows, features).
        target: encoded (rows,).
    """
    _, group = np.unique(np.where(np.isnan(matrix), -np.inf, matrix), axis=0, return_inverse=True)
    group = group.ravel()
    members = np.bincount(group)
    if task == "regression":
        means = np.bincount(group, weights=target) / members
        return loss(task, target, means[group])
    frequencies = np.zeros((len(members), int(target.max()) + 1))
    np.add.at(frequencies, (group, target), 1)
    return loss(task, target, (frequencies / members[:, None])[group])


def with_odd_columns(rows: pd.DataFrame, schema: Schema, params: Params, odd: str) -> pd.DataFrame:
    """Rows in which every column of a kind holds something odd, except for the target.

    Args:
        rows: they fit the schema.
        schema: of the table.
        params: the project's settings.
        odd: one of `ODD_COLUMNS`.
    """
    generator = np.random.default_rng(params.split.seed)
    kinds = {name: column.type for name, column in schema.columns.items() if name != params.data.target}
    if odd in ODD_NUMBERS:
        numbers = [name for name, kind in kinds.items() if kind in ("number", "integer")]
        return rows.assign(**{name: ODD_NUMBERS[odd](generator, len(rows)) for name in numbers})
    words = [name for name, kind in kinds.items() if kind == "category" and rows[name].notna().any()]
    return rows.assign(**{name: ODD_CATEGORIES[odd](rows[name]).astype("category") for name in words})

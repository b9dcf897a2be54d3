"""What a project's model must do in training, whatever its score is: learn, overfit a small batch, stay finite."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest

from mlops_maturity.data import lanes
from mlops_maturity.data.conversion import replaced
from mlops_maturity.data.features import Features
from mlops_maturity.data.schema import Schema
from mlops_maturity.data.splitting import split
from mlops_maturity.data.targets import Target
from mlops_maturity.model.estimator import predict
from mlops_maturity.project import params as settings
from mlops_maturity.project.params import Params, Task
from mlops_maturity.training import Inputs, models
from mlops_maturity.training.choice import lane_of
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
# Losses at the end of training that are averaged.
END = 3
# The rows of the rarest class, or of a regression, that a learning curve over rows begins with.
FEWEST_ROWS = 8
# Rows of the two batches that a model is to overfit: any rows, and rows that are linearly independent.
BATCH, INDEPENDENT = 40, 6
# The share of what can be learned that a model learns which overfits. One that calibrates itself learns two thirds; one
# that learns from shuffled labels is worse than the baseline.
ENOUGH = 0.5
# Sections of `model` in params.yaml that are no kind of model.
NO_KINDS = ("parameters",)
# Values of parameters with which nothing keeps an estimator from learning a few rows by heart.
FREE: dict[str, bool | float] = {
    "C": 1e6,
    "alpha": 1e-6,
    "bagging_fraction": 1.0,
    "bootstrap": False,
    "ccp_alpha": 0.0,
    "l2_leaf_reg": 1e-6,
    "l2_regularization": 0.0,
    "learning_rate": 0.3,
    "min_child_samples": 1,
    "min_child_weight": 1e-6,
    "min_data_in_leaf": 1,
    "min_samples_leaf": 1,
    "min_samples_split": 2,
    "n_neighbors": 1,
    "reg_alpha": 0.0,
    "reg_lambda": 0.0,
    "subsample": 1.0,
}
# Rows that are looked through for some that are linearly independent, and the share of a row that others do not say.
MOST_TRIED, APART = 2_000, 0.1


@dataclass(frozen=True)
class Trained:
    """A model of the project, trained on some rows, and what it predicts of them.

    Attributes:
        fitted: the model with its losses.
        inputs: what the model's lane has it see of the rows.
        target: the encoded target (rows,), classes as numbers from 0.
        predicted: probabilities (rows, classes), or values (rows,).
        loss: log loss, or mean squared error.
        answer: what it predicts of records, as the service asks it.
    """

    fitted: Fitted
    inputs: Any
    target: np.ndarray
    predicted: np.ndarray
    loss: float
    answer: Callable[[Sequence[Mapping[str, Any]]], np.ndarray]


def variants() -> list[Any]:
    """The settings of params.yaml with each kind of model that it has a section for, as parameters of a test.

    A project whose `model.kind` names no such section has one kind.
    """
    params = settings.load()
    sections = [name for name, value in params.model.items() if isinstance(value, dict)]
    if params.model.get("kind") not in sections:
        return [pytest.param(params, id="model")]
    kinds = [name for name in sections if name not in NO_KINDS]
    return [pytest.param(params.changed(**{"model.kind": kind}), id=kind) for kind in kinds]


def train(rows: pd.DataFrame, schema: Schema, params: Params, kind: Kind = "model", *, free: bool = False) -> Trained:
    """Train the project's model, by the way of the training step, with the same rows to decide when to stop.

    Args:
        rows: they fit the schema.
        schema: of the table.
        params: the project's settings.
        kind: another model than the project's own: `simple` or `baseline`.
        free: whether what keeps the estimator from overfitting is taken from it, see `FREE`.
    """
    features = Features.of(schema, params)
    names = rows[params.data.target]
    target = Target.of(names, schema, params).encode(names)
    estimator = models.build(kind, params, features)
    if free:
        estimator.set_params(**freed(estimator.get_params()))
    lane = lane_of(estimator, params, kind)
    inputs = lanes.of_table(features, lane, rows)
    fitted = models.fit(estimator, params.task, (inputs, target), (inputs, target))
    predicted = predict(fitted.estimator, params.task, inputs)

    def answer(records: Sequence[Mapping[str, Any]]) -> np.ndarray:
        return predict(fitted.estimator, params.task, lanes.of_rows(features, lane, features.rows_of(records)))

    return Trained(fitted, inputs, target, predicted, loss(params.task, target, predicted), answer)


def freed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of an estimator, and of its parts, that `FREE` has another value for."""
    found = {}
    for name, value in parameters.items():
        free = FREE.get(name.rpartition("__")[2])
        # Other estimators have other things by the same name, such as a learning rate that is a word.
        if free is not None and isinstance(value, bool) == isinstance(free, bool) and isinstance(value, int | float):
            found[name] = free
    return found


@dataclass(frozen=True)
class Curve:
    """How the loss falls while a model learns.

    Attributes:
        name: of the estimator.
        over: what it learns more of from one loss to the next: iterations or rows.
        steps: how many of them, at each loss; at 0, the loss is the baseline's.
        losses: on the rows that it learns from over iterations, on held-out ones over rows.
    """

    name: str
    over: Literal["iterations", "rows"]
    steps: list[int]
    losses: list[float]

    @property
    def fall(self) -> float:
        """The share of the first loss that the last ones save; single ones may rise.

        What learned from a few rows may be worse than the baseline, or as good already as it will ever be. Over rows,
        the last model alone has all of them.
        """
        if self.over == "iterations":
            first = self.losses[0]
            last = float(np.mean(self.losses[-END:] if len(self.losses) > END else self.losses[-1]))
        else:
            first, last = max(self.losses[:2]), self.losses[-1]
        return (first - last) / first if first > 0 else 1.0

    @property
    def remark(self) -> str:
        """Why it is not judged by its iterations, if it is not."""
        if self.over == "iterations":
            return ""
        return f"not applicable: {self.name} has no loss for each iteration; judged by its loss over rows instead"

    def __str__(self) -> str:
        shown = ", ".join(f"{step:,}: {value:.4g}" for step, value in zip(self.steps, self.losses, strict=True))
        return f"the loss of {self.name} by {self.over} does not fall, training does not converge: {shown}"


def curve(rows: pd.DataFrame, schema: Schema, params: Params) -> Curve:
    """The loss of the project's model while it learns, from where training begins.

    It begins with the baseline's loss. An estimator without a loss for each iteration is trained on more and more rows,
    and scored on the rows of the validation set.
    """
    trained = train(rows, schema, params)
    name = models.name_of(trained.fitted.estimator)
    if trained.fitted.iterations:
        start = train(rows, schema, params, "baseline").loss
        return Curve(
            name, "iterations", [0, *(1 + at for at in trained.fitted.iterations)], [start, *trained.fitted.train_loss]
        )
    steps, losses = _losses_over_rows(rows, schema, params)
    return Curve(name, "rows", steps, losses)


def _losses_over_rows(rows: pd.DataFrame, schema: Schema, params: Params) -> tuple[list[int], list[float]]:
    """The losses on the validation set of models of more and more rows of the train set, the baseline's at first."""
    parts = split(rows, params.data.target, params.split, params.data.ignore or {})
    features, target = Features.of(schema, params), Target.of(rows[params.data.target], schema, params)
    learned, held_out = rows.iloc[parts.train], rows.iloc[parts.validation]
    fewest = FEWEST_ROWS
    if params.task == "classification":
        learned, rarest = _with_equal_shares(learned, params)
        fewest = -(-FEWEST_ROWS * len(learned) // rarest)
    values, actual = (target.encode(some[params.data.target]) for some in (learned, held_out))
    steps = sorted({min(len(learned), max(fewest, len(learned) // part)) for part in (16, 8, 4, 2, 1)})
    tried: list[tuple[Kind, int]] = [("baseline", len(learned)), *(("model", step) for step in steps)]
    losses = []
    for kind, count in tried:
        estimator = models.build(kind, params, features)
        lane = lane_of(estimator, params, kind)
        few, asked = (lanes.of_table(features, lane, some) for some in (learned.iloc[:count], held_out))
        fitted = models.fit(estimator, params.task, (few, values[:count]), (asked, actual))
        losses.append(loss(params.task, actual, predict(fitted.estimator, params.task, asked)))
    return [0, *steps], losses


def _with_equal_shares(rows: pd.DataFrame, params: Params) -> tuple[pd.DataFrame, int]:
    """Rows in an order in which the first ones have the classes in the shares of all; and how many the rarest has."""
    shuffled = rows.iloc[np.random.default_rng(params.split.seed).permutation(len(rows))]
    classes = shuffled.groupby(params.data.target, observed=True)[params.data.target]
    counts = classes.transform("size").to_numpy("float64")
    order = np.argsort((classes.cumcount().to_numpy() + 0.5) / counts, kind="stable")
    return shuffled.iloc[order], int(counts.min())


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
    def can_be_learned(self) -> bool:
        """Whether any prediction is better than the baseline."""
        return self.baseline - self.best > SAME

    @property
    def share(self) -> float:
        """What the model learned of what can be learned: 1 is all, 0 is the baseline."""
        return (self.baseline - self.loss) / (self.baseline - self.best)

    def __str__(self) -> str:
        return (
            f"{self.rows} rows: the model has a loss of {self.loss:.4g}, the baseline of {self.baseline:.4g}, "
            f"the best possible prediction of {self.best:.4g}: {self.share:.0%} was learned"
        )


def overfit(rows: pd.DataFrame, schema: Schema, params: Params) -> Overfit:
    """Train the project's model on a few rows alone, freed of what keeps it from overfitting.

    Two batches are tried, and the one that it learns more of counts: a model of any kind may have to learn the first by
    heart; a linear one can overfit no more rows than it has coefficients, and only rows that are linearly independent.
    It skips the test if the rows all look alike.

    Args:
        rows: to draw them from; they fit the schema.
        schema: of the table.
        params: the project's settings.
    """
    batch = small_batch(rows, params, BATCH)
    found = _overfit(batch, schema, params)
    if not found.can_be_learned:
        pytest.skip(f"not applicable: {len(batch)} rows look alike or have the same target, nothing can be learned")
    if found.share < ENOUGH:
        few = small_batch(independent_rows(rows, schema, params, INDEPENDENT), params, INDEPENDENT)
        try:
            other = _overfit(few, schema, params)
        except ValueError:  # too few rows for an estimator that divides them, such as one that calibrates itself
            return found
        return other if other.can_be_learned and other.share > found.share else found
    return found


def _overfit(batch: pd.DataFrame, schema: Schema, params: Params) -> Overfit:
    model, baseline = train(batch, schema, params, free=True), train(batch, schema, params, "baseline")
    return Overfit(len(batch), model.loss, baseline.loss, best_loss(params.task, model.inputs, model.target))


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


def best_loss(task: Task, inputs: Any, target: np.ndarray) -> float:
    """The loss of the best possible prediction of rows from what a model sees of them; some may look alike.

    Args:
        task: classification or regression.
        inputs: the matrix (rows, features), or the frame.
        target: encoded (rows,).
    """
    table = pd.DataFrame(inputs)
    group = table.groupby(list(table.columns), dropna=False, observed=True, sort=False).ngroup().to_numpy()
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
        return replaced(rows, {name: ODD_NUMBERS[odd](generator, len(rows)) for name in numbers})
    words = [name for name, kind in kinds.items() if kind == "category" and rows[name].notna().any()]
    return replaced(rows, {name: ODD_CATEGORIES[odd](rows[name]).astype("category") for name in words})

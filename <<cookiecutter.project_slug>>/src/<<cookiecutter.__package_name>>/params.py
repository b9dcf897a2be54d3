"""params.yaml: everything that a person tunes, read once and checked."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .errors import ProjectError
from .files import read_yaml
from .paths import PARAMS

Task = Literal["classification", "regression"]
SplitMethod = Literal["stratified", "random", "group", "time"]
ModelKind = Literal["gradient_boosting", "linear"]


class Section(BaseModel):
    """A part of params.yaml: a misspelt key is an error, not a setting without effect."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Data(Section):
    """What is read and what is predicted."""

    raw: Path
    target: str
    task: Task | None
    min_class_rows: int = Field(ge=2)
    ignore: dict[str, str] | None


class Split(Section):
    """How the rows are divided. `by` is the column of the groups or of the time."""

    method: SplitMethod | None
    by: str | None
    validation: float = Field(gt=0, lt=0.5)
    test: float = Field(gt=0, lt=0.5)
    seed: int


class Derived(Section):
    """A feature that is computed from others."""

    name: str
    operation: Literal["ratio", "difference", "product", "log"]
    of: list[str] = Field(min_length=1, max_length=2)


class Features(Section):
    """What the model sees besides the columns themselves."""

    derived: list[Derived]


class GradientBoosting(Section):
    """Settings of scikit-learn's HistGradientBoosting; `patience` ends it when the validation loss stops falling."""

    learning_rate: float = Field(gt=0)
    max_iter: int = Field(ge=1)
    max_leaf_nodes: int = Field(ge=2)
    min_samples_leaf: int | None = Field(ge=1)
    l2_regularization: float = Field(ge=0)
    patience: int = Field(ge=1)


class Linear(Section):
    """Settings of the logistic or ridge regression. A larger `penalty` gives a simpler model."""

    penalty: float = Field(gt=0)
    max_iter: int = Field(ge=1)


class Model(Section):
    """Which model is trained, and its settings."""

    kind: ModelKind | None
    seed: int
    gradient_boosting: GradientBoosting
    linear: Linear


class Gates(Section):
    """What a model must reach on the test set to be packaged, in shares of the trivial model's loss."""

    beats_trivial: float | None = Field(lt=1)
    beats_simple: float | None = Field(lt=1)


class Case(Section):
    """A record that any model of worth gets right."""

    why: str
    record: dict[str, Any]
    expect: Any


class Direction(Section):
    """A change of one feature that must move the prediction (or the probability of `outcome`) one way."""

    why: str
    feature: str
    add: float
    outcome: Any = None
    effect: Literal["up", "down"]


class Behaviour(Section):
    """What the model must do whatever its score is."""

    minimum: list[Case]
    direction: list[Direction]


class Params(Section):
    """The whole of params.yaml."""

    data: Data
    split: Split
    features: Features
    model: Model
    gates: Gates
    slices: list[str] | None
    behaviour: Behaviour

    @property
    def is_complete(self) -> bool:
        """Whether the first run has filled in what depends on the data."""
        return None not in (
            self.data.task,
            self.data.ignore,
            self.split.method,
            self.model.kind,
            self.model.gradient_boosting.min_samples_leaf,
            self.gates.beats_trivial,
            self.gates.beats_simple,
            self.slices,
        )

    @property
    def task(self) -> Task:
        """Classification or regression, once it is known."""
        if self.data.task is None:
            raise ProjectError(f"{PARAMS}: data.task is not known yet; run `make data` first")
        return self.data.task

    def changed(self, **changes: Any) -> "Params":
        """A copy with some values changed, named by their path: `changed(**{"model.kind": "linear"})`."""
        content = self.model_dump()
        for path, value in changes.items():
            *sections, key = path.split(".")
            section = content
            for name in sections:
                section = section[name]
            section[key] = value
        return Params.model_validate(content)


def load(path: Path = PARAMS) -> Params:
    """Read params.yaml.

    Raises:
        ProjectError: it is missing, is not YAML, or a value in it is not allowed.
    """
    return read_yaml(path, Params, if_missing="run this from the project's root folder")

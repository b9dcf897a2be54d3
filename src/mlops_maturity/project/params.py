"""params.yaml: everything that a person tunes, read once and checked."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from mlops_maturity.project.errors import ProjectError, meant
from mlops_maturity.project.files import read_yaml, validated
from mlops_maturity.project.paths import PARAMS, SCHEMA

Task = Literal["classification", "regression"]
SplitMethod = Literal["stratified", "random", "group", "time", "column"]


class Section(BaseModel):
    """A part of params.yaml: a misspelt key is an error, not a setting without effect."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Abstain(Section):
    """What is answered instead of a class whose probability is below a bound."""

    below: float = Field(gt=0, le=1)
    answer: str = Field(min_length=1)


class Data(Section):
    """What is read and what is predicted.

    `raw` is None where no file is read but a query is made; `weight` is the column of how much a row counts; `abstain`
    says when no class is answered; `outputs` names what a model of numbers answers beside its prediction.
    """

    raw: Path | None
    target: str
    task: Task | None
    min_class_rows: int = Field(ge=2)
    ignore: dict[str, str] | None
    weight: str | None = None
    abstain: Abstain | None = None
    outputs: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")], ...] = ()

    @model_validator(mode="after")
    def _fits_the_task(self) -> "Data":
        if self.abstain and self.task == "regression":
            raise ValueError("abstain is for a classification: a regression has no probability of its answer")
        if self.outputs and self.task == "classification":
            raise ValueError("outputs are for a regression: a classification answers the probability of each class")
        if len({"prediction", *self.outputs}) <= len(self.outputs):
            raise ValueError("outputs must have different names, and none may be 'prediction'")
        return self


class Split(Section):
    """How the rows are divided. `by` is the column of the groups, of the time, or of the set that each row is in."""

    method: SplitMethod | None
    by: str | None
    validation: float = Field(gt=0, lt=0.5)
    test: float = Field(gt=0, lt=0.5)
    seed: int


class Production(Section):
    """How much more of the baseline's loss a new model may leave than the one in production."""

    overall: float = Field(default=0.02, ge=0)
    slices: float = Field(default=0.1, ge=0)


class Target(Section):
    """What a score must reach, and in which direction; `slices` is the bound on each value of each slice."""

    at_least: float | None = None
    at_most: float | None = None
    slices: float | None = None

    @model_validator(mode="after")
    def _has_one_bound(self) -> "Target":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give one of at_least and at_most")
        return self


Bound = Annotated[
    Annotated[float, Tag("number")] | Annotated[Target, Tag("bounds")],
    Discriminator(lambda value: "bounds" if isinstance(value, dict | Target) else "number"),
]


class Gates(Section):
    """What a model must reach on the test set: shares of the baseline's loss, and scores by name."""

    beats_baseline: float | None = Field(lt=1)
    beats_simple: float | None = Field(lt=1)
    targets: dict[str, Bound]
    production: Production = Production()


class Case(Section):
    """A record that any useful model gets right."""

    why: str
    record: dict[str, Any]
    expect: Any

    @model_validator(mode="after")
    def _expects_one_range(self) -> "Case":
        if isinstance(ends := self.expect, list):
            numbers = all(isinstance(end, int | float) for end in ends)
            if len(ends) != 2 or not numbers or ends[0] > ends[1]:
                raise ValueError("expect: give a class, or the [lowest, highest] number")
        return self

    def is_met_by(self, answer: Any) -> bool:
        """Whether a prediction is the class that is expected, or a number from the lowest to the highest of two."""
        if isinstance(self.expect, list):
            lowest, highest = self.expect
            return isinstance(answer, int | float) and bool(lowest <= answer <= highest)
        return bool(answer == self.expect)


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


class Range(Section):
    """Numbers from `low` to `high`, each as likely as any other, or each magnitude (`log`)."""

    low: float
    high: float
    log: bool = False

    @model_validator(mode="after")
    def _can_be_drawn_from(self) -> "Range":
        if self.low >= self.high:
            raise ValueError("low must be less than high")
        if self.log and self.low <= 0:
            raise ValueError("low must be more than 0, which has no logarithm")
        return self


def _kind_of_choice(value: Any) -> str:
    if isinstance(value, list):
        return "list"
    return "range" if isinstance(value, Range) or {"low", "high"} & set(value or ()) else "kind"


Choice = Annotated[
    Annotated[list[Any], Field(min_length=1), Tag("list")] | Annotated[Range, Tag("range")],
    Discriminator(_kind_of_choice),
]
Choices = Annotated[
    Annotated[list[Any], Field(min_length=1), Tag("list")]
    | Annotated[Range, Tag("range")]
    | Annotated[dict[str, Choice], Tag("kind")],
    Discriminator(_kind_of_choice),
]


class Tune(Section):
    """What is tried when a model is tuned.

    `space` has the choices for parameters of the estimator, by scikit-learn's names, and for settings of `model`; those
    of one kind of model (`model.kind`) may stand under its name.
    """

    candidates: int = Field(default=27, ge=2, le=200)
    factor: int = Field(default=3, ge=2, le=8)
    folds: int = Field(default=5, ge=2, le=20)
    seed: int = Field(default=7, ge=0)
    space: dict[str, Choices] = {}


class Monitoring(Section):
    """When live data or live performance ask for a new model."""

    window: int = Field(default=500, ge=20)
    windows: int = Field(default=5, ge=1)
    violating: int = Field(default=3, ge=1)
    psi: float = Field(default=0.2, gt=0)
    ks: float = Field(default=0.15, gt=0, lt=1)
    missing: float = Field(default=0.1, gt=0, lt=1)
    loss: float = Field(default=0.1, gt=0)
    fewest_labels: int = Field(default=50, ge=20)
    cooldown_hours: float = Field(default=24, ge=0)
    max_age_days: float = Field(default=30, gt=0)

    @model_validator(mode="after")
    def _can_fire(self) -> "Monitoring":
        if self.violating > self.windows:
            raise ValueError("violating is more than windows: nothing would ever ask for a new model")
        return self


class LeadsTo(Section):
    """What each verdict of `make watch` leads to. A new model mends neither silence nor a service that is not well."""

    drift: Literal["train", "issue", "nothing"] = "train"
    degraded: Literal["train", "issue", "nothing"] = "train"
    stale: Literal["train", "issue", "nothing"] = "train"
    silent: Literal["issue", "nothing"] = "issue"
    unhealthy: Literal["issue", "nothing"] = "issue"


class Watch(Section):
    """What is watched beside data and performance, and what comes of it."""

    silent_hours: float = Field(default=24, gt=0)
    unlabelled_days: float = Field(default=30, gt=0)
    errors: float = Field(default=0.01, ge=0, lt=1)
    p99_ms: float = Field(default=100, gt=0)
    behind_hours: float = Field(default=1, ge=0)
    leads_to: LeadsTo = LeadsTo()


class Delivery(Section):
    """What it takes to bring a release from staging to production."""

    staging_runs: int = Field(default=2, ge=1)
    models: Literal["automatic", "by hand"] = "automatic"


class Audit(Section):
    """Known vulnerabilities that do not concern this project, each with the reason."""

    ignore: dict[str, str] = {}

    @model_validator(mode="after")
    def _has_reasons(self) -> "Audit":
        if bare := [name for name, reason in self.ignore.items() if not reason.strip()]:
            raise ValueError(f"say why {', '.join(bare)} does not concern this project")
        return self


class Infrastructure(Section):
    """What there must be where a release is to run, beside the packages."""

    memory_mb: float = Field(default=512, gt=0)
    cpus: float = Field(default=0.25, gt=0)
    accelerator: Literal["none", "cuda", "rocm"] = "none"


class Load(Section):
    """How a load test asks, and what it must measure at least (requests per second) or at most (all else)."""

    users: int = Field(default=20, ge=1, le=200)
    seconds: int = Field(default=10, ge=1, le=60)
    requests_per_second: float = Field(default=200, gt=0, le=5000)
    p50_ms: float = Field(default=40, gt=0)
    p95_ms: float = Field(default=100, gt=0)
    p99_ms: float = Field(default=250, gt=0)
    failures: float = Field(default=0, ge=0, lt=1)


class Shadow(Section):
    """How many of the newest requests a new release is asked again, and how far its answers may go: shares."""

    records: int = Field(default=200, ge=1, le=10_000)
    least: int = Field(default=50, ge=1)
    refused: float = Field(default=0, ge=0, le=1)
    changed: float = Field(default=0.2, ge=0, le=1)
    moved: float = Field(default=0.2, ge=0)

    @model_validator(mode="after")
    def _can_be_exercised(self) -> "Shadow":
        if self.least > self.records:
            raise ValueError("least is more than records: nothing would ever be compared")
        return self


class Params(Section):
    """The whole of params.yaml."""

    data: Data
    split: Split
    model: dict[str, Any]
    gates: Gates
    slices: list[str] | None
    behaviour: Behaviour
    tune: Tune = Tune()
    monitoring: Monitoring = Monitoring()
    watch: Watch = Watch()
    delivery: Delivery = Delivery()
    audit: Audit = Audit()
    infrastructure: Infrastructure = Infrastructure()
    load: Load = Load()
    shadow: Shadow = Shadow()

    @model_validator(mode="after")
    def _hides_what_is_no_feature(self) -> "Params":
        for name, (column, reason) in self.no_features.items():
            if self.data.ignore is not None and column not in self.data.ignore:
                raise ValueError(f"{name} is {column!r}, which is no feature; add `{column}: {reason}` to data.ignore")
        return self

    @property
    def no_features(self) -> dict[str, tuple[str, str]]:
        """The columns that settings give another use than being learned from, each with the reason, by the setting."""
        uses = {
            "data.weight": (self.data.weight, "how much a row counts"),
            "split.by": (self.split.by if self.split.method == "column" else None, "the set of a row"),
        }
        return {name: (column, reason) for name, (column, reason) in uses.items() if column is not None}

    def require_columns(self, columns: Collection[str]) -> None:
        """Refuse a misspelt column, which would else be learned from or not be scored.

        Args:
            columns: of the schema.

        Raises:
            ProjectError: `data.ignore` or `slices` names another one.
        """
        for setting, names in (("data.ignore", self.data.ignore), ("slices", self.slices)):
            for name in names or ():
                if name not in columns:
                    raise ProjectError(
                        f"{PARAMS}: {setting}: {name!r} is not a column of {SCHEMA}; {meant(name, columns)}"
                    )

    @property
    def is_complete(self) -> bool:
        """Whether the first run has filled in what depends on the data; other settings of a model may be null."""
        trees = self.model.get("gradient_boosting")
        return None not in (
            self.model.get("kind", ""),
            trees.get("min_samples_leaf", "") if isinstance(trees, dict) else "",
            self.data.task,
            self.data.ignore,
            self.split.method,
            self.gates.beats_baseline,
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
        """A copy with some values changed, named by their path: `changed(**{"model.kind": "linear"})`.

        Raises:
            ProjectError: the values do not go together.
        """
        content = self.model_dump()
        for path, value in changes.items():
            *sections, key = path.split(".")
            section = content
            for name in sections:
                section = section[name]
            section[key] = value
        return validated(PARAMS, content, Params)


def load(path: Path = PARAMS) -> Params:
    """Read params.yaml.

    Raises:
        ProjectError: it is missing, is not YAML, or a value in it is not allowed.
    """
    return read_yaml(path, Params, if_missing="run this from the project's root folder")

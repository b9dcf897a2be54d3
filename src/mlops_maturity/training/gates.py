"""The gates that a model must pass to be packaged: rules as data, each with the value and the bound that it met."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError, meant
from mlops_maturity.project.files import read_json, write_json
from mlops_maturity.project.numbers import number, percent
from mlops_maturity.project.params import Gates, Target
from mlops_maturity.project.paths import METRICS, MODEL_VALIDATION, PARAMS

# Of the value, which stands at {}.
MEANING = {
    "beats_baseline": "{loss} {{}} below the {baseline} baseline",
    "beats_simple": "{{}} of the baseline's {loss} better than a small tree",
}
LOSS = {
    "classification": {"loss": "log loss", "baseline": "class-frequency"},
    "regression": {"loss": "mean squared error", "baseline": "mean-value"},
}
OPPOSITE = {"below": "above", "better": "worse", "worse": "better"}
MOST_NAMED = 3  # of failed gates, in one line
WHOLE = "(all rows)"  # among the slices of a column: the whole test set, to compare with
LOWER_IS_BETTER = frozenset({"calibration_error", "log_loss", "mae", "mse", "rmse"})


@dataclass(frozen=True)
class Gate:
    """A rule and its result.

    Attributes:
        name: of the rule.
        meaning: of the value, with {} in its place.
        value: what the model reached.
        bound: what is required.
        at_most: whether the bound is the largest value that is allowed, not the smallest.
        share: whether value and bound are printed as percentages.
    """

    name: str
    meaning: str
    value: float
    bound: float
    at_most: bool = False
    share: bool = True

    @property
    def passed(self) -> bool:
        """Whether the model passes. A value that is no number passes nothing."""
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    @property
    def verdict(self) -> str:
        """PASS or FAIL."""
        return "PASS" if self.passed else "FAIL"

    @property
    def as_data(self) -> dict[str, Any]:
        """The gate as plain data, for metrics.json, the manifest and the reports."""
        return asdict(self) | {"passed": self.passed}

    def __str__(self) -> str:
        return f"{self.name}: {self.statement} (required: {self.required})"

    @property
    def statement(self) -> str:
        """What the model reached, as people read it."""
        meaning, value = self.meaning, self.value
        if self.share and round(value, 3) == 0:
            value = 0.0  # not "0 % better" for what is printed as no difference
        if self.share and value < 0 and (word := next((word for word in OPPOSITE if f" {word} " in meaning), "")):
            meaning, value = meaning.replace(word, OPPOSITE[word]), -value
        return meaning.replace("{}", self._shown(value))

    @property
    def required(self) -> str:
        """The bound as people read it."""
        direction = next((f" {word}" for word in ("better", "worse") if f" {word} than " in self.meaning), "")
        return f"{'at most' if self.at_most else 'at least'} {self._shown(self.bound)}{direction}"

    def _shown(self, value: float) -> str:
        return percent(value) if self.share else number(value)


def run() -> None:
    """Check the evaluated model against the gates of params.yaml.

    Raises:
        ProjectError: the evaluation is missing, or the model fails a gate.
    """
    metrics = read_json(METRICS, made_by="make evaluate")
    gates = judge(metrics, settings.load().gates)
    for gate in gates:
        print(f"{gate.verdict} {gate}")
    write_json(MODEL_VALIDATION, {"gates": [gate.as_data for gate in gates], "model_sha256": metrics["model_sha256"]})
    require_passed(gates)


def judge(metrics: Mapping[str, Any], bounds: Gates) -> list[Gate]:
    """Check what was measured against the gates of params.yaml.

    Args:
        metrics: `gains` over the baselines, `scores` by set and `slices`, as in metrics.json.
        bounds: of params.yaml.

    Raises:
        ProjectError: a target names a score that is not measured, or not on slices.
    """
    gains, scores = metrics["gains"], metrics["scores"]["test"]
    required = {"baseline": bounds.beats_baseline, "simple": bounds.beats_simple}
    words = LOSS["classification" if "log_loss" in scores else "regression"]
    gates = [
        Gate(name := f"beats_{model}", MEANING[name].format(**words), gains[model], bound)
        for model, bound in required.items()
        if bound is not None
    ]
    for score, bound in bounds.targets.items():
        if score not in scores:
            raise ProjectError(f"params.yaml: gates.targets: {score} is not measured; {meant(score, scores)}")
        meaning = f"{score} {{}} on the test set"
        at_most = score in LOWER_IS_BETTER
        if isinstance(bound, Target):
            at_most = bound.at_most is not None
        gates.append(Gate(f"target_{score}", meaning, scores[score], _bound(bound), at_most, share=False))
        if isinstance(bound, Target) and bound.slices is not None:
            gates += _on_slices(score, meaning, metrics["slices"], bound.slices, at_most)
    return gates


def _on_slices(
    score: str, meaning: str, slices: Mapping[str, Mapping[str, Mapping[str, float]]], bound: float, at_most: bool
) -> list[Gate]:
    """A gate for each slice that the score is measured on."""
    found = [
        Gate(f"target_{score} where {column} is {value}", meaning, values[score], bound, at_most, share=False)
        for column, by_value in slices.items()
        for value, values in by_value.items()
        if value != WHOLE and score in values
    ]
    if not found:
        measured = {name: None for by_value in slices.values() for values in by_value.values() for name in values}
        told = ", ".join(name for name in measured if name != "rows") or "nothing, for params.yaml declares no slices"
        raise ProjectError(f"params.yaml: gates.targets: {score} is not measured on slices; there is {told}")
    return found


def _bound(target: float | Target) -> float:
    if not isinstance(target, Target):
        return target
    return target.at_least if target.at_least is not None else float(target.at_most or 0)


def gate_of(data: Mapping[str, Any]) -> Gate:
    """The gate that `Gate.as_data` wrote."""
    return Gate(**{name: value for name, value in data.items() if name != "passed"})


def failures(gates: Iterable[Gate]) -> str:
    """The failed gates in one line, the first few with value and bound; nothing if all passed."""
    failed = [str(gate) for gate in gates if not gate.passed]
    more = f"; and {len(failed) - MOST_NAMED} more" if len(failed) > MOST_NAMED else ""
    return "; ".join(failed[:MOST_NAMED]) + more


def require_passed(gates: Iterable[Gate]) -> None:
    """Raise if the model fails a gate.

    Raises:
        ProjectError: the text names the first few failed gates, each with its value and its bound.
    """
    if failed := failures(gates):
        raise ProjectError(
            f"gate failed: {failed}. The model is not packaged: "
            "give it columns that explain the target or more rows, or change its settings or, with a reason, the gates "
            f"in {PARAMS}"
        )

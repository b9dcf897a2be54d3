"""The gates that a model must pass to be packaged: rules as data, each with the value and the bound that it met."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import read_json, write_json
from mlops_maturity.project.params import Gates, Target
from mlops_maturity.project.paths import METRICS, MODEL_VALIDATION

MEANING = {
    "beats_baseline": "share of the baseline's loss that it saves",
    "beats_simple": "how much more of that loss it saves than the simple model",
}
LOWER_IS_BETTER = frozenset({"calibration_error", "log_loss", "mae", "mse"})


@dataclass(frozen=True)
class Gate:
    """A rule and what came of it.

    Attributes:
        name: of the rule.
        meaning: of the value.
        value: what the model reached.
        bound: what is required.
        at_most: whether the bound is the largest value that is allowed, not the smallest.
        share: whether value and bound are told as percentages.
    """

    name: str
    meaning: str
    value: float
    bound: float
    at_most: bool = False
    share: bool = True

    @property
    def is_open(self) -> bool:
        """Whether the model may pass. A value that is no number opens no gate."""
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    @property
    def told(self) -> dict[str, Any]:
        """The gate as plain data, for metrics.json, the manifest and the reports."""
        return asdict(self) | {"open": self.is_open}

    def __str__(self) -> str:
        return f"{self.name}: {self.meaning}: {self.found}, {self.required} is required"

    @property
    def found(self) -> str:
        """The value as people read it."""
        return f"{self.value:+.1%}" if self.share else f"{self.value:.4g}"

    @property
    def required(self) -> str:
        """The bound as people read it."""
        bound = f"{self.bound:+.1%}" if self.share else f"{self.bound:.4g}"
        return f"{'at most' if self.at_most else 'at least'} {bound}"


def run() -> None:
    """Hold the evaluated model to the gates of params.yaml.

    Raises:
        ProjectError: the evaluation is missing, or a gate is closed.
    """
    metrics = read_json(METRICS, made_by="make evaluate")
    gates = judge(metrics, settings.load().gates)
    for gate in gates:
        print(f"gate {'open' if gate.is_open else 'CLOSED'}: {gate}")
    write_json(MODEL_VALIDATION, {"gates": [gate.told for gate in gates], "model_sha256": metrics["model_sha256"]})
    require_open(gates)


def judge(metrics: Mapping[str, Any], bounds: Gates) -> list[Gate]:
    """Hold what was measured to params.yaml.

    Args:
        metrics: `gains` over the baselines, `scores` by set and `slices`, as in metrics.json.
        bounds: of params.yaml.

    Raises:
        ProjectError: a target names a score that is not measured, or not on slices.
    """
    gains, scores = metrics["gains"], metrics["scores"]["test"]
    required = {"baseline": bounds.beats_baseline, "simple": bounds.beats_simple}
    gates = [
        Gate(name := f"beats_{model}", MEANING[name], gains[model], bound)
        for model, bound in required.items()
        if bound is not None
    ]
    for score, bound in bounds.targets.items():
        if score not in scores:
            raise ProjectError(f"params.yaml: gates.targets: {score} is not measured; there is {', '.join(scores)}")
        meaning = f"{score.replace('_', ' ')} on the test set"
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
    """A gate for each slice that the score is measured on; the first of a column is the whole test set."""
    found = [
        Gate(f"target_{score} where {column} is {value}", meaning, values[score], bound, at_most, share=False)
        for column, by_value in slices.items()
        for value, values in list(by_value.items())[1:]
        if score in values
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


def gate_of(told: Mapping[str, Any]) -> Gate:
    """The gate that `Gate.told` tells of."""
    return Gate(**{name: value for name, value in told.items() if name != "open"})


def require_open(gates: Iterable[Gate]) -> None:
    """Raise if a gate is closed.

    Raises:
        ProjectError: the text names each closed gate, its value and its bound.
    """
    if closed := [str(gate) for gate in gates if not gate.is_open]:
        raise ProjectError(f"gate closed: {'; '.join(closed)}. The model is not fit to be packaged")

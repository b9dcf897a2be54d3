"""The gates that a model must pass to be packaged: rules as data, each with the value and the bound that it met."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from ..errors import ProjectError
from ..params import Gates

MEANING = {
    "beats_trivial": "share of the trivial model's loss that it saves",
    "beats_simple": "how much more of that loss it saves than the simple model",
}


@dataclass(frozen=True)
class Gate:
    """A rule and what came of it."""

    name: str
    value: float
    bound: float

    @property
    def is_open(self) -> bool:
        """Whether the model may pass: the value reaches the bound."""
        return self.value >= self.bound

    @property
    def told(self) -> dict[str, object]:
        """The gate as plain data, for metrics.json and the manifest."""
        return asdict(self) | {"open": self.is_open}

    def __str__(self) -> str:
        return f"{self.name}: {MEANING[self.name]}: {self.value:+.1%}, at least {self.bound:+.1%} is required"


def judge(gains: Mapping[str, float], bounds: Gates) -> list[Gate]:
    """Hold the gains over the baselines to params.yaml.

    Args:
        gains: of `metrics.gains`.
        bounds: of params.yaml.
    """
    required = {"trivial": bounds.beats_trivial, "simple": bounds.beats_simple}
    return [Gate(f"beats_{model}", gains[model], bound) for model, bound in required.items() if bound is not None]


def require_open(gates: Iterable[Gate]) -> None:
    """Raise if a gate is closed.

    Raises:
        ProjectError: the text names each closed gate, its value and its bound.
    """
    if closed := [str(gate) for gate in gates if not gate.is_open]:
        raise ProjectError(f"gate closed: {'; '.join(closed)}. The model is not fit to be packaged")

"""What a check compared: what is required and what was found, for people to read."""

from collections.abc import Iterable
from dataclasses import dataclass

from mlops_maturity.project.errors import ProjectError


@dataclass(frozen=True)
class Comparison:
    """One of the things that a check looks at.

    Attributes:
        what: is looked at.
        wanted: of it.
        found: instead, or as wanted.
        holds: whether that is enough.
    """

    what: str
    wanted: str
    found: str
    holds: bool

    def __str__(self) -> str:
        return f"{self.what}: {self.found} (required: {self.wanted})"


def require(comparisons: Iterable[Comparison], failure: str) -> None:
    """Print what was compared, each as soon as it is known, and raise if something does not hold.

    Args:
        comparisons: that are made.
        failure: what it means that one does not hold.

    Raises:
        ProjectError: the text tells of each that does not hold.
    """
    broken = []
    for comparison in comparisons:
        print(f"{'PASS' if comparison.holds else 'FAIL'} {comparison}", flush=True)
        if not comparison.holds:
            broken.append(str(comparison))
    if broken:
        raise ProjectError(f"{failure}: {'; '.join(broken)}")

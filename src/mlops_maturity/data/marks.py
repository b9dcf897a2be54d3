"""Which marks the numbers of a text file have: one decision for the file, from the cells of all its columns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from mlops_maturity.data import cells
from mlops_maturity.data.cells import Reading
from mlops_maturity.data.conversion import arrow_of, numbers_of

MARKED = r"\d[.,' ]\d"
# Values that tell at once most columns that are no numbers of a kind.
SAMPLE = 1_000
# Of the values of a column, to call it a column of numbers with some strays.
MOST = 0.5
EXAMPLES = 3


@dataclass(frozen=True)
class Fit:
    """How well a reading fits a file.

    Attributes:
        reading: one of those that are tried.
        whole: the columns with marks whose values are all numbers by it.
        partly: of the columns that are numbers by no reading, those of which it makes the most numbers.
    """

    reading: Reading
    whole: frozenset[str]
    partly: frozenset[str]

    @property
    def rank(self) -> tuple[int, int]:
        """The higher, the better."""
        return len(self.whole), len(self.partly)

    @property
    def names(self) -> frozenset[str]:
        """The columns that it makes numbers of."""
        return self.whole | self.partly


def are_numbers(known: pd.Series, reading: Reading) -> pd.Series:
    """Which values are numbers, by the rules of the reader itself: digits of other scripts are none."""
    pattern = cells.number_pattern(reading.decimal, reading.thousands)
    return pd.Series(pc.match_substring_regex(arrow_of(known), pattern).to_numpy(zero_copy_only=False), known.index)


def infer_reading(texts: Mapping[str, pd.Series], delimiter: str) -> tuple[Reading, list[str]]:
    """Which marks the numbers of a text file have, from all of its cells, and what people should know of that.

    Args:
        texts: the different values of each column, without units.
        delimiter: of the file.
    """
    marked = {name: known for name, known in texts.items() if known.str.contains(MARKED, regex=True).any()}
    fits = _fits(marked, [Reading(decimal=decimal, thousands=group) for decimal, group in _marks(delimiter)])
    best = max(fits, key=lambda fit: fit.rank)
    if not best.names:
        return Reading(), []
    chosen = best.reading
    if chosen.thousands and not any(
        marked[name].str.contains(chosen.thousands, regex=False).any() for name in best.names
    ):
        chosen = Reading(decimal=chosen.decimal)
    # In a file with commas between its cells, a point is a decimal point; all else is a guess that people should see.
    if chosen == Reading() and delimiter != ";":
        return chosen, []
    rivals = [fit for fit in fits if fit.rank == best.rank]
    notes = [note for name in sorted(best.names) for note in _read_otherwise(name, marked[name], chosen, rivals)]
    return chosen, notes[:EXAMPLES] or [*_chosen(marked, best.names, chosen)]


def _fits(marked: Mapping[str, pd.Series], readings: list[Reading]) -> list[Fit]:
    samples = {name: known.head(SAMPLE) for name, known in marked.items()}
    whole = [
        frozenset(
            name
            for name in marked
            if are_numbers(samples[name], reading).all() and are_numbers(marked[name], reading).all()
        )
        for reading in readings
    ]
    rest = set(marked).difference(*whole)
    shares = {name: [are_numbers(samples[name], reading).mean() for reading in readings] for name in rest}
    return [
        Fit(reading, names, frozenset(name for name in rest if MOST <= shares[name][place] == max(shares[name])))
        for place, (reading, names) in enumerate(zip(readings, whole, strict=True))
    ]


def _marks(delimiter: str) -> Iterator[tuple[str, str]]:
    points = [(".", ","), (".", ""), (".", " "), (".", "'")]
    commas = [(",", "."), (",", ""), (",", " "), (",", "'")]
    yield from (*commas, *points) if delimiter == ";" else (*points, *commas)


def _read_otherwise(name: str, known: pd.Series, chosen: Reading, rivals: list[Fit]) -> Iterator[str]:
    """That the numbers of a column are other numbers by a reading that fits the file as well."""
    values = numbers_of(arrow_of(known), chosen)
    for other in (fit.reading for fit in rivals if name in fit.names):
        others = numbers_of(arrow_of(known), other)
        if len(different := np.flatnonzero((others != values) & ~np.isnan(others) & ~np.isnan(values))):
            at = different[0]
            yield (
                f"{name}: {known.iloc[at]!r} is read as {values[at]:g}; if it is {others[at]:g}, set reading.decimal "
                f"to {other.decimal!r} and reading.thousands to {other.thousands!r}"
            )
            return


def _chosen(marked: Mapping[str, pd.Series], names: frozenset[str], chosen: Reading) -> Iterator[str]:
    """The choice, by a number that shows it best."""
    if chosen == Reading():
        return
    numbers = pd.concat([marked[name][are_numbers(marked[name], chosen).to_numpy(bool)] for name in sorted(names)])
    shown = max(numbers.head(SAMPLE), key=lambda text: sum(mark in text for mark in (chosen.decimal, chosen.thousands)))
    thousands = f" and {chosen.thousands!r} between thousands" if chosen.thousands else ""
    yield (
        f"numbers are read with {chosen.decimal!r} before decimals{thousands}: {shown!r} is "
        f"{cells.number(shown, chosen):.15g}"
    )

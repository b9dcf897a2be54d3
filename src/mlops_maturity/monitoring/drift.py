"""How far live data have moved from the data that the model learned from.

What decides is how large a difference is, not how sure: of a million rows, every difference is significant. Two
distances of two distributions are taken:

- KS (numbers): the largest distance of the cumulative distributions (Kolmogorov and Smirnov), 0 to 1
- PSI (numbers and categories): the population stability index, the sum over groups of values of
  (live share - share) * ln(live share / share); by custom, under 0.1 is stable and over 0.2 has moved

and the change of the share of missing values. Two samples of the same rows differ, too. Where chance alone goes further
than the bound of params.yaml, what chance does is the bound:

- KS: the Kolmogorov distribution of D / sqrt(1/n + 1/m)
- PSI: (1/n + 1/m) times chi-square with one degree of freedom less than there are groups (Yurdakul and Naranjo 2020,
  "Statistical properties of the population stability index", Journal of Risk Model Validation 14)
- missing: the normal distribution of a difference of two shares

A time is shown and not judged, except for its missing values: live rows are later than those of the past by nature.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from scipy import stats

from mlops_maturity.monitoring.profile import Profile, Reference
from mlops_maturity.project.numbers import number
from mlops_maturity.project.params import Monitoring

# The share of windows in which chance alone takes any check of any column over its bound.
FALSE_ALARMS = 0.001
CHECKS_PER_COLUMN = 3
# The usual deciles, or larger groups where a sample has fewer rows than this to expect in one.
GROUPS = 10
FEWEST_EXPECTED = 10
# Counted into every group, so that an empty one has a logarithm (Jeffreys' prior).
HALF = 0.5
# A smaller change of the share of missing values is not spoken of.
WORTH_TELLING = 0.02

PREDICTION = "the prediction"


@dataclass(frozen=True)
class Check:
    """A measured difference and what it may be.

    Attributes:
        measure: ks, psi, missing or loss.
        value: the difference.
        bound: of params.yaml.
        chance: how far chance alone goes at this number of rows.
        p_value: how often chance alone goes as far as `value`; to be read, not to decide by.
    """

    measure: str
    value: float
    bound: float
    chance: float
    p_value: float | None = None

    @property
    def limit(self) -> float:
        """What the value may be."""
        return max(self.bound, self.chance)

    @property
    def excess(self) -> float:
        """The value in units of its limit: over 1 is too much."""
        return self.value / self.limit

    @property
    def violates(self) -> bool:
        """Whether the difference is too large."""
        return self.value > self.limit

    def __str__(self) -> str:
        why = f", as chance alone goes over {self.bound:g} with so few rows" if self.chance > self.bound else ""
        return f"{self.measure} {self.value:.3g}, limit {self.limit:.3g}{why}"


@dataclass(frozen=True)
class Drift:
    """How one column has moved.

    Attributes:
        column: its name, or `PREDICTION`.
        checks: what was measured.
        change: the largest difference in words, for people.
        live: its live profile, in the cells of the reference.
    """

    column: str
    checks: tuple[Check, ...]
    change: str
    live: Profile

    @property
    def worst(self) -> Check:
        """The check that is furthest over its limit, or nearest to it."""
        return max(self.checks, key=lambda check: check.excess)

    @property
    def violates(self) -> bool:
        """Whether any check does."""
        return self.worst.violates

    def __str__(self) -> str:
        return f"{self.column}: {self.worst} ({self.change})"


def drift_of_table(frame: pd.DataFrame, reference: Reference, bounds: Monitoring) -> list[Drift]:
    """How the columns of a table differ from what a model learned from, the worst first.

    Args:
        frame: a table that `Schema.conform` returned; columns that the model does not need are passed over.
        reference: of the model.
        bounds: of params.yaml.
    """
    return _worst_first(
        compare(name, profile, profile.counting(frame[name]), bounds, _alpha(reference))
        for name, profile in reference.columns.items()
    )


def drift_of_window(frame: pd.DataFrame, answers: pd.Series, reference: Reference, bounds: Monitoring) -> list[Drift]:
    """The same of live rows and of what the model answered to them (`profile.answers_as_column`)."""
    told = reference.prediction
    predictions = compare(PREDICTION, told, told.counting(answers), bounds, _alpha(reference))
    return _worst_first([*drift_of_table(frame, reference, bounds), predictions])


def compare(name: str, reference: Profile, live: Profile, bounds: Monitoring, alpha: float) -> Drift:
    """Measure how one column has moved.

    Args:
        name: of the column.
        reference: its profile.
        live: the profile of live values in the same cells.
        bounds: of params.yaml.
        alpha: how often chance alone may take one check over its limit.
    """
    checks = [_missing(reference, live, bounds.missing, alpha)]
    if reference.known and live.known:
        if reference.kind == "number":
            checks.append(_ks(reference, live, bounds.ks, alpha))
        if reference.kind != "time":
            checks.append(_psi(reference, live, bounds.psi, alpha))
    return Drift(name, tuple(checks), _in_words(reference, live), live)


def _alpha(reference: Reference) -> float:
    """Each check's part of the false alarms of a window (Bonferroni)."""
    return FALSE_ALARMS / (CHECKS_PER_COLUMN * (len(reference.columns) + 1))


def _worst_first(found: Iterable[Drift]) -> list[Drift]:
    return sorted(found, key=lambda drift: (-drift.worst.excess, drift.column))


def _missing(reference: Profile, live: Profile, bound: float, alpha: float) -> Check:
    if not (reference.rows and live.rows):
        return Check("missing", 0.0, bound, 0.0)
    shares = [profile.missing / profile.rows for profile in (reference, live)]
    pooled = (reference.missing + live.missing) / (reference.rows + live.rows)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / reference.rows + 1 / live.rows))
    # Half a row more, for shares come in steps of a row (Yates).
    chance = float(stats.norm.isf(alpha / 2) * spread) + 0.5 / live.rows
    return Check("missing", abs(shares[1] - shares[0]), bound, chance)


def _ks(reference: Profile, live: Profile, bound: float, alpha: float) -> Check:
    below, live_below = (np.cumsum(profile.counts) / profile.known for profile in (reference, live))
    distance = float(np.max(np.abs(below - live_below)))
    unit = np.sqrt(_noise(reference, live))
    chance = float(stats.kstwobign.isf(alpha) * unit)
    return Check("ks", distance, bound, chance, float(stats.kstwobign.sf(distance / unit)))


def _psi(reference: Profile, live: Profile, bound: float, alpha: float) -> Check:
    counts, live_counts = _grouped(reference, live)
    groups = len(counts)
    share, live_share = ((each + HALF) / (each.sum() + HALF * groups) for each in (counts, live_counts))
    index = float(np.sum((live_share - share) * np.log(live_share / share)))
    chance = float(stats.chi2.isf(alpha, groups - 1) * _noise(reference, live)) if groups > 1 else 0.0
    filled = counts + live_counts > 0
    table = np.array([counts[filled], live_counts[filled]])
    p_value = float(stats.chi2_contingency(table, correction=False).pvalue) if filled.sum() > 1 else 1.0
    return Check("psi", index, bound, chance, p_value)


def _noise(reference: Profile, live: Profile) -> float:
    return 1 / reference.known + 1 / live.known


def _grouped(reference: Profile, live: Profile) -> tuple[np.ndarray, np.ndarray]:
    """Counts in groups of neighbouring cells, each with enough rows of the reference to compare with.

    Rare words are one group with those that the reference does not know: of a long tail, every sample knows others.
    What is left at the end is a group however small it is, so that a rare value that becomes frequent is seen.
    """
    counts = np.array(reference.counts)
    least = FEWEST_EXPECTED / min(reference.known, live.known)
    frequent = len(counts) - 1
    if reference.kind == "category":
        frequent = int(np.sum(counts[:-1] >= FEWEST_EXPECTED))
    else:
        least = max(least, 1 / GROUPS)
    starts, gathered = [0], 0.0
    for cell, share in enumerate(counts[:frequent] / reference.known):
        # A hundred cells of a hundredth each are ten tenths, whatever the last digit says.
        if gathered >= least - 1e-9:
            starts.append(cell)
            gathered = 0.0
        gathered += share
    if reference.kind == "category" and frequent:
        starts.append(frequent)
    return np.add.reduceat(counts, starts), np.add.reduceat(live.counts, starts)


def _in_words(reference: Profile, live: Profile) -> str:
    """What has changed most, as a person would say it."""
    if live.rows and not live.known:
        return "every value is missing"
    shares = [profile.missing / max(profile.rows, 1) for profile in (reference, live)]
    missing = (
        f"missing {_percent(shares[0])}, now {_percent(shares[1])}"
        if abs(shares[1] - shares[0]) >= WORTH_TELLING
        else ""
    )
    return "; ".join(part for part in (missing, _moved(reference, live)) if part)


def _moved(reference: Profile, live: Profile) -> str:
    if not (reference.known and live.known):
        return ""
    if reference.kind == "category":
        return _moved_words(reference, live)
    outside = (live.counts[0] + live.counts[-1]) / live.known
    beyond = f"; {_percent(outside)} outside of what was seen" if outside > 0 else ""
    return f"median {_median(reference)}, now {_median(live)}{beyond}"


def _moved_words(reference: Profile, live: Profile) -> str:
    share, live_share = (np.array(profile.counts) / profile.known for profile in (reference, live))
    cell = int(np.argmax(np.abs(live_share - share)))
    word = f"{reference.words[cell]!r}" if cell < len(reference.words) else "others"
    told = [f"{word} {_percent(share[cell])}, now {_percent(live_share[cell])}"]
    new = [f"{word!r} {_percent(count / live.known)}" for word, count in live.strangers.items()]
    return "; ".join(told + ([f"new: {', '.join(new)}"] if new else []))


def _percent(share: float) -> str:
    return "under 1%" if 0 < share < 0.01 else f"{share:.0%}"


def _median(profile: Profile) -> str:
    middle = profile.quantile(0.5)
    # In the outer cells it is known only on which side it is.
    side = ""
    if 2 * profile.counts[0] >= profile.known:
        side = "under "
    elif 2 * profile.counts[-1] > profile.known:
        side = "over "
    if profile.kind == "time":
        return side + datetime.fromtimestamp(middle / 1e6, tz=UTC).strftime("%Y-%m-%d %H:%M")
    return f"{side}{number(middle)}"

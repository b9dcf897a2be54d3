"""The pictures of the monitoring page: live data beside the reference, and both over time."""

import base64
import io
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes

from mlops_maturity.monitoring.profile import Profile
from mlops_maturity.project.numbers import number
from mlops_maturity.training import drawing
from mlops_maturity.training.drawing import BLUE, GREY, ORANGE, short

RED = "#c53030"
BINS = 30
MOST_BARS = 10
# A number with so few different values is shown value by value.
MOST_VALUES = 12
TAIL = 0.005


def distribution(reference: Profile, live: Profile, own: Profile) -> str:
    """One column: the reference and the newest window.

    Args:
        reference: what the model learned from.
        live: the window in the cells of the reference.
        own: the window in cells of its own, which also tell what is outside of the reference.

    Returns:
        The picture as a data URI.
    """
    values = None if reference.kind == "category" else _single_values(reference, own)
    if reference.kind == "category":
        shares = _shares_of_words(reference, live)
    elif values is not None:
        shares = {f"{value:g}": (_share_at(reference, value), _share_at(own, value)) for value in values}
    else:
        return _draw(lambda axes: _curves(axes, reference, own))
    missing = [profile.missing / max(profile.rows, 1) for profile in (reference, live)]
    if any(missing):
        shares["(missing)"] = (missing[0], missing[1])
    return _draw(lambda axes: _bars(axes, shares))


def over_windows(values: Sequence[float], limits: Sequence[float], labels: Sequence[str], name: str) -> str:
    """A measured value in each window and what it may be, as a data URI."""

    def picture(axes: Axes) -> None:
        places = range(len(values))
        colours = [RED if value > limit else BLUE for value, limit in zip(values, limits, strict=True)]
        axes.bar(places, values, color=colours, width=0.6)
        axes.hlines(limits, [place - 0.4 for place in places], [place + 0.4 for place in places], color="black", lw=1.5)
        axes.axhline(0, color=GREY, lw=0.8)
        axes.set_xticks(places, labels)
        axes.grid(visible=False, axis="x")
        axes.set(ylabel=name)

    return _draw(picture)


def _draw(picture: Callable[[Axes], None]) -> str:
    content = io.BytesIO()
    drawing.draw(picture, content, (4.6, 2.5), dpi=130)
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()


def _curves(axes: Axes, reference: Profile, own: Profile) -> None:
    """Two histograms over one axis; where a profile is coarser than a bin, its cells are taken as even."""
    known = [profile for profile in (reference, own) if profile.known]
    if not known:
        axes.text(0.5, 0.5, "every value is missing", ha="center", transform=axes.transAxes)
        return
    low = min(profile.quantile(TAIL) for profile in known)
    high = max(profile.quantile(1 - TAIL) for profile in known)
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    shown = edges if reference.kind == "number" else (edges * 1e3).astype("int64").astype("datetime64[ns]")
    for profile, colour, label in ((reference, BLUE, "reference"), (own, ORANGE, "live")):
        if profile.known:
            shares = np.diff(_cumulative(profile, edges))
            axes.stairs(shares, shown, color=colour, fill=True, alpha=0.35)
            axes.stairs(shares, shown, color=colour, lw=1.5, label=label)
    axes.set(ylabel="share")
    if reference.kind == "number":
        axes.xaxis.set_major_formatter(lambda value, _: number(value))
    axes.tick_params(axis="x", labelrotation=0 if reference.kind == "number" else 20)
    _legend(axes)


def _bars(axes: Axes, shares: dict[str, tuple[float, float]]) -> None:
    places = np.arange(len(shares))
    for column, (colour, label, shift) in enumerate(((BLUE, "reference", 0.2), (ORANGE, "live", -0.2))):
        axes.barh(places + shift, [pair[column] for pair in shares.values()], height=0.4, color=colour, label=label)
    axes.set_yticks(places, [short(name) for name in shares])
    axes.grid(visible=False, axis="y")
    axes.set(xlabel="share")
    axes.invert_yaxis()
    _legend(axes)


def _legend(axes: Axes) -> None:
    axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderpad=0)


def _shares_of_words(reference: Profile, live: Profile) -> dict[str, tuple[float, float]]:
    """The words with the largest shares on either side; what is left counts as others."""
    share, live_share = (np.array(profile.counts) / max(profile.known, 1) for profile in (reference, live))
    shown = np.argsort(-np.maximum(share, live_share)[:-1], kind="stable")[:MOST_BARS]
    found = {reference.words[cell]: (float(share[cell]), float(live_share[cell])) for cell in np.sort(shown)}
    new = {f"new: {word}": (0.0, count / live.known) for word, count in live.strangers.items()}
    told = found | dict(list(new.items())[:3])
    rest = [1 - sum(pair[side] for pair in told.values()) for side in (0, 1)]
    return told | ({"(others)": (max(rest[0], 0.0), max(rest[1], 0.0))} if max(rest) > 0.005 else {})


def _single_values(reference: Profile, own: Profile) -> list[float] | None:
    """The different values of a number that has few."""
    values: set[float] = set()
    for profile in (reference, own):
        alone = [
            cell
            for cell in range(1, len(profile.edges))
            if profile.edges[cell] == np.nextafter(profile.edges[cell - 1], np.inf)
        ]
        if sum(profile.counts[cell] for cell in alone) < profile.known:
            return None
        values |= {profile.edges[cell - 1] for cell in alone}
    return sorted(values) if 0 < len(values) <= MOST_VALUES else None


def _share_at(profile: Profile, value: float) -> float:
    cell = int(np.searchsorted(profile.edges, value, side="right"))
    return profile.counts[cell] / max(profile.known, 1) if value in profile.edges else 0.0


def _cumulative(profile: Profile, places: np.ndarray) -> np.ndarray:
    below = np.cumsum(profile.counts)[:-1] / profile.known
    shares: np.ndarray = np.interp(places, profile.edges, below, left=0.0, right=1.0)
    return shares

"""reports/monitoring.html: the verdict on one page that needs nothing beside it, for a person who has to decide."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.monitoring import pictures
from mlops_maturity.monitoring.drift import PREDICTION, Check, Drift
from mlops_maturity.monitoring.findings import DataWindow, Findings, LossWindow, Words, at, state
from mlops_maturity.monitoring.profile import Reference
from mlops_maturity.monitoring.windows import Trigger
from mlops_maturity.project.files import write_text
from mlops_maturity.project.numbers import number
from mlops_maturity.project.paths import MONITORING_PAGE
from mlops_maturity.training.page import document, figure, note, table

# Further columns are in the table; a page of hundreds of pictures is read by nobody.
MOST_PICTURES = 24

STYLE = """\
.columns th:first-child { min-width: 9em; }
.columns th:first-child, .columns td { overflow-wrap: anywhere; }
.drift tr > :nth-child(2) { min-width: 10em; text-align: left; }
td span { white-space: nowrap; }
.over { color: #c53030; font-weight: bold; }
.boxes span { background: #d1d5db; display: inline-block; height: .9rem; margin-right: .15rem; width: .9rem; }
.boxes span.bad { background: #c53030; }
.cards { display: grid; gap: 1.2rem; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); }
.cards p { margin: 0; overflow-wrap: anywhere; }
@media print {
  .columns { font-size: 9pt; }
  .cards { grid-template-columns: 1fr 1fr; }
  .cards div { break-inside: avoid; }
}
"""

WORDS = {
    "drift": Words(
        about="Live data",
        fires="have drifted",
        quiet="are as they were",
        advice=(
            "Look at the columns below, worst first. If the change is real, train on data that show it. If it is an "
            "error (a unit, a broken sensor, a renamed category), correct that: a new model would learn the error."
        ),
    ),
    "degraded": Words(
        about="Live performance",
        fires="has degraded",
        quiet="is what the evaluation promised",
        advice=(
            "Train on data of the present. Look at the columns below: if they have not moved, their relation to the "
            "target has changed, or the labels have."
        ),
    ),
}
HOW = (
    "A window violates when a column or the prediction is over its limit: the bound of <code>params.yaml</code>, or "
    "what chance alone does to so few rows where that is more. KS is the largest distance of the two cumulative "
    "distributions, PSI the population stability index. p-values are shown, not decided by: of many rows, every "
    "difference is significant. The boxes are the windows, the newest on the right, red where the column violates. "
    "Times move on by nature and are shown only."
)
GROWTH = (
    "Growth is how much more the answers cost than on the test set, in shares of what the baseline (the frequency "
    "of the classes, or the mean) costs there."
)


def write(
    found: Findings,
    predictor: Predictor,
    reference: Reference,
    words: Mapping[str, Words] = WORDS,
    more: str = "",
) -> None:
    """Write the page.

    Args:
        found: by `monitor.examine`.
        predictor: the model.
        reference: of the model.
        words: for each verdict.
        more: HTML that comes after the verdicts.
    """
    rows = sum(window.rows for window in found.data)
    span = f"{rows:,} predictions, {_span(found.data[0].begin, found.data[-1].end)}. " if found.data else ""
    manifest = predictor.manifest
    origin = f"Model {found.version}"
    if commit := manifest.get("code", {}).get("commit"):
        origin += f" of commit {commit[:10]}"
    if digest := manifest.get("data", {}).get("md5"):
        origin += f", trained on the data with MD5 {digest}"
    summary = f"{span}{origin}, compared with the {_rows_of(reference):,} rows that it learned from." + (
        f" Log: {found.log}." if found.log else ""
    )
    body = [
        f'<p class="faint">{escape(summary)}</p>',
        *(_verdict(words[name], trigger) for name, trigger in found.triggers.items()),
        more,
        _data(found, reference) if found.data else "",
        _loss(found.loss, predictor, reference) if found.loss else "",
    ]
    write_text(MONITORING_PAGE, document(f"Monitoring of the model for {predictor.target.name}", body, STYLE))


def _verdict(words: Words, trigger: Trigger) -> str:
    said = state(trigger)
    told = {"FIRES": f"{words.fires}: {words.asks}", "quiet": words.quiet}.get(said, "could not be judged")
    css = {"FIRES": "fail", "quiet": "pass"}.get(said, "warn")
    lines = [f"{trigger.reason[:1].upper()}{trigger.reason[1:]}.", *([words.advice] if trigger.fires else [])]
    return note(css, f"{words.about} {told}", map(escape, lines))


def _data(found: Findings, reference: Reference) -> str:
    newest = found.data[-1]
    worst = [window.drifts[0].worst.excess for window in found.data]
    shown = newest.drifts[:MOST_PICTURES]
    more = len(newest.drifts) - len(shown)
    return "\n".join(
        [
            "<h2>Columns, worst first</h2>",
            f"<p>The newest window: {newest.rows:,} predictions, {_span(newest.begin, newest.end)}. {HOW}</p>",
            _drift_table(found.data),
            "<h2>Distributions: the reference and the newest window</h2>",
            '<div class="cards">',
            *(_card(drift, found, reference) for drift in shown),
            "</div>",
            f"<p>{more} more columns are nearer to the reference than these.</p>" if more else "",
            "<h2>Drift over windows</h2>",
            "<p>The worst column of each window, in units of its limit. The last is the newest.</p>",
            figure(pictures.over_windows(worst, [1.0] * len(worst), _times(found.data), "times its limit"), "Drift"),
        ]
    )


def _drift_table(windows: Sequence[DataWindow]) -> str:
    by_column = [{drift.column: drift for drift in window.drifts} for window in windows]
    header = ("column", "what changed", "KS", "PSI", "missing", "p", "windows")
    rows = []
    for drift in windows[-1].drifts:
        checks = {check.measure: check for check in drift.checks}
        p_values = [check.p_value for check in drift.checks if check.p_value is not None]
        boxes = "".join(f'<span class="{"bad" if w[drift.column].violates else ""}"></span>' for w in by_column)
        rows.append(
            (
                f"<i>{escape(drift.column)}</i>" if drift.column == PREDICTION else escape(drift.column),
                escape(drift.change),
                *(_cell(checks.get(measure)) for measure in ("ks", "psi", "missing")),
                f"<span>{min(p_values):.1g}</span>" if p_values else "",
                f'<span class="boxes">{boxes}</span>',
            )
        )
    return table(header, rows, name="Columns", css="columns drift")


def _cell(check: Check | None) -> str:
    if check is None:
        return ""
    css = "over" if check.violates else ""
    return f'<span><span class="{css}">{check.value:.3f}</span> <span class="faint">/ {check.limit:.2f}</span></span>'


def _card(drift: Drift, found: Findings, reference: Reference) -> str:
    profile = reference.prediction if drift.column == PREDICTION else reference.columns[drift.column]
    content = pictures.distribution(profile, drift.live, found.newest[drift.column])
    css = "over" if drift.violates else ""
    return (
        f'<div><h3 class="{css}">{escape(drift.column)}</h3><p class="faint">{escape(drift.change)}</p>'
        f"{figure(content, drift.column)}</div>"
    )


def _loss(windows: Sequence[LossWindow], predictor: Predictor, reference: Reference) -> str:
    growths = [window.performance.growth for window in windows]
    names = list(windows[-1].performance.scores)
    rows = [
        (
            _span(window.begin, window.end),
            f"{window.performance.rows:,}",
            number(window.performance.loss),
            _cell(growth),
            *(number(window.performance.scores[name]) for name in names),
        )
        for window, growth in zip(windows, growths, strict=True)
    ]
    promised = [number(predictor.manifest["metrics"]["scores"]["test"][name]) for name in names]
    rows.insert(0, ("test set", f"{reference.loss.rows:,}", number(reference.loss.mean), "", *promised))
    values, limits = [growth.value for growth in growths], [growth.limit for growth in growths]
    return "\n".join(
        [
            "<h2>Performance over windows</h2>",
            f"<p>{GROWTH}</p>",
            table(
                ("predictions with a label", "rows", "loss", "growth / limit", *names),
                rows,
                name="Performance over windows",
            ),
            figure(pictures.over_windows(values, limits, _times(windows), "growth of the loss"), "Growth of the loss"),
        ]
    )


def _times(windows: Iterable[DataWindow | LossWindow]) -> list[str]:
    """When each window ended, as short as an axis needs it."""
    return [at(window.end).strftime("%m-%d\n%H:%M") for window in windows]


def _span(begin: float, end: float) -> str:
    return f"{at(begin):%Y-%m-%d %H:%M} to {at(end):%Y-%m-%d %H:%M} UTC"


def _rows_of(reference: Reference) -> int:
    return max((profile.rows for profile in reference.columns.values()), default=0)

"""An assessment in words: lines for a terminal, Markdown for a page, and plain values for other programs."""

import textwrap
from collections.abc import Iterator
from typing import Any

from mlops_maturity.maturity.assessment import Assessment
from mlops_maturity.maturity.verdicts import MOST, SECTIONS, Evidence, State, Verdict

WIDTH = 120
MOST_NAMES = 3
FULL = 7


def summary(found: Assessment) -> str:
    """All of it in a line."""
    counts = ", ".join(_counted(state, len(found.those(state))) for state in reversed(State))
    return f"level {found.level}: of {len(found.rows)} requirements {counts}; ML Test Score {found.score:.1f} of {FULL}"


def ran(found: Assessment) -> str:
    """The run that it was judged by, in a line."""
    run = found.run
    counts = ", ".join(f"{run.count(outcome)} {outcome}" for outcome in ("passed", "failed", "skipped"))
    return f"{run.report}: {len(run.results)} tests ({counts}) in {run.seconds:.0f} s, begun {run.started}"


def lines(found: Assessment) -> Iterator[str]:
    """For a terminal."""
    yield summary(found)
    yield ran(found)
    for state in State:
        if rows := found.those(state):
            yield f"\n{state.upper()} ({len(rows)})"
            for row in rows:
                yield from _row(row)
    yield f"\nML TEST SCORE {found.score:.1f}: the weakest of four sections, each of up to {FULL} points"
    for section, points in found.sections.items():
        yield f"  {section} {points:.1f}"
        for score in (score for score in found.scores if score.demand.section == section):
            yield from _wrapped(f"    {score.demand.id:<10}{score.points:.1f}  ", _score(score, found.level))
    if found.coming:
        yield f"\nLEVEL {found.level + 1} WOULD ADD {len(found.coming)} requirements"
        for demand in found.coming:
            yield from _wrapped(f"  {demand.id:<10}", demand.text)
        yield from _wrapped("  and usually brings ", _gains(found))


def markdown(found: Assessment) -> Iterator[str]:
    """For a page, such as that of a run of CI."""
    yield "## Maturity"
    yield ""
    yield f"**{summary(found)}**"
    yield ""
    yield f"Judged by {ran(found)}."
    for state in State:
        if rows := found.those(state):
            yield from ("", f"### {state.capitalize()}: {len(rows)}", "")
            yield from ("| row | what is asked | suites, with tests that passed |", "| --- | --- | --- |")
            yield from (f"| {row.demand.id} | {_cell(row.demand.text)} | {_cell(evidence(row))} |" for row in rows)
    yield from ("", f"### ML Test Score: {found.score:.1f}", "")
    yield f"The weakest of four sections, each of up to {FULL} points:"
    yield f"{', '.join(f'{name} {points:.1f}' for name, points in found.sections.items())}."
    yield from ("", "| test | points | what is asked | suites, with tests that passed |", "| --- | --- | --- | --- |")
    for score in found.scores:
        asked, shown = _cell(_score(score, found.level)), _cell(evidence(score))
        yield f"| {score.demand.id} | {score.points:.1f} | {asked} | {shown} |"
    if found.coming:
        yield from ("", f"### Level {found.level + 1} would add", "")
        yield from (f"- **{demand.id}** {demand.text}" for demand in found.coming)
        yield from ("", f"It usually brings {_gains(found)}.")


def facts(found: Assessment) -> dict[str, Any]:
    """For other programs."""
    run = found.run
    return {
        "level": found.level,
        "run": {
            "report": str(run.report),
            "started": run.started,
            "seconds": run.seconds,
            "tests": {outcome: run.count(outcome) for outcome in ("passed", "failed", "skipped")},
        },
        "rows": [_facts(row) for row in found.rows],
        "ml_test_score": {
            "score": found.score,
            "sections": found.sections,
            "tests": [_facts(score) | {"points": score.points, "why": score.demand.why} for score in found.scores],
        },
        "next_level": {"rows": [demand.id for demand in found.coming], "points": dict(found.gains)},
    }


def evidence(verdict: Verdict) -> str:
    """By what it was judged, in a line."""
    return "; ".join(map(_evidence, verdict.decisive))


def _row(row: Verdict) -> Iterator[str]:
    yield from _wrapped(f"  {row.demand.id:<10}", row.demand.text)
    if row.state is State.HOLDS:
        yield from _wrapped(" " * 12, ", ".join(map(_evidence, row.evidence)))
    else:
        for each in row.decisive:
            yield from _wrapped(f"{'':12}! ", _evidence(each))


def _evidence(each: Evidence) -> str:
    if each.state is State.HOLDS:
        return f"{each.file} ({each.passed})"
    more = f" (and {len(each.tests) - 1} more)" if len(each.tests) > 1 else ""
    return f"{each.file}: {each.says}{more}"


def _score(score: Verdict, level: int) -> str:
    """What is asked, and why it gives no more points than it does."""
    later = [number for number, points in enumerate(score.demand.usual) if number > level and points]
    if score.evidence and score.state is not State.HOLDS:
        why = f"{score.state}: {evidence(score)}"
    elif later and not score.evidence:
        why = f"level {later[0]} has tests for it"
    elif score.points == MOST[level] < MOST[-1]:
        why = "by hand, so half a point"
    else:
        why = score.demand.why
    return score.demand.text + (f" ({why})" if why else "")


def _gains(found: Assessment) -> str:
    of = {name: sum(more for test, more in found.gains.items() if test.startswith(name)) for name in SECTIONS}
    tests = ", ".join(f"{test} +{more:.1f}" for test, more in found.gains.items())
    return f"{', '.join(f'{name} +{more:.1f}' for name, more in of.items() if more)} points ({tests})"


def _facts(verdict: Verdict) -> dict[str, Any]:
    return {
        "id": verdict.demand.id,
        "asks": verdict.demand.text,
        "state": str(verdict.state),
        "evidence": [
            {
                "file": str(each.file),
                "state": str(each.state),
                "passed": each.passed,
                "tests": list(each.tests[:MOST_NAMES]),
                "says": each.says,
            }
            for each in verdict.evidence
        ],
    }


def _counted(state: State, number: int) -> str:
    if state is State.NOT_EXERCISED:
        return f"{number} not exercised"
    return f"{number} {state if number == 1 else state.removesuffix('s')}"


def _wrapped(start: str, text: str) -> Iterator[str]:
    yield from textwrap.wrap(
        text,
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _cell(text: str) -> str:
    """Text that cannot end the cell of a table, nor become a link or code."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")

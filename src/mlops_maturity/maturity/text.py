"""An assessment in words: lines for a terminal, Markdown for a page, and plain values for other programs."""

import textwrap
from collections.abc import Iterator
from typing import Any

from mlops_maturity.maturity.assessment import Assessment
from mlops_maturity.maturity.catalogue import MOST
from mlops_maturity.maturity.verdicts import SECTIONS, Finding, State, Verdict

WIDTH = 120
MOST_NAMES = 3
FULL = 7
# By how many requirements: one, or several.
COUNTED = {
    State.FAILS: ("{} fails", "{} fail"),
    State.NOT_EXERCISED: ("{} is not exercised", "{} are not exercised"),
    State.PROVIDED: ("{} is provided and not exercised", "{} are provided and not exercised"),
    State.HOLDS: ("{} holds", "{} hold"),
}


def summary(found: Assessment) -> str:
    """All of it in a line."""
    counts = {state: len(found.those(state)) for state in reversed(State)}
    words = ", ".join(COUNTED[state][number != 1].format(number) for state, number in counts.items())
    return f"level {found.level}: of {len(found.rows)} requirements {words}; ML Test Score {found.score:.1f} of {FULL}"


def run_line(found: Assessment) -> str:
    """The run of the tests, in a line."""
    run = found.run
    counts = ", ".join(f"{run.count(outcome)} {outcome}" for outcome in ("passed", "failed", "skipped"))
    return f"{run.report}: {len(run.results)} tests ({counts}) in {run.seconds:.0f} s, begun {run.started}"


def lines(found: Assessment) -> Iterator[str]:
    """For a terminal."""
    yield summary(found)
    yield run_line(found)
    for state in State:
        if rows := found.those(state):
            yield f"\n{state.upper()} ({len(rows)})"
            for row in rows:
                yield from wrapped(f"  {row.entry.id:<10}", row.entry.title)
                mark = " " if state is State.HOLDS else "!"
                for finding in row.decisive:
                    yield from wrapped(f"{'':10}{mark} ", shown(finding))
    yield f"\nML TEST SCORE {found.score:.1f}: the weakest of four sections, each of up to {FULL} points"
    for section, points in found.sections.items():
        yield f"  {section} {points:.1f}"
        for score in (score for score in found.scores if score.entry.section == section):
            yield from wrapped(f"    {score.entry.id:<10}{score.points:.1f}  ", _score(score, found.level))
    if found.coming:
        yield f"\nLEVEL {found.level + 1} WOULD ADD {len(found.coming)} requirements"
        for entry in found.coming:
            yield from wrapped(f"  {entry.id:<10}", entry.title)
        yield from wrapped("  and gives a new project ", _gains(found))


def markdown(found: Assessment) -> Iterator[str]:
    """For a page, such as that of a run of CI."""
    yield from ("## Maturity", "", f"**{summary(found)}**", "", f"Tests: {run_line(found)}.")
    for state in State:
        if rows := found.those(state):
            yield from ("", f"### {state.capitalize()}: {len(rows)}", "")
            yield from ("| row | what is asked | shown by |", "| --- | --- | --- |")
            yield from (f"| {row.entry.id} | {_cell(row.entry.title)} | {_cell(reasons(row))} |" for row in rows)
    yield from ("", f"### ML Test Score: {found.score:.1f}", "")
    yield f"The weakest of four sections, each of up to {FULL} points:"
    yield f"{', '.join(f'{name} {points:.1f}' for name, points in found.sections.items())}."
    yield from ("", "| test | points | what is asked | shown by |", "| --- | --- | --- | --- |")
    for score in found.scores:
        asked, by = _cell(_score(score, found.level)), _cell(reasons(score))
        yield f"| {score.entry.id} | {score.points:.1f} | {asked} | {by} |"
    if found.coming:
        yield from ("", f"### Level {found.level + 1} would add", "")
        yield from (f"- **{entry.id}** {entry.title}" for entry in found.coming)
        yield from ("", f"It gives a new project {_gains(found)}.")


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
            "tests": [_facts(score) | {"points": score.points, "why": score.entry.why} for score in found.scores],
        },
        "next_level": {"rows": [entry.id for entry in found.coming], "points": dict(found.gains)},
    }


def reasons(verdict: Verdict) -> str:
    """What its state follows from, in a line."""
    return "; ".join(map(shown, verdict.decisive))


def shown(finding: Finding) -> str:
    """A file of tests or a command, with what it says."""
    return f"{finding.where}: {finding.says}"


def wrapped(start: str, text: str) -> list[str]:
    """Text in lines of a terminal, indented as far as its start."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _score(score: Verdict, level: int) -> str:
    """What is asked, and why it gives no more points than it does."""
    if score.state not in (State.HOLDS, None):
        why = f"{score.state}: {reasons(score)}"
    elif score.state is None and score.entry.scope.since > level:
        why = f"from level {score.entry.scope.since} on"
    elif score.points == MOST[level] < MOST[-1]:
        why = "by hand, so half a point"
    else:
        why = score.entry.why
    return score.entry.title + (f" ({why})" if why else "")


def _gains(found: Assessment) -> str:
    if not found.gains:
        return "no more points until it is used"
    of = {name: sum(more for test, more in found.gains.items() if test.startswith(name)) for name in SECTIONS}
    tests = ", ".join(f"{test} +{more:.1f}" for test, more in found.gains.items())
    return f"{', '.join(f'{name} +{more:.1f}' for name, more in of.items() if more)} points ({tests})"


def _facts(verdict: Verdict) -> dict[str, Any]:
    return {
        "id": verdict.entry.id,
        "title": verdict.entry.title,
        "state": verdict.state and str(verdict.state),
        "findings": [
            {
                "where": finding.where,
                "state": str(finding.state),
                "says": finding.says,
                "tests": list(finding.tests[:MOST_NAMES]),
            }
            for finding in verdict.findings
        ],
    }


def _cell(text: str) -> str:
    """Text that cannot end the cell of a table, nor become a link or code."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")

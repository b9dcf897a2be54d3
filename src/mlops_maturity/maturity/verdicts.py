"""Which demands hold. What is there counts for nothing: a demand holds by the tests for it that ran and passed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mlops_maturity.maturity.demands import Demand
from mlops_maturity.maturity.results import Result, Run

SECTIONS = ("Data", "Model", "Infra", "Monitor")
# At level 0 a person starts the suites: half of what the same test gives where it runs by itself.
MOST = (0.5, 1.0, 1.0)
GONE = "the suite is gone; if it has moved, name its new place in maturity/rows.toml"


class State(StrEnum):
    """What is known of a demand, the worst first."""

    FAILS = "fails"
    NOT_EXERCISED = "not exercised"
    HOLDS = "holds"


WORST_FIRST = tuple(State)


@dataclass(frozen=True)
class Evidence:
    """What one suite says of a demand.

    Attributes:
        file: the suite.
        state: what follows from it.
        passed: how many of its tests for the demand passed.
        tests: the names of those that decided: that failed, were skipped, or passed.
        says: why it does not hold.
    """

    file: Path
    state: State
    passed: int = 0
    tests: tuple[str, ...] = ()
    says: str = ""


@dataclass(frozen=True)
class Verdict:
    """What is known of a demand, and by what.

    Attributes:
        demand: that was judged.
        state: the worst that a suite says; without a suite it was not exercised.
        evidence: of each suite.
        points: for the ML Test Score.
    """

    demand: Demand
    state: State
    evidence: tuple[Evidence, ...]
    points: float = 0.0

    @property
    def decisive(self) -> list[Evidence]:
        """The evidence that the state follows from."""
        return [each for each in self.evidence if each.state is self.state]


def judge(demand: Demand, files: Iterable[Path], run: Run, project: Path, most: float = 0.0) -> Verdict:
    """Judge a demand by the tests of a run that stand for it.

    Args:
        demand: to be judged.
        files: the suites that must have such tests; others may have some, too.
        run: of the suites.
        project: where the suites are.
        most: points that a test can give.
    """
    found = [result for result in run.results if demand.id in result.marks]
    wanted = list(files)
    others = sorted({result.file for result in found if not any(result.is_of(file) for file in wanted)})
    evidence = tuple(
        _evidence(demand, file, [result for result in found if result.is_of(file)], project)
        for file in (*wanted, *others)
    )
    state = min((each.state for each in evidence), key=WORST_FIRST.index, default=State.NOT_EXERCISED)
    points = max((result.marks[demand.id] for result in found), default=0.0) if state is State.HOLDS else 0.0
    return Verdict(demand, state, evidence, min(points, most))


def totals(verdicts: Sequence[Verdict]) -> dict[str, float]:
    """The points of each section of the ML Test Score."""
    return {name: sum(each.points for each in verdicts if each.demand.section == name) for name in SECTIONS}


def _evidence(demand: Demand, file: Path, results: Sequence[Result], project: Path) -> Evidence:
    if not (project / file).exists():
        return Evidence(file, State.FAILS, says=GONE)
    passed = [each.name for each in results if each.outcome == "passed"]
    for outcome, state in (("failed", State.FAILS), ("skipped", State.NOT_EXERCISED)):
        if some := [each for each in results if each.outcome == outcome]:
            tests = tuple(each.name for each in some)
            return Evidence(file, state, len(passed), tests, f"{some[0].name} {outcome}: {some[0].says}")
    if passed:
        return Evidence(file, State.HOLDS, len(passed), tuple(passed))
    if f'"{demand.id}"' in (project / file).read_text(encoding="utf-8"):
        return Evidence(file, State.NOT_EXERCISED, says="none of its tests for this was run")
    return Evidence(file, State.FAILS, says="it has no test for this any more")

"""Where a project stands at its level, and what the next level would add."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_maturity.maturity import demands
from mlops_maturity.maturity.demands import LEVELS, Demand
from mlops_maturity.maturity.results import Run
from mlops_maturity.maturity.verdicts import MOST, WORST_FIRST, State, Verdict, judge, totals


@dataclass(frozen=True)
class Assessment:
    """Where a project stands.

    Attributes:
        level: that it is held to.
        run: of the suites, by which it is judged.
        rows: what became of the requirements of its level, the worst first.
        scores: what became of the tests of the ML Test Score.
        coming: the requirements that the next level adds.
        gains: points that the next level usually brings, by the test that they are for.
    """

    level: int
    run: Run
    rows: tuple[Verdict, ...]
    scores: tuple[Verdict, ...]
    coming: tuple[Demand, ...]
    gains: Mapping[str, float]

    def those(self, state: State) -> list[Verdict]:
        """The requirements of which this is known."""
        return [row for row in self.rows if row.state is state]

    @property
    def sections(self) -> dict[str, float]:
        """The points of each section."""
        return totals(self.scores)

    @property
    def score(self) -> float:
        """The ML Test Score: that of the weakest section."""
        return min(self.sections.values())


def assess(project: Path, run: Run) -> Assessment:
    """Judge a project by a run of its suites.

    Raises:
        ProjectError: it does not say which level it is of.
    """
    answers = demands.answers_of(project)
    level = int(answers["maturity_level"])
    rows, scores = demands.rows(), demands.scores()
    owed = [row for row in rows if row.scope.covers(answers, level)]
    following = level + 1
    grows = following in LEVELS
    verdicts = (judge(row, row.files(answers, level), run, project) for row in owed)
    return Assessment(
        level,
        run,
        tuple(sorted(verdicts, key=lambda verdict: WORST_FIRST.index(verdict.state))),
        tuple(judge(score, score.files(answers, level), run, project, MOST[level]) for score in scores),
        tuple(row for row in rows if grows and row not in owed and row.scope.covers(answers, following)),
        {
            score.id: score.usual[following] - score.usual[level]
            for score in scores
            if grows and score.usual[following] > score.usual[level]
        },
    )

"""Where a project stands at its level, and what the next level would add."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_maturity.maturity import catalogue
from mlops_maturity.maturity.catalogue import LEVELS, MOST, Entry
from mlops_maturity.maturity.junit import Run
from mlops_maturity.maturity.verdicts import WORST_FIRST, Evidence, State, Verdict, judge, totals


@dataclass(frozen=True)
class Assessment:
    """Where a project stands.

    Attributes:
        level: of the project.
        run: of its tests.
        rows: the requirements of its level, the worst first.
        scores: the tests of the ML Test Score.
        coming: the requirements that the next level adds.
        gains: points that a new project of the next level has more, by the test of the score.
    """

    level: int
    run: Run
    rows: tuple[Verdict, ...]
    scores: tuple[Verdict, ...]
    coming: tuple[Entry, ...]
    gains: Mapping[str, float]

    def those(self, state: State) -> list[Verdict]:
        """The requirements with this state."""
        return [row for row in self.rows if row.state is state]

    @property
    def sections(self) -> dict[str, float]:
        """The points of each section."""
        return totals(self.scores)

    @property
    def score(self) -> float:
        """The ML Test Score: that of the weakest section."""
        return min(self.sections.values())


def assess(answers: Mapping[str, str], evidence: Evidence) -> Assessment:
    """Judge a project.

    Args:
        answers: that it was generated with.
        evidence: what it is judged by.
    """
    level = int(answers["maturity_level"])
    following = level + 1
    rows, scores = catalogue.rows(), catalogue.scores()
    owed = [row for row in rows if row.scope.covers(answers, level)]
    verdicts = [judge(row, row.owed(answers, level), evidence) for row in owed]
    grows = following in LEVELS
    gains = {score.id: score.usual(answers, following) - score.usual(answers, level) for score in scores if grows}
    return Assessment(
        level,
        evidence.run,
        tuple(sorted(verdicts, key=lambda verdict: WORST_FIRST.index(verdict.state or State.FAILS))),
        tuple(judge(score, score.owed(answers, level), evidence, MOST[level]) for score in scores),
        tuple(row for row in rows if grows and row not in owed and row.scope.covers(answers, following)),
        {name: gain for name, gain in gains.items() if gain > 0},
    )


def suites_of(project: Path) -> dict[Path, str]:
    """The text of each file of tests of a project, by its path in it."""
    files = sorted((project / "tests").rglob("test_*.py"))
    return {file.relative_to(project): file.read_text(encoding="utf-8") for file in files}

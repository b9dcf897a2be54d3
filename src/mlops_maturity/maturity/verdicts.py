"""Whether a requirement is met: by its tests that passed, and by records of what the project has done."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mlops_maturity.maturity.catalogue import UNUSED, Entry, Proof
from mlops_maturity.maturity.evidence import KINDS
from mlops_maturity.maturity.history import History
from mlops_maturity.maturity.junit import Result, Run

SECTIONS = ("Data", "Model", "Infra", "Monitor")


class State(StrEnum):
    """What is known of a requirement, the worst first."""

    FAILS = "fails"
    NOT_EXERCISED = "not exercised"
    PROVIDED = "provided, not exercised"
    HOLDS = "holds"


WORST_FIRST = tuple(State)


@dataclass(frozen=True)
class Evidence:
    """What a project is judged by.

    Attributes:
        run: of its tests.
        history: of what it has done.
        suites: the text of each of its files of tests, by which tests that did not run differ from tests that are gone.
    """

    run: Run
    history: History
    suites: Mapping[Path, str]


@dataclass(frozen=True)
class Finding:
    """What one file of tests, or one kind of record, says of a requirement.

    Attributes:
        where: the file; or the command of the library that does it.
        state: what follows from it.
        says: the reason, in words.
        tests: the names of the tests that decided.
    """

    where: str
    state: State
    says: str
    tests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What is known of a requirement, and by what.

    Attributes:
        entry: that was judged.
        state: the worst that was found; None if nothing is there that could show it.
        findings: of its tests and records.
        points: for the ML Test Score.
    """

    entry: Entry
    state: State | None
    findings: tuple[Finding, ...]
    points: float = 0.0

    @property
    def decisive(self) -> list[Finding]:
        """What the state follows from."""
        return [finding for finding in self.findings if finding.state is self.state]


def judge(entry: Entry, proofs: Iterable[Proof], evidence: Evidence, most: float = 0.0) -> Verdict:
    """Judge a requirement.

    Args:
        entry: to be judged.
        proofs: what must show it; tests that carry its id count also where none are asked for.
        evidence: of the project.
        most: points that it can give.
    """
    kinds = [proof for proof in proofs if proof.kind]
    needs_tests = any(not proof.kind for proof in proofs)
    results = [result for result in evidence.run.results if entry.id in result.marks]
    findings = _tests(entry, results, evidence, needed=needs_tests)
    findings += [_record(proof, evidence.history) for proof in kinds]
    state = min((finding.state for finding in findings), key=WORST_FIRST.index, default=None)
    given = [result.marks[entry.id] for result in results if result.outcome == "passed" and result.marks[entry.id]]
    worth = max(given, default=0.0) if needs_tests or not kinds else max([entry.points, *given])
    limit = {State.HOLDS: worth, State.PROVIDED: max(worth - UNUSED, 0.0)}
    return Verdict(entry, state, tuple(findings), min(limit.get(state, 0.0) if state else 0.0, most))


def totals(verdicts: Sequence[Verdict]) -> dict[str, float]:
    """The points of each section of the ML Test Score."""
    return {name: sum(each.points for each in verdicts if each.entry.section == name) for name in SECTIONS}


def _tests(entry: Entry, results: Sequence[Result], evidence: Evidence, *, needed: bool) -> list[Finding]:
    """What the tests say, file by file."""
    if results or not needed:
        files = sorted({result.file for result in results})
        return [_file(file, [each for each in results if each.file == file]) for file in files]
    ran = {result.file for result in evidence.run.results}
    for file, content in evidence.suites.items():
        if f'"{entry.id}"' in content:
            return [Finding(str(file), State.NOT_EXERCISED, "none of its tests for this was run")]
    if left_out := sorted(str(file) for file in evidence.suites.keys() - ran):
        return [Finding(left_out[0], State.NOT_EXERCISED, "it was not run")]
    return [Finding("tests", State.FAILS, f"no test is marked with {entry.id} any more")]


def _file(file: Path, results: Sequence[Result]) -> Finding:
    for outcome, state in (("failed", State.FAILS), ("skipped", State.NOT_EXERCISED)):
        if some := [each for each in results if each.outcome == outcome]:
            more = f" (and {len(some) - 1} more)" if len(some) > 1 else ""
            reason = f"{some[0].name} {outcome}: {some[0].reason}{more}"
            return Finding(str(file), state, reason, tuple(each.name for each in some))
    return Finding(str(file), State.HOLDS, f"{len(results)} passed", tuple(each.name for each in results))


def _record(proof: Proof, history: History) -> Finding:
    kind = KINDS[proof.kind]
    if found := kind.found(history):
        return Finding(proof.provided, State.HOLDS, found)
    return Finding(proof.provided, State.PROVIDED, kind.missing)

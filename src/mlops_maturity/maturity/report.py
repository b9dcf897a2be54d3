"""The command maturity: report which requirements of the level are met, and write it down."""

import os
from contextlib import chdir
from pathlib import Path

from mlops_maturity.maturity import catalogue, elsewhere, history, junit, text
from mlops_maturity.maturity.assessment import assess, suites_of
from mlops_maturity.maturity.badge import badge
from mlops_maturity.maturity.history import History
from mlops_maturity.maturity.verdicts import Evidence, State
from mlops_maturity.project import job
from mlops_maturity.project.answers import RECORD
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import write_json, write_text
from mlops_maturity.project.paths import TESTS

PAGE, FACTS = Path("reports/maturity.md"), Path("reports/maturity.json")
BADGE = Path("docs/maturity.svg")
# What the tests are about: once any of it has changed, a report is of another project.
JUDGED = ("tests/**/*.py", "src/**/*.py", "params.yaml", "data/schema.yaml")


def run(path: Path | None = None, report: Path | None = None) -> None:
    """Report on a project, or look at any other repository.

    Args:
        path: of the repository; by default, the project in the current folder.
        report: what `pytest --junitxml` wrote there; a project has it in reports/tests.xml.

    Raises:
        ProjectError: a requirement of the project fails, or there is no report of the project as it is.
    """
    if path and not (path / RECORD).exists():
        elsewhere.run(path, report)
        return
    report = report.absolute() if report else TESTS
    with chdir(path or Path()):
        _report(Path(os.path.relpath(report)))


def _report(report: Path) -> None:
    answers = catalogue.answers_of(Path())
    tests = junit.read(report)
    require_newest(report)
    # At level 0 a person does everything by hand, which leaves no record.
    done = History() if answers["maturity_level"] == "0" else history.read()
    found = assess(answers, Evidence(tests, done, suites_of(Path())))
    page = "\n".join(text.markdown(found)) + "\n"
    print("\n".join(text.lines(found)))
    write_text(PAGE, page)
    write_json(FACTS, text.facts(found))
    failing = found.those(State.FAILS)
    holding = len(found.those(State.HOLDS))
    write_text(BADGE, badge(found.level, found.score, len(found.rows), holding, len(failing)))
    job.summary(page)
    print(f"\nwrote {PAGE}, {FACTS} and {BADGE}")
    if failing:
        names = ", ".join(row.entry.id for row in failing)
        raise ProjectError(f"level {found.level} does not hold: {names}; the reasons are under FAILS above")


def require_newest(report: Path) -> None:
    """Refuse a report of what the project was before.

    Raises:
        ProjectError: it names a file that has changed since.
    """
    files = [file for pattern in JUDGED for file in Path().glob(pattern)]
    newest = max(files, key=lambda file: file.stat().st_mtime, default=report)
    if newest.stat().st_mtime > report.stat().st_mtime:
        raise ProjectError(f"{report} is older than {newest}: run `make maturity` without REPORT, or `make test` first")

"""`make maturity`: tell which requirements of the level hold, by a run of the suites, and write it down."""

from pathlib import Path

from mlops_maturity.maturity import results, telling
from mlops_maturity.maturity.assessment import assess
from mlops_maturity.maturity.badge import badge
from mlops_maturity.maturity.verdicts import State
from mlops_maturity.project import job
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import write_json, write_text

PAGE, FACTS = Path("reports/maturity.md"), Path("reports/maturity.json")
BADGE = Path("docs/maturity.svg")
# What a run says something about: once any of it has changed, the run is of another project.
JUDGED = ("tests/**/*.py", "src/**/*.py", "params.yaml", "data/schema.yaml")


def run(report: Path) -> None:
    """Report on the project by a run of its suites.

    Args:
        report: what pytest wrote about the run.

    Raises:
        ProjectError: a requirement fails, or there is no report of the project as it is.
    """
    tests = results.read(report)
    require_newest(report)
    found = assess(Path(), tests)
    page = "\n".join(telling.markdown(found)) + "\n"
    print("\n".join(telling.lines(found)))
    write_text(PAGE, page)
    write_json(FACTS, telling.facts(found))
    failing = found.those(State.FAILS)
    write_text(BADGE, badge(found.level, found.score, len(failing)))
    job.summary(page)
    print(f"\nwrote {PAGE}, {FACTS} and {BADGE}")
    if failing:
        names = ", ".join(row.demand.id for row in failing)
        raise ProjectError(f"level {found.level} does not hold: {names}; the reasons are under FAILS above")


def require_newest(report: Path) -> None:
    """Refuse a report of what the project was before.

    Raises:
        ProjectError: it names a file that has changed since.
    """
    files = [file for pattern in JUDGED for file in Path().glob(pattern)]
    newest = max(files, key=lambda file: file.stat().st_mtime, default=report)
    if newest.stat().st_mtime > report.stat().st_mtime:
        raise ProjectError(f"{report} is older than {newest}; run `make maturity` without REPORT, or `make test` first")

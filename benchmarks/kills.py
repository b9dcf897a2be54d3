"""What does the prediction log lose: to a hundred kills under load, and while its database is away for a minute?"""

import json
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from http.client import HTTPConnection
from pathlib import Path

from reporting import TEMPLATE, clean_environment, generate, measure, publish

# The template's tests kill a dozen times, in the same way.
sys.path += [str(TEMPLATE / "tests"), str(TEMPLATE / "tests" / "support")]

from conftest import Project
from killing import Killed, kill, promised
from postgres import MISSING, PROGRAMS, installed
from served import RECORD, STEPS, Service, serving, wait_until

KILLS, SEED = 100, 11
# Of the time from the first answer to the kill.
MOST_SECONDS = 1.0
SECONDS_AWAY, PER_SECOND = 60, 100
HEADER = ("", "durable", "default")


def lost(found: Sequence[Killed]) -> list[int]:
    """What each kill took."""
    return [len(each.lost) for each in found]


MEASURED: dict[str, Callable[[Sequence[Killed]], str]] = {
    "kills": lambda found: f"{len(found)}",
    "predictions that were answered": lambda found: f"{sum(each.answered for each in found):,}",
    "of them lost": lambda found: f"{sum(lost(found)):,}",
    "lost by one kill: median": lambda found: f"{statistics.median(lost(found)):.0f}",
    "lost by one kill: most": lambda found: f"{max(lost(found)):,}",
    "oldest that was lost: ms before the kill": lambda found: (
        f"{1e3 * max((age for each in found for age in each.lost), default=0):.0f}"
    ),
}


def main() -> None:
    """Generate a project, kill its service, take its database away, and publish what was lost."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = clean_environment(folder)
        generate(folder, environment, "maturity_level=2")
        project = Project(folder / "penguin-species")
        measure(["make", "setup"], project.path, environment)
        python = project.path / ".venv" / "bin" / "python"
        project.step(python, *STEPS)
        durable, default = (killed(project, python, folder, durable=durable) for durable in (True, False))
        away = without_database(project, python)
        seconds, most = promised(project, python)
    measured = [
        *((name, value(durable), value(default)) for name, value in MEASURED.items()),
        ("what the log says it may lose", "nothing", f"{1e3 * seconds:.0f} ms and one write, at most {most:,}"),
    ]
    kept = all(each.newest_only for each in [*durable, *default])
    publish(
        "kills",
        HEADER,
        measured,
        f"`kill -9` at a random moment within {MOST_SECONDS:g} s of the first answer, with requests of one record from "
        "four connections at once, as fast as they are answered; the log is an SQLite file. What was lost was "
        f"{'always' if kept else 'NOT always'} the newest, and the file was whole after each kill.",
        away,
    )


def killed(project: Project, python: Path, folder: Path, *, durable: bool) -> list[Killed]:
    """Kill a service again and again; all of them write to one log."""
    generator = random.Random(SEED)  # noqa: S311 - chance that comes again, no secret
    log = folder / f"durable-{durable}.sqlite"
    return [kill(project, python, log, generator.uniform(0, MOST_SECONDS), durable=durable) for _ in range(KILLS)]


def without_database(project: Project, python: Path) -> str:
    """Take the database away from a service that is asked all the time, and say what became of the answers."""
    if not PROGRAMS:
        return f"PostgreSQL was not taken away: {MISSING}"
    with installed() as postgres:
        postgres.start()
        with serving(project, python, PREDICTION_LOG=postgres.url) as service:
            wait_until(lambda: service.ask("GET", "/ready")[0] == 200)
            ids: list[str] = []
            statuses: list[int] = []
            over = threading.Event()
            asking = threading.Thread(target=ask, args=(service, ids, statuses, over))
            asking.start()
            time.sleep(2)
            postgres.stop()
            before = len(ids)
            time.sleep(SECONDS_AWAY)
            during = len(ids) - before
            postgres.start()
            time.sleep(2)
            over.set()
            asking.join()
            service.process.terminate()
            service.process.wait(60)
            logged = set(postgres.column("SELECT id FROM predictions"))
    refused = sum(status != 200 for status in statuses)
    return (
        f"With a PostgreSQL that was away for {SECONDS_AWAY} s, the service answered {during:,} predictions meanwhile, "
        f"at {PER_SECOND} a second; {refused} requests were refused. Of all {len(ids):,} answers, "
        f"{len(set(ids) - logged):,} are not in the log."
    )


def ask(service: Service, ids: list[str], statuses: list[int], over: threading.Event) -> None:
    """Ask for one prediction after the other, at an even pace."""
    connection = HTTPConnection("127.0.0.1", service.port, timeout=20)
    body = json.dumps({"records": [RECORD]})
    start = time.monotonic()
    while not over.is_set():
        connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        content = json.loads(response.read())
        statuses.append(response.status)
        if response.status == 200:
            ids.append(content["predictions"][0]["id"])
        time.sleep(max(0.0, start + len(statuses) / PER_SECOND - time.monotonic()))
    connection.close()


if __name__ == "__main__":
    main()

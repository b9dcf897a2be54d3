"""Killing a service under load, and looking for what it had answered in its prediction log."""

import json
import sqlite3
import threading
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from conftest import Project
from served import RECORD, Service, serving

THREADS = 4


@dataclass(frozen=True)
class Killed:
    """What came of one kill.

    Attributes:
        answered: predictions whose answer had arrived.
        lost: of those that are not in the log, how many seconds before the kill each was made.
        newest_only: whether everything that is in the log is older than what is not.
    """

    answered: int
    lost: list[float]
    newest_only: bool


def promised(project: Project, python: Path) -> tuple[float, int]:
    """What the log says it may lose: so many seconds, beside one write, and so many predictions."""
    ask = "from mlops_maturity.serving.log import MOST_WAITING, PAUSE; print(PAUSE, MOST_WAITING)"
    seconds, most = project.python(python, "-c", ask).stdout.split()
    return float(seconds), int(most)


def kill(project: Project, python: Path, log: Path, seconds: float, *, durable: bool) -> Killed:
    """Serve, ask from several connections, and kill the service so many seconds after its first answer.

    Args:
        project: with a packaged model.
        python: that runs it.
        log: the SQLite file; it may hold predictions of earlier services.
        seconds: from the first answer to the kill.
        durable: whether an answer waits until it is in the log.
    """
    settings = {"PREDICTION_LOG": f"sqlite:///{log}", "PREDICTION_LOG_DURABLE": str(int(durable))}
    answered: list[str] = []
    with serving(project, python, **settings) as service:
        first = threading.Event()
        threads = [threading.Thread(target=_ask, args=(service, answered, first)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        assert first.wait(30)
        time.sleep(seconds)
        killed = time.time()
        service.process.kill()
        for thread in threads:
            thread.join(30)
    connection = sqlite3.connect(log)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        logged = {name for (name,) in connection.execute("SELECT id FROM predictions")}
    finally:
        connection.close()
    lost = sorted(set(answered) - logged)
    kept = [name for name in answered if name in logged]
    # An id begins with the time at which it was given, in nanoseconds.
    ages = [killed - int(name[:16], 16) / 1e9 for name in lost]
    return Killed(len(answered), ages, not lost or not kept or max(kept) < lost[0])


def _ask(service: Service, answered: list[str], first: threading.Event) -> None:
    connection = HTTPConnection("127.0.0.1", service.port, timeout=20)
    body = json.dumps({"records": [RECORD]})
    try:
        while True:
            connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = json.loads(response.read())
            assert response.status == 200, content
            answered.append(content["predictions"][0]["id"])
            first.set()
    except (OSError, HTTPException, ValueError):
        # Killed in the middle of an answer, which then is none.
        return
    finally:
        connection.close()

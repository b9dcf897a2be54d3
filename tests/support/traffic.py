"""Requests that flow at a steady rate while something else happens, and what came of each."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any

RATE = 20
# Half of the requests come on connections that stay open, as a service's clients keep them; half on new ones.
KEPT = 5


@dataclass
class Traffic:
    """What was asked, and what came of it.

    Attributes:
        port: where it is asked.
        records: sent one after the other.
        models: how many answers each model gave.
        failures: what went wrong, and when.
    """

    port: int
    records: Sequence[Mapping[str, Any]]
    models: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0

    @property
    def count(self) -> int:
        """How many requests were sent."""
        return self.models.total() + len(self.failures)

    def ask(self, connection: HTTPConnection, record: Mapping[str, Any]) -> None:
        """Send a request, and note what came of it."""
        began = time.monotonic()
        try:
            connection.request(
                "POST", "/predict", json.dumps({"records": [record]}), {"Content-Type": "application/json"}
            )
            response = connection.getresponse()
            answer = json.load(response)
            if response.status != 200:
                raise ValueError(f"{response.status} {answer}")
            self.models[answer["model_version"]] += 1
        except (OSError, ValueError, HTTPException) as error:
            self.failures.append(f"{time.strftime('%H:%M:%S')} {type(error).__name__}: {error}")
            connection.close()
        self.slowest = max(self.slowest, time.monotonic() - began)


@contextmanager
def flowing(port: int, records: Sequence[Mapping[str, Any]], rate: int = RATE, most: int = 20_000) -> Iterator[Traffic]:
    """Let requests flow while the block lasts.

    Args:
        port: of this machine.
        records: sent one after the other.
        rate: requests in a second.
        most: requests in all.
    """
    traffic, over = Traffic(port, records), threading.Event()

    def flow() -> None:
        kept = [HTTPConnection("127.0.0.1", port, timeout=20) for _ in range(KEPT)]
        began = time.monotonic()
        for number in range(most):
            if over.wait(max(0, began + number / rate - time.monotonic())):
                break
            record = records[number % len(records)]
            if number % 2:
                traffic.ask(kept[number % KEPT], record)
            else:
                fresh = HTTPConnection("127.0.0.1", port, timeout=20)
                traffic.ask(fresh, record)
                fresh.close()
        for connection in kept:
            connection.close()

    thread = threading.Thread(target=flow, daemon=True)
    thread.start()
    try:
        yield traffic
    finally:
        over.set()
        thread.join(timeout=30)

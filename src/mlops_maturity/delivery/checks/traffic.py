"""What locust does in a load test: some callers, each asking for one prediction at a time, at a steady pace.

`LOAD_PLAN` names a file that says what they send. Locust's own command line runs this file.
"""

import json
import os
from itertools import cycle
from pathlib import Path
from threading import Timer
from typing import Any

from locust import FastHttpUser, constant_throughput, events, stats, task

PLAN: dict[str, Any] = json.loads(Path(os.environ["LOAD_PLAN"]).read_text(encoding="utf-8"))
HEADERS = {"Content-Type": "application/json", **PLAN["headers"]}
BODIES = cycle(PLAN["bodies"])

# The report shows what is in the budget, second by second.
stats.HISTORY_STATS_INTERVAL_SEC = 1
stats.PERCENTILES_TO_CHART = [0.5, 0.95, 0.99]


def end_in_time(environment: Any, **_: Any) -> None:
    """Count the seconds from when all callers ask; how long it takes to begin depends on the machine."""
    timer = Timer(PLAN["seconds"], environment.runner.quit)
    environment.events.spawning_complete.add_listener(lambda **_: timer.start())


events.init.add_listener(end_in_time)  # type: ignore[no-untyped-call]


class Caller(FastHttpUser):
    """Asks one service and no other: what it is sent on to, it does not follow."""

    wait_time = constant_throughput(PLAN["each_per_second"])
    network_timeout = connection_timeout = 10.0
    max_redirects = 0
    insecure = False

    @task
    def predict(self) -> None:
        """Ask for a prediction; only that is an answer."""
        asked = self.client.post("/predict", data=next(BODIES), headers=HEADERS, catch_response=True)
        with asked as response:
            if response.status_code != 200:
                response.failure(f"status {response.status_code}")

"""What locust does in a load test: some callers, each asking for one prediction at a time, at a steady pace.

`LOAD_PLAN` names a file that says what they send. Locust's own command line runs this file.
"""

import json
import os
from itertools import cycle
from pathlib import Path
from typing import Any

from locust import FastHttpUser, constant_throughput, stats, task

PLAN: dict[str, Any] = json.loads(Path(os.environ["LOAD_PLAN"]).read_text(encoding="utf-8"))
HEADERS = {"Content-Type": "application/json", **PLAN["headers"]}
BODIES = cycle(PLAN["bodies"])

# The report shows what is in the budget, second by second.
stats.HISTORY_STATS_INTERVAL_SEC = 1
stats.PERCENTILES_TO_CHART = [0.5, 0.95, 0.99]


class Caller(FastHttpUser):
    """Asks one service and no other: what it is sent on to, it does not follow."""

    wait_time = constant_throughput(PLAN["each_per_second"])
    network_timeout = connection_timeout = 10.0
    max_redirects = 0
    insecure = False

    @task
    def predict(self) -> None:
        """Ask for a prediction."""
        self.client.post("/predict", data=next(BODIES), headers=HEADERS)
